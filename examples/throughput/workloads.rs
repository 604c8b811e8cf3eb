//! The workloads: scenarios with generated traces or arrival streams, the same ones each time.

use rand::RngExt;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use wavetank::engine::{RandomStream, RandomStreams};

/// CPU of a node in millicores, and its memory in GiB.
const NODE_CPU: u32 = 16_000;
const NODE_MEMORY_GIB: u32 = 64;
/// CPU requests in millicores, with their weights in percent.
const CPU_REQUESTS: [(u32, u32); 5] = [(250, 25), (500, 30), (1000, 25), (2000, 15), (4000, 5)];
/// GiB of memory per core, equally likely.
const MEMORY_PER_CORE: [u32; 2] = [2, 4];
/// Mean CPU request in millicores.
const MEAN_CPU: f64 = 962.5;
/// A pod runs for the shortest time and an exponential span of this mean, in seconds.
const SHORTEST_RUN: f64 = 10.0;
const MEAN_RUN: f64 = 600.0;
/// When the first pods come, in seconds.
const START: f64 = 100.0;
/// Time after the last arrival in which nearly every pod ends, in seconds.
const TAIL: f64 = 800.0;

/// What a workload asks of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Pods with requests and nothing else, at this load relative to the capacity, as a trace.
    Plain {
        /// Mean requested CPU over the capacity.
        load: f64,
    },
    /// Every app is spread over the zones (`DoNotSchedule`).
    ZoneSpread,
    /// No two pods of an app on one node.
    HostnameAntiAffinity,
    /// Spread over zones, preferred affinity to the app, some nodes tainted and some pods tolerating it.
    Mixed,
    /// A full cluster, and pods of high priority that need the room.
    Preemption,
    /// Services that a HorizontalPodAutoscaler each scales with the time of day, `pods` of them.
    Services {
        /// How long they run.
        days: u32,
    },
    /// The same with large pods and one time of day for all, on as many nodes as the Cluster Autoscaler sees fit.
    Autoscaled {
        /// How long they run.
        days: u32,
    },
    /// Requests that are played one by one, at services that call each other in a row and have `pods` together.
    Requests {
        /// How many services.
        tiers: u32,
    },
    /// Deployments that are there from the start, `pods` of them, no two alike.
    Deployments,
    /// Alibaba's trace of 2023.
    Openb,
    /// A pass of Karpenter's consolidation over a cluster that is full.
    Consolidation,
    /// The event queue alone: `pods` events are pending all the time.
    Events,
    /// Files of the generic trace form.
    Csv,
}

/// A workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name.
    pub name: String,
    /// Nodes at full size.
    pub nodes: u32,
    /// Pods at full size; services, Deployments or pending events of the kinds that say so.
    pub pods: u32,
    /// What it asks for.
    pub kind: Kind,
}

/// Name, nodes, pods and kind of every workload.
pub const WORKLOADS: &[(&str, u32, u32, Kind)] = &[
    ("plain-1k", 1_000, 100_000, Kind::Plain { load: 0.6 }),
    ("plain-10k", 10_000, 1_000_000, Kind::Plain { load: 0.6 }),
    ("plain-100k", 100_000, 1_000_000, Kind::Plain { load: 0.6 }),
    ("backlog-1k", 1_000, 100_000, Kind::Plain { load: 1.3 }),
    ("spread-10k", 10_000, 300_000, Kind::ZoneSpread),
    ("anti-affinity-10k", 10_000, 300_000, Kind::HostnameAntiAffinity),
    ("mixed-5k", 5_000, 200_000, Kind::Mixed),
    ("preemption-5k", 5_000, 20_000, Kind::Preemption),
    ("services-month", 80, 200, Kind::Services { days: 30 }),
    ("services-year", 40, 100, Kind::Services { days: 365 }),
    ("autoscaler-year", 300, 25, Kind::Autoscaled { days: 365 }),
    ("requests", 10, 100, Kind::Requests { tiers: 1 }),
    ("requests-3-tier", 10, 100, Kind::Requests { tiers: 3 }),
    ("deployments-5k", 1_000, 5_000, Kind::Deployments),
    ("consolidation-1k", 1_000, 30_000, Kind::Consolidation),
    ("openb", 1_523, 8_152, Kind::Openb),
    ("events-1k", 0, 1_000, Kind::Events),
    ("events-1m", 0, 1_000_000, Kind::Events),
];

impl Kind {
    /// Whether the size can be chosen: the scenario is made, not read.
    pub const fn can_be_sized(self) -> bool {
        !matches!(self, Self::Openb | Self::Csv)
    }

    /// The kind with another number of days, if it has one and it is given.
    pub fn lasting(self, days: Option<u32>) -> Self {
        match (self, days) {
            (Self::Services { .. }, Some(days)) => Self::Services { days },
            (Self::Autoscaled { .. }, Some(days)) => Self::Autoscaled { days },
            _ => self,
        }
    }

    /// The word for the table.
    pub fn word(self) -> String {
        match self {
            Self::Plain { load } => format!("plain, load {load}"),
            Self::ZoneSpread => "zone spread".to_owned(),
            Self::HostnameAntiAffinity => "hostname anti-affinity".to_owned(),
            Self::Mixed => "mixed constraints".to_owned(),
            Self::Preemption => "preemption".to_owned(),
            Self::Services { days } => format!("HPAs for {days} days"),
            Self::Autoscaled { days } => format!("nodes for {days} days"),
            Self::Requests { tiers } => format!("requests, tiers: {tiers}"),
            Self::Deployments => "Deployments at once".to_owned(),
            Self::Consolidation => "consolidation pass".to_owned(),
            Self::Openb => "openb".to_owned(),
            Self::Events => "event loop".to_owned(),
            Self::Csv => "trace".to_owned(),
        }
    }
}

/// The same workload with nodes and pods multiplied.
pub fn scaled(workload: &Workload, scale: f64) -> Workload {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    let of = |count: u32| if count == 0 { 0 } else { ((f64::from(count) * scale).round() as u32).max(1) };
    let nodes = if workload.kind == Kind::Events { 0 } else { of(workload.nodes) };
    Workload { nodes, pods: of(workload.pods), ..workload.clone() }
}

/// Pods per second that make a load.
fn arrival_rate(nodes: u32, load: f64) -> f64 {
    load * f64::from(nodes) * f64::from(NODE_CPU) / MEAN_CPU / MEAN_RUN
}

/// Writes `scenario.yaml` of a workload, and what it refers to, into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(workload: &Workload, folder: &Path) -> io::Result<()> {
    let (nodes, pods) = (workload.nodes, workload.pods);
    let scenario = match workload.kind {
        Kind::Plain { load } => {
            let last = write_trace(folder, nodes, pods, load)?;
            trace_scenario(last + TAIL, Path::new("pods.csv"), Some(Path::new("nodes.csv")))
        }
        Kind::ZoneSpread => {
            let constraint = |app: u32| {
                format!(
                    "topologySpreadConstraints: [{{maxSkew: 5, topologyKey: topology.kubernetes.io/zone, \
                     whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: app-{app}}}}}}}], "
                )
            };
            stream_scenario(nodes, pods, 10, &plain_pool(nodes), constraint)
        }
        Kind::HostnameAntiAffinity => {
            let constraint = |app: u32| {
                format!(
                    "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: \
                     kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: app-{app}}}}}}}]}}}}, "
                )
            };
            // Enough apps that each of them fits several times over.
            stream_scenario(nodes, pods, 50, &plain_pool(nodes), constraint)
        }
        Kind::Mixed => stream_scenario(nodes, pods, 10, &tainted_pools(nodes), mixed_constraint),
        Kind::Preemption => preemption_scenario(nodes, pods),
        Kind::Services { days } => {
            std::fs::write(folder.join("services.yaml"), services(pods, 250, 20))?;
            services_scenario(nodes, pods, days)
        }
        Kind::Autoscaled { days } => {
            std::fs::write(folder.join("services.yaml"), services(pods, 1000, 100))?;
            autoscaled_scenario(nodes, pods, days)
        }
        Kind::Requests { tiers } => {
            let deployments =
                (0..tiers).map(|tier| deployment(&format!("tier-{tier}"), pods.div_ceil(tiers), 1000, 256));
            std::fs::write(folder.join("tiers.yaml"), deployments.collect::<String>())?;
            requests_scenario(nodes, pods.div_ceil(tiers), tiers)
        }
        Kind::Deployments => {
            std::fs::write(folder.join("deployments.yaml"), deployments(pods))?;
            deployments_scenario(nodes)
        }
        Kind::Consolidation | Kind::Openb | Kind::Events | Kind::Csv => return Ok(()),
    };
    std::fs::write(folder.join("scenario.yaml"), scenario)
}

/// What all scenarios have in common.
fn opening(seconds: f64) -> String {
    format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: throughput}}\nspec:\n  seed: 1\n  \
         duration: {seconds:.0}s\n"
    )
}

/// What the scenarios have in common that study placements alone.
fn head(seconds: f64) -> String {
    opening(seconds)
        + "  controlPlane: {latency: {scale: 0}}\n  startup: {containerStart: {fixed: 0s}, imagePull: {duration: {fixed: \
           0s}}}\n"
}

/// A scenario that replays a trace.
pub fn trace_scenario(seconds: f64, pods: &Path, nodes: Option<&Path>) -> String {
    let nodes = nodes.map(|nodes| format!(", nodes: {}", nodes.display())).unwrap_or_default();
    let trace = format!("{{format: generic, pods: {}{nodes}}}", pods.display());
    format!("{}  arrivals:\n    - {{name: trace, trace: {trace}}}\n", head(seconds))
}

/// Writes the neutral workload as a trace and gives the time of the last arrival in seconds.
fn write_trace(folder: &Path, nodes: u32, pods: u32, load: f64) -> io::Result<f64> {
    let mut file = BufWriter::new(File::create(folder.join("nodes.csv"))?);
    writeln!(file, "name,create_s,cpu_milli,memory_bytes,zone")?;
    let memory = u64::from(NODE_MEMORY_GIB) << 30;
    for index in 0..nodes {
        writeln!(file, "node-{index:06},0.0,{NODE_CPU},{memory},{}", ["a", "b", "c"][index as usize % 3])?;
    }
    file.flush()?;
    let mut random = RandomStreams::new(1).stream("throughput");
    let mut file = BufWriter::new(File::create(folder.join("pods.csv"))?);
    writeln!(file, "name,arrival_s,cpu_milli,memory_bytes,duration_s,app")?;
    let rate = arrival_rate(nodes, load);
    let mut now = START;
    for index in 0..pods {
        now += exponential(&mut random, 1.0 / rate);
        let cpu = cpu_request(&mut random);
        let memory = u64::from(cpu * MEMORY_PER_CORE[random.random_range(0..2)]) * (1 << 30) / 1000;
        let duration = SHORTEST_RUN + exponential(&mut random, MEAN_RUN - SHORTEST_RUN);
        let app = random.random_range(0..10);
        writeln!(file, "pod-{index:07},{now:.3},{cpu},{memory},{duration:.3},app-{app}")?;
    }
    file.flush()?;
    Ok(now)
}

fn exponential(random: &mut RandomStream, mean: f64) -> f64 {
    -mean * (1.0 - random.random::<f64>()).ln()
}

fn cpu_request(random: &mut RandomStream) -> u32 {
    let mut left = random.random_range(0..100);
    for (cpu, weight) in CPU_REQUESTS {
        if left < weight {
            return cpu;
        }
        left -= weight;
    }
    CPU_REQUESTS[0].0
}

fn pool(name: &str, nodes: u32, more: &str) -> String {
    format!(
        "    - {{name: {name}, count: {nodes}, zones: [a, b, c], \
         capacity: {{cpu: {NODE_CPU}m, memory: {NODE_MEMORY_GIB}Gi, pods: 110}}{more}}}\n"
    )
}

fn plain_pool(nodes: u32) -> String {
    pool("node", nodes, "")
}

fn tainted_pools(nodes: u32) -> String {
    let tainted = nodes / 5;
    pool("node", nodes - tainted, "")
        + &pool("batch", tainted, ", taints: [{key: dedicated, value: batch, effect: NoSchedule}]")
}

fn mixed_constraint(app: u32) -> String {
    let selector = format!("labelSelector: {{matchLabels: {{app: app-{app}}}}}");
    let tolerations = if app.is_multiple_of(2) {
        "tolerations: [{key: dedicated, operator: Equal, value: batch, effect: NoSchedule}], "
    } else {
        ""
    };
    format!(
        "topologySpreadConstraints: [{{maxSkew: 5, topologyKey: topology.kubernetes.io/zone, \
         whenUnsatisfiable: DoNotSchedule, {selector}}}], affinity: {{podAffinity: \
         {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 10, podAffinityTerm: {{topologyKey: \
         topology.kubernetes.io/zone, {selector}}}}}]}}}}, {tolerations}"
    )
}

/// A scenario with a stream of arrivals for each app and size of pods: together they are the neutral workload, and each
/// pod has the constraint of its app.
fn stream_scenario(nodes: u32, pods: u32, apps: u32, pools: &str, constraint: impl Fn(u32) -> String) -> String {
    let rate = arrival_rate(nodes, 0.6);
    let mut text = head(START + f64::from(pods) / rate + TAIL);
    text.push_str("  nodePools:\n");
    text.push_str(pools);
    text.push_str("  arrivals:\n");
    for app in 0..apps {
        let constraint = constraint(app);
        for (cpu, weight) in CPU_REQUESTS {
            for per_core in MEMORY_PER_CORE {
                let share = f64::from(weight) / 200.0 / f64::from(apps);
                let limit = (share * f64::from(pods)).round().max(1.0);
                let gap = 1e9 / (share * rate);
                let memory = u64::from(cpu * per_core) * 1024 / 1000;
                let _ = writeln!(
                    text,
                    "    - {{name: app-{app}-{cpu}-{per_core}, start: {START}s, limit: {limit}, every: {{exponential: \
                     {{mean: {gap:.0}ns}}}}, duration: {{exponential: {{mean: {MEAN_RUN}s}}}}, template: {{metadata: \
                     {{labels: {{app: app-{app}}}}}, spec: {{{constraint}containers: [{{name: main, image: 'app:1', \
                     resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}}}}}]}}}}}}"
                );
            }
        }
    }
    text
}

/// A scenario whose nodes are filled with pods of low priority before pods of high priority come, each of which needs
/// the room of one.
fn preemption_scenario(nodes: u32, pods: u32) -> String {
    let stream = |name: &str, start: u32, limit: u32, every: &str, priority: &str| {
        format!(
            "    - {{name: {name}, start: {start}s, limit: {limit}, every: {{fixed: {every}}}, template: {{spec: \
             {{{priority}terminationGracePeriodSeconds: 1, containers: [{{name: main, image: 'app:1', resources: \
             {{requests: {{cpu: 4, memory: 8Gi}}}}}}]}}}}}}\n"
        )
    };
    let mut text = head(100.0 + f64::from(pods) / 100.0 + 60.0);
    let _ = write!(text, "  manifests: [priority.yaml]\n  nodePools:\n{}  arrivals:\n", plain_pool(nodes));
    text.push_str(&stream("low", 1, nodes * 4, "1ms", ""));
    text.push_str(&stream("high", 100, pods, "10ms", "priorityClassName: high, "));
    text
}

/// A scenario of services whose requests come and go with the time of day, with the control plane's usual latencies.
fn services_scenario(nodes: u32, services: u32, days: u32) -> String {
    let mut text = opening(f64::from(days) * 86_400.0);
    let _ = write!(text, "  manifests: [services.yaml]\n  nodePools:\n{}  traffic:\n", plain_pool(nodes));
    for index in 0..services {
        let (low, high, hour) = (20 + index % 7 * 5, 150 + index % 11 * 10, index % 24);
        let _ = writeln!(
            text,
            "    - {{name: service-{index}, target: deployment/default/service-{index}, rate: {{diurnal: {{low: {low}, \
             high: {high}, peakAt: {hour}h}}}}, cpuPerRequest: 10ms, cpuIdle: 10m, memoryPerPod: 100Mi}}"
        );
    }
    text
}

/// A scenario of services that are busy by day, on nodes of 8 cores: as many as the Cluster Autoscaler makes, `nodes` at
/// most and about as many when all are busy.
fn autoscaled_scenario(nodes: u32, services: u32, days: u32) -> String {
    let mut text = opening(f64::from(days) * 86_400.0);
    let _ = write!(
        text,
        "  manifests: [services.yaml]\n  cloud: {{}}\n  nodePools:\n    - {{name: general, count: {}, min: 3, max: {nodes}, \
         zones: [a, b, c], capacity: {{cpu: 8, memory: 32Gi, pods: 110}}}}\n  clusterAutoscaler: {{flags: {{expander: \
         least-waste, balance-similar-node-groups: true}}}}\n  traffic:\n",
        nodes / 3
    );
    for index in 0..services {
        // Half of a core per pod by the target: what 7 pods of each of the nodes carry.
        let pods = f64::from(nodes) * 6.5 / f64::from(services);
        let (high, hour) = (pods * 50.0, 12 + index % 4);
        let low = high * f64::from(10 + index % 5 * 5) / 100.0;
        let _ = writeln!(
            text,
            "    - {{name: service-{index}, target: deployment/default/service-{index}, rate: {{diurnal: {{low: {low:.0}, \
             high: {high:.0}, peakAt: {hour}h}}}}, cpuPerRequest: 12ms, cpuIdle: 10m, memoryPerPod: 100Mi}}"
        );
    }
    text
}

/// The services' Deployments, whose pods request `cpu` millicores, and HorizontalPodAutoscalers.
fn services(services: u32, cpu: u32, most: u32) -> String {
    let mut text = String::new();
    for index in 0..services {
        text.push_str(&deployment(&format!("service-{index}"), 2, cpu, cpu + 6));
        let _ = writeln!(
            text,
            "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: service-{index}}}\nspec:\n  \
             scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: service-{index}}}\n  minReplicas: 2\n  \
             maxReplicas: {most}\n  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, \
             averageUtilization: 60}}}}}}]"
        );
    }
    text
}

/// Tiers of pods that are busy for 70 % of the time, each of which calls the next one.
fn requests_scenario(nodes: u32, pods: u32, tiers: u32) -> String {
    let mut text = head(60.0);
    let _ = write!(text, "  manifests: [tiers.yaml]\n  nodePools:\n{}  traffic:\n", plain_pool(nodes));
    for tier in 0..tiers {
        let rate = if tier == 0 { format!("rate: {{constant: {}}}, ", 350 * pods) } else { String::new() };
        let calls = if tier + 1 < tiers {
            format!(", calls: [{{to: tier-{}, timeout: 1s, retries: {{attempts: 1}}}}]", tier + 1)
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "    - {{name: tier-{tier}, target: deployment/default/tier-{tier}, fidelity: requests, {rate}cpuPerRequest: \
             {{exponential: {{mean: 2ms}}}}, server: {{concurrency: 64, queue: 100, timeout: 2s{calls}}}}}"
        );
    }
    text
}

fn deployment(name: &str, replicas: u32, cpu: u32, memory: u32) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: \
         {{containers: [{{name: main, image: 'app:1', resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}}}}}]}}\n"
    )
}

/// A scenario of Deployments that start together.
fn deployments_scenario(nodes: u32) -> String {
    format!("{}  manifests: [deployments.yaml]\n  nodePools:\n{}", head(600.0), plain_pool(nodes))
}

/// Deployments of which no two request the same.
fn deployments(count: u32) -> String {
    (0..count).map(|index| deployment(&format!("app-{index}"), 2, 100 + index % 997, 128 + index % 991)).collect()
}

/// The manifest that the preemption scenario refers to.
pub const PRIORITY_MANIFEST: &str =
    "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n";
