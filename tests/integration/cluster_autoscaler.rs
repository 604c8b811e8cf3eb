//! The Cluster Autoscaler in a run: nodes come for pods that wait and go when nobody needs them, and what always holds.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt::Write as _;
use std::path::Path;
use wavetank::input::Diagnostics;
use wavetank::record::{DecisionRecord, Facts};
use wavetank::report::format::Format;
use wavetank::sim::{PrepareOptions, Prepared, RunOptions, prepare, simulate};
use wavetank::study::explain::explain_node;
use wavetank::units::SimTime;

/// A Deployment whose pods ask for `cpu` millicores, and a budget for one of them at a time.
fn workload(name: &str, replicas: u32, cpu: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: 'app:v1', resources: {{requests: {{cpu: {cpu}m}}}}}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: {name}}}}}}}
---
"
    )
}

fn try_prepare(objects: &str, spec: &str) -> Result<(Prepared, Diagnostics), Diagnostics> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("objects.yaml"), objects).unwrap();
    let lines: Vec<String> = spec.lines().map(|line| format!("  {line}\n")).collect();
    let lines = lines.concat();
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: ca}}\nspec:\n  manifests: [objects.yaml]\n{lines}"
    );
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, text).unwrap();
    prepare(&file, &PrepareOptions::default())
}

fn prepared(objects: &str, spec: &str) -> Prepared {
    match try_prepare(objects, spec) {
        Ok((prepared, _)) => prepared,
        Err(problems) => panic!("{problems:?}"),
    }
}

fn play(prepared: &Prepared, every_loop: bool) -> Facts {
    let options = RunOptions { check_invariants: true, every_loop, ..RunOptions::default() };
    simulate(prepared, &options).unwrap()
}

fn seconds(at: SimTime) -> f64 {
    at.since_start().as_secs_f64()
}

fn words<'a>(facts: &'a Facts, decision: &'a str) -> impl Iterator<Item = &'a DecisionRecord> {
    facts.decisions.iter().filter(move |record| record.decision == decision)
}

const POOL: &str = "nodePools: [{name: n, count: 1, min: 1, max: 5, capacity: {cpu: 2, memory: 8Gi}}]
cloud: {boot: {launch: {fixed: 20s}, register: {fixed: 30s}, ready: {fixed: 10s}}, deleteDelay: {fixed: 30s}}
";

#[test]
fn nodes_come_for_pods_and_go_after_them() {
    let spec = format!(
        "{POOL}duration: 40m
clusterAutoscaler: {{flags: {{scale-down-unneeded-time: 3m, scale-down-delay-after-add: 2m}}}}
actions: [{{at: 1m, scale: {{target: deployment/web, replicas: 9}}}}, {{at: 15m, scale: {{target: deployment/web, replicas: 1}}}}]"
    );
    let prepared = prepared(&workload("web", 1, 500), &spec);
    let facts = play(&prepared, false);
    let [up] = &words(&facts, "ScaleUp").collect::<Vec<_>>()[..] else { panic!("one scale-up: {:?}", facts.decisions) };
    // Nine pods of half a core on nodes of two: three nodes, one of which is there.
    assert_eq!((&*up.name, up.sizes), ("n", Some((1, 3))));
    assert!((60.0..72.0).contains(&seconds(up.at)), "soon after the pods: {}", seconds(up.at));
    let bound = facts.pods.iter().filter_map(|pod| pod.scheduled).map(seconds).fold(0.0, f64::max);
    assert!((120.0..145.0).contains(&bound), "a minute of boot later: {bound}");
    assert_eq!(words(&facts, "ScaleDown").count(), 2, "{:?}", facts.decisions);
    assert_eq!(facts.nodes.iter().filter(|node| node.deleted.is_none()).count(), 1);
    for down in words(&facts, "ScaleDown") {
        // Three minutes after 15m, and not before.
        assert!((1080.0..1200.0).contains(&seconds(down.at)), "{down:?}");
    }
    let gone = facts.nodes.iter().find(|node| node.deleted.is_some()).unwrap();
    let gone = &*gone.name;
    let explained = explain_node(&prepared, gone, Some(SimTime::from_secs(600)), &RunOptions::default()).unwrap();
    assert!(explained.answer.starts_with(&format!("{gone} stays: ")), "{}", explained.answer);
    let explained = explain_node(&prepared, gone, None, &RunOptions::default()).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/explain-node.schema.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let json = serde_json::from_str(&explained.render(Format::Json)).unwrap();
    assert!(jsonschema::is_valid(&schema, &json), "{json:#}");
    assert!(
        explained.answer.starts_with(&format!("{gone} went: cluster-autoscaler asked for it at ")),
        "{}",
        explained.answer
    );
    explain_node(&prepared, "n-9", None, &RunOptions::default()).unwrap_err();
}

#[test]
fn pods_that_no_group_helps_are_told_why() {
    let spec = format!("{POOL}duration: 10m\nclusterAutoscaler: {{}}");
    let facts = play(&prepared(&workload("big", 1, 3000), &spec), false);
    let [refused] = &words(&facts, "NoScaleUp").collect::<Vec<_>>()[..] else { panic!("{:?}", facts.decisions) };
    assert!(refused.target.starts_with("Pod/default/big-"), "{refused:?}");
    assert_eq!(refused.inputs, "n=Insufficient cpu");
    assert_eq!(refused.limited_by, "1 Insufficient cpu");
}

#[test]
fn what_is_wrong_with_flags_is_said() {
    let cases = [
        ("{flags: {expander: cheapest}}", "spec.clusterAutoscaler.flags.expander"),
        ("{flags: {scale-down-after: 5m}}", "spec.clusterAutoscaler.flags.scale-down-after"),
        ("{flags: {nodes: '1:5:other'}}", "spec.clusterAutoscaler.flags.nodes"),
        ("{priorities: 'ten: [a]'}", "spec.clusterAutoscaler.priorities"),
    ];
    for (section, place) in cases {
        let problems =
            try_prepare(&workload("web", 1, 500), &format!("{POOL}duration: 1m\nclusterAutoscaler: {section}"));
        let text = format!("{:?}", problems.err().unwrap_or_else(|| panic!("{section} is accepted")));
        assert!(text.contains(place), "{section}: {text}");
    }
}

#[test]
fn the_arguments_of_a_manifest_are_the_options() {
    let autoscaler = "apiVersion: apps/v1
kind: Deployment
metadata: {name: cluster-autoscaler, namespace: kube-system}
spec:
  selector: {matchLabels: {app: ca}}
  template:
    metadata: {labels: {app: ca}}
    spec:
      containers:
        - name: ca
          image: registry.k8s.io/autoscaling/cluster-autoscaler:v1.37.0
          command: [./cluster-autoscaler, '--nodes=1:2:n', --scale-down-enabled=false]
---
";
    let objects = format!("{autoscaler}{}", workload("web", 12, 500));
    let spec = "nodePools: [{name: n, count: 1, capacity: {cpu: 2, memory: 8Gi}}]\nduration: 10m";
    let (prepared, notes) = try_prepare(&objects, spec).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(!format!("{notes:?}").contains("command"), "they have an effect: {notes:?}");
    let other = objects.replace("cluster-autoscaler:v1.37.0", "another:v1");
    let (_, notes) = try_prepare(&other, spec).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(format!("{notes:?}").contains("Container.command"), "those of others have none: {notes:?}");
    let facts = play(&prepared, false);
    let [up] = &words(&facts, "ScaleUp").collect::<Vec<_>>()[..] else { panic!("{:?}", facts.decisions) };
    assert_eq!((up.sizes, &*up.limited_by), (Some((1, 2)), "max-size"));
}

/// A random cluster with loads that come and go, and a cloud that sometimes fails.
fn random_case(seed: u64) -> (String, String) {
    let mut draws = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut objects = String::new();
    let mut actions = String::new();
    for index in 0..draws.random_range(1..4) {
        let name = format!("w{index}");
        objects.push_str(&workload(&name, draws.random_range(1..6), draws.random_range(2..16) * 100));
        for _ in 0..draws.random_range(1..4) {
            let (at, replicas) = (draws.random_range(60..5000), draws.random_range(0..25));
            let _ = write!(actions, "{{at: {at}s, scale: {{target: deployment/{name}, replicas: {replicas}}}}}, ");
        }
    }
    let pools: Vec<String> = ["a", "b"]
        .iter()
        .map(|pool| {
            let (min, cpu) = (draws.random_range(0..3), draws.random_range(2..9));
            let (count, max) = (min + draws.random_range(0..2), min + draws.random_range(2..7));
            format!("{{name: {pool}, count: {count}, min: {min}, max: {max}, capacity: {{cpu: {cpu}, memory: 16Gi}}}}")
        })
        .collect();
    let expander = ["random", "least-waste", "most-pods", "least-nodes"][draws.random_range(0..4)];
    let balance = draws.random_bool(0.5);
    let unneeded = draws.random_range(1..8);
    let shortage = ["neverRegisters", "launchError", "stockOut"][draws.random_range(0..3)];
    let spec = format!(
        "duration: 2h
seed: {seed}
nodePools: [{}]
cloud: {{shortages: [{{kind: {shortage}, probability: 0.2}}]}}
clusterAutoscaler: {{flags: {{expander: {expander}, balance-similar-node-groups: {balance}, scale-down-unneeded-time: {unneeded}m,
  scale-down-delay-after-add: 4m, max-node-provision-time: 6m}}}}
actions: [{actions}]",
        pools.join(", ")
    );
    (objects, spec)
}

#[test]
fn what_holds_in_every_cluster() {
    let mut ups = 0;
    let mut downs = 0;
    for seed in 0..16 {
        let (objects, spec) = random_case(seed);
        let prepared = prepared(&objects, &spec);
        let facts = play(&prepared, false);
        let awake = play(&prepared, true);
        // Loops that are left out change nothing.
        assert_eq!(facts.decisions, awake.decisions, "seed {seed}\n{spec}");
        assert_eq!(facts.instances, awake.instances, "seed {seed}\n{spec}");
        assert!(facts.events_handled <= awake.events_handled, "seed {seed}");
        for pool in &prepared.scenario.spec.node_pools {
            let (min, max) = (i64::from(pool.min.unwrap()), i64::from(pool.max.unwrap()));
            let record = facts.pools.iter().find(|record| *record.name == pool.name).unwrap();
            let sizes = words(&facts, "ScaleUp").filter(|up| *up.name == pool.name).filter_map(|up| up.sizes);
            assert!(sizes.into_iter().all(|(_, after)| after <= max), "seed {seed}\n{spec}");
            let most = record.nodes.points().iter().map(|(_, nodes)| *nodes).max().unwrap_or(0);
            // Nodes that are on their way out no longer count for the cloud.
            let least = facts.instances.iter().filter(|one| *one.pool == pool.name && one.failed.is_none());
            let wanted = least.filter(|one| one.deletion_requested.is_none()).count();
            assert!(i64::try_from(wanted).unwrap() >= min, "seed {seed}: {wanted} of at least {min}\n{spec}");
            assert!(most <= max + 5, "seed {seed}: {most} of at most {max}\n{spec}");
        }
        ups += words(&facts, "ScaleUp").count();
        downs += words(&facts, "ScaleDown").count();
    }
    assert!(ups > 30 && downs > 20, "the cases do something: {ups} and {downs}");
}
