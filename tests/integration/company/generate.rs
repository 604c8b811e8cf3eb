//! A cluster of a real company's size as manifests and a scenario, from a seed.
//!
//! In 20 namespaces: 600 Deployments with a Service each, 150 of them under a HorizontalPodAutoscaler; 80 StatefulSets
//! whose pods keep apart; 100 PodDisruptionBudgets; 20 DaemonSets, 10 on every node and 10 on the nodes of one zone. 400
//! nodes in three zones; traffic on 200 Deployments; 60 CronJobs, of which 12 run every five minutes, 18 every hour and 30
//! at night; 40 Jobs, every fourth of them Indexed. In one day: everything is applied at once, every Deployment is
//! restarted, ten nodes are drained, a zone is away for 45 minutes.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt::Write as _;

const NAMESPACES: usize = 20;
const DEPLOYMENTS: usize = 600;
const AUTOSCALED: usize = 150;
const WITH_TRAFFIC: usize = 200;
const STATEFUL_SETS: usize = 80;
const DAEMON_SETS_ON_ALL_NODES: usize = 10;
const DAEMON_SETS_IN_A_ZONE: usize = 10;
const BUDGETS: usize = 100;
const BUDGETS_OF_STATEFUL_SETS: usize = 20;
const CRON_JOBS_EVERY_FIVE_MINUTES: usize = 12;
const CRON_JOBS_EVERY_HOUR: usize = 18;
const CRON_JOBS_AT_NIGHT: usize = 30;
const JOBS: usize = 40;
const NODES: usize = 400;
const DRAINED: usize = 10;
const ZONES: [&str; 3] = ["a", "b", "c"];

/// The files of the scenario: path and text.
pub fn files(seed: u64) -> Vec<(&'static str, String)> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut company = Company::default();
    for index in 0..DEPLOYMENTS {
        company.deployment(index, &mut random);
    }
    for index in 0..STATEFUL_SETS {
        company.stateful_set(index);
    }
    for index in 0..DAEMON_SETS_ON_ALL_NODES + DAEMON_SETS_IN_A_ZONE {
        company.daemon_set(index, &mut random);
    }
    for index in 0..CRON_JOBS_EVERY_FIVE_MINUTES + CRON_JOBS_EVERY_HOUR + CRON_JOBS_AT_NIGHT {
        company.cron_job(index);
    }
    for index in 0..JOBS {
        company.job(index);
    }
    let scenario = scenario(&company.traffic, &mut random);
    vec![
        ("manifests/services.yaml", company.services.join("---\n")),
        ("manifests/stateful.yaml", company.stateful.join("---\n")),
        ("manifests/agents.yaml", company.agents.join("---\n")),
        ("manifests/cron.yaml", company.cron_jobs.join("---\n")),
        ("manifests/jobs.yaml", company.jobs.join("---\n")),
        ("scenario.yaml", scenario),
    ]
}

/// One of a few values.
fn one_of<T: Copy>(values: &[T], random: &mut Xoshiro256PlusPlus) -> T {
    *values.choose(random).expect("some value")
}

/// Namespace of the n-th workload.
fn team(index: usize) -> String {
    format!("team{:02}", index % NAMESPACES)
}

#[derive(Default)]
struct Company {
    services: Vec<String>,
    stateful: Vec<String>,
    agents: Vec<String>,
    cron_jobs: Vec<String>,
    jobs: Vec<String>,
    /// Entries of `spec.traffic`.
    traffic: String,
}

impl Company {
    /// A Deployment with its Service and whatever else its number gives it.
    fn deployment(&mut self, index: usize, random: &mut Xoshiro256PlusPlus) {
        let (name, namespace) = (format!("svc{index:03}"), team(index));
        let replicas = one_of(&[1, 2, 2, 3, 3, 4, 6, 10, 20], random);
        let (cpu, memory) = (one_of(&[50, 100, 100, 200, 250, 500], random), one_of(&[64, 128, 256, 512], random));
        let count = if index < AUTOSCALED { String::new() } else { format!("  replicas: {replicas}\n") };
        let placement = match random.random_range(0..10) {
            0 | 1 => spread(&name, "ScheduleAnyway"),
            2 => spread(&name, "DoNotSchedule"),
            3 => apart(&name, "preferred"),
            _ => String::new(),
        };
        let (cpu_limit, memory_limit) = (cpu * 4, memory * 2);
        self.services.push(format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
{count}  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
{placement}      containers:
        - name: main
          image: registry.example.com/{name}:1
          readinessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 5}}
          resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}, limits: {{cpu: {cpu_limit}m, memory: {memory_limit}Mi}}}}
"
        ));
        self.services.push(format!(
            "apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
"
        ));
        if index < AUTOSCALED {
            self.services.push(format!(
                "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
  minReplicas: 2
  maxReplicas: 40
  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 60}}}}}}]
"
            ));
        }
        if index < WITH_TRAFFIC {
            let high = if index < AUTOSCALED { one_of(&[100, 200, 400], random) } else { 40 };
            let (peak, cost) = (random.random_range(0..24), one_of(&[5, 10, 20], random));
            writeln!(
                self.traffic,
                "    - {{target: deployment/{namespace}/{name}, rate: {{diurnal: {{low: 20, high: {high}, peakAt: {peak}h}}}}, \
                 cpuPerRequest: {cost}ms}}"
            )
            .expect("text");
        }
        if index < BUDGETS - BUDGETS_OF_STATEFUL_SETS {
            // Of a single replica `minAvailable: 50%` would keep its node from ever being drained.
            let wish = if index < AUTOSCALED / 3 { "minAvailable: 50%" } else { "maxUnavailable: 1" };
            self.services.push(budget(&name, &namespace, wish));
        }
    }

    /// A StatefulSet of three pods on three nodes.
    fn stateful_set(&mut self, index: usize) {
        let (name, namespace) = (format!("db{index:02}"), team(index));
        let apart = apart(&name, "required");
        self.stateful.push(format!(
            "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: 3
  serviceName: {name}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
{apart}      containers: [{{name: main, image: 'db:1', resources: {{requests: {{cpu: 500m, memory: 1Gi}}}}}}]
"
        ));
        if index < BUDGETS_OF_STATEFUL_SETS {
            self.stateful.push(budget(&name, &namespace, "maxUnavailable: 1"));
        }
    }

    /// A DaemonSet on every node, or on those of a zone.
    fn daemon_set(&mut self, index: usize, random: &mut Xoshiro256PlusPlus) {
        let name = format!("agent{index:02}");
        let placement = if index < DAEMON_SETS_ON_ALL_NODES {
            "      tolerations: [{operator: Exists}]\n".to_owned()
        } else {
            format!("      nodeSelector: {{topology.kubernetes.io/zone: {}}}\n", one_of(&ZONES, random))
        };
        self.agents.push(format!(
            "apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}, namespace: kube-system}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
{placement}      containers: [{{name: main, image: 'agent:1', resources: {{requests: {{cpu: 20m, memory: 32Mi}}}}}}]
"
        ));
    }
}

impl Company {
    /// A CronJob. The frequent ones never overlap; those of the night are reports by the clocks of three cities.
    fn cron_job(&mut self, index: usize) {
        let (name, namespace) = (format!("cron{index:02}"), team(index));
        let often = index < CRON_JOBS_EVERY_FIVE_MINUTES;
        let hourly = !often && index < CRON_JOBS_EVERY_FIVE_MINUTES + CRON_JOBS_EVERY_HOUR;
        let (schedule, policy, seconds, cpu, completions) = if often {
            ("*/5 * * * *".to_owned(), "Forbid", 20 + index % 3 * 20, 100, 1)
        } else if hourly {
            (format!("{} * * * *", index * 7 % 50), "Allow", 60 + index % 4 * 45, 250, 2)
        } else {
            (format!("{} {} * * *", index * 11 % 60, index % 5), "Replace", 600 + index % 6 * 600, 500, 4)
        };
        let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"];
        let zone =
            if often || hourly { String::new() } else { format!("  timeZone: {}\n", zones[index % zones.len()]) };
        self.cron_jobs.push(format!(
            "apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  schedule: '{schedule}'
{zone}  concurrencyPolicy: {policy}
  jobTemplate:
    spec:
      completions: {completions}
      parallelism: {completions}
      template:
        metadata: {{annotations: {{wavetank.dev/run-for: {seconds}s}}}}
        spec:
          restartPolicy: Never
          containers: [{{name: main, image: 'batch:1', resources: {{requests: {{cpu: {cpu}m, memory: 256Mi}}}}}}]
"
        ));
    }
}

impl Company {
    /// A Job of some rounds. Every fourth has indexes of which one fails once, every third is deleted an hour after its end.
    fn job(&mut self, index: usize) {
        let (name, namespace) = (format!("job{index:02}"), team(index));
        let (completions, parallelism, seconds) = (4 + index % 5 * 4, 2 + index % 3, 300 + index % 8 * 120);
        let is_indexed = index.is_multiple_of(4);
        let mode = if is_indexed { "  completionMode: Indexed\n  backoffLimitPerIndex: 1\n" } else { "" };
        let ttl = if index.is_multiple_of(3) { "  ttlSecondsAfterFinished: 3600\n" } else { "" };
        let failure = if is_indexed {
            ", wavetank.dev/fail-after: 60s, wavetank.dev/fail-index: '2', wavetank.dev/fail-until: '1'"
        } else {
            ""
        };
        self.jobs.push(format!(
            "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  completions: {completions}
  parallelism: {parallelism}
{mode}{ttl}  template:
    metadata: {{annotations: {{wavetank.dev/run-for: {seconds}s{failure}}}}}
    spec:
      restartPolicy: Never
      containers: [{{name: main, image: 'batch:2', resources: {{requests: {{cpu: 500m, memory: 512Mi}}}}}}]
"
        ));
    }
}

fn budget(name: &str, namespace: &str, wish: &str) -> String {
    format!(
        "apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{{wish}, selector: {{matchLabels: {{app: {name}}}}}}}
"
    )
}

fn spread(name: &str, when_unsatisfiable: &str) -> String {
    format!(
        "      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: {when_unsatisfiable}
          labelSelector: {{matchLabels: {{app: {name}}}}}
"
    )
}

fn apart(name: &str, how: &str) -> String {
    let term = format!("topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: {name}}}}}");
    let rule = match how {
        "required" => format!("requiredDuringSchedulingIgnoredDuringExecution: [{{{term}}}]"),
        _ => format!("preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 100, podAffinityTerm: {{{term}}}}}]"),
    };
    format!("      affinity:\n        podAntiAffinity:\n          {rule}\n")
}

/// The scenario: nodes, traffic and the day's events.
fn scenario(traffic: &str, random: &mut Xoshiro256PlusPlus) -> String {
    let mut actions = String::new();
    for index in 0..DEPLOYMENTS {
        let at = 6 * 3600 + index * 5;
        writeln!(actions, "    - {{at: {at}s, rolloutRestart: deployment/{}/svc{index:03}}}", team(index))
            .expect("text");
    }
    for turn in 0..DRAINED {
        let node = turn * (NODES / DRAINED) + random.random_range(0..NODES / DRAINED);
        let at = 9 * 3600 + turn * 300;
        writeln!(actions, "    - {{at: {at}s, drain: {{node: general-{node}, timeout: 10m}}}}").expect("text");
        writeln!(actions, "    - {{at: {}s, uncordon: general-{node}}}", at + 3600).expect("text");
    }
    format!(
        "# yaml-language-server: $schema=../../docs/schema/scenario.schema.json
# Written by `cargo run --example company -- scenarios/company`.
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: company}}
spec:
  description: Does a company's cluster get through a day of rollouts, drains and the outage of a zone?
  seed: 1
  start: 2026-11-30T00:00:00Z
  duration: 24h
  manifests: [manifests/]
  nodePools:
    - name: general
      count: {NODES}
      zones: [{}]
      capacity: {{cpu: 8, memory: 32Gi, pods: 110}}
      pricePerHour: 0.384
      instanceType: m5.2xlarge
  traffic:
{traffic}  faults:
    - {{kind: zoneOutage, zone: {}, at: 14h, duration: 45m}}
  actions:
{actions}  objectives:
    - {{metric: faults_not_recovered, max: 0}}
    - {{metric: pods_pending_at_end, max: 0}}
",
        ZONES.join(", "),
        one_of(&ZONES, random),
    )
}
