//! Machines that the cloud is asked for: they boot, fail, are taken back and go.

use crate::behaviour::run;
use std::path::Path;
use wavetank::input::scenario::{LoadOptions, load_text};
use wavetank::record::{Facts, InstanceRecord};
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};
use wavetank::units::SimTime;

/// Two pods of one core each.
const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'app:v1', resources: {requests: {cpu: 1}}}]}
";

/// A run of ten minutes without a node at the start; `cloud` and `actions` are given.
fn play(cloud: &str, rest: &str) -> Facts {
    let boot = "boot: {launch: {fixed: 20s}, register: {fixed: 30s}, ready: {fixed: 10s}}";
    run(0, "", WEB, &format!("duration: 10m\ncloud: {{{boot}, {cloud}}}\n{rest}"))
}

/// A run of these pools without an object.
fn play_pools(pools: &str, duration: &str, cloud: &str) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.yaml");
    let text = format!(
        "{{apiVersion: wavetank.dev/v1alpha1, kind: Scenario, metadata: {{name: pools}},
          spec: {{duration: {duration}, cloud: {{{cloud}}}, nodePools: [{pools}]}}}}"
    );
    std::fs::write(&file, text).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default()).unwrap();
    simulate(&prepared, &RunOptions { check_invariants: true, ..RunOptions::default() }).unwrap()
}

fn seconds(time: SimTime) -> f64 {
    time.since_start().as_secs_f64()
}

fn at(time: Option<SimTime>) -> f64 {
    time.map_or(f64::NAN, seconds)
}

fn adds(count: u32) -> String {
    format!("actions: [{{at: 60s, addNodes: {{pool: n, count: {count}}}}}]")
}

fn codes(facts: &Facts) -> Vec<&str> {
    facts.instances.iter().map(|instance| &*instance.failure).collect()
}

#[test]
fn machines_boot_step_by_step() {
    let facts = play("deleteDelay: {fixed: 30s}", &adds(1));
    let [instance] = &facts.instances[..] else { panic!("one instance") };
    let InstanceRecord { requested, launched, registered, ready, .. } = instance;
    assert_eq!(
        (seconds(*requested), at(*launched), at(*registered), at(*ready)),
        (60.0, 80.0, 110.0, 120.0),
        "launch, register and ready one after the other"
    );
    assert_eq!(instance.created_by, "operator");
    // The node controller takes the taint away in the pass that finds the node ready.
    for pod in &facts.pods {
        let scheduled = at(pod.scheduled);
        assert!((120.0..126.0).contains(&scheduled), "{scheduled}");
    }
    assert_eq!(facts.nodes[0].created, SimTime::from_secs(110));
}

#[test]
fn what_cannot_be_had_is_not_launched() {
    let cases = [
        ("{kind: stockOut, duration: 150s}", vec!["STOCKOUT", ""], "given up after a minute, then it can be had"),
        ("{kind: launchError, duration: 150s}", vec!["CREATE_FAILED", ""], "another error"),
        ("{kind: stockOut, zones: [b]}", vec![""], "another zone"),
        ("{kind: stockOut, pools: [n], duration: 79s}", vec![""], "over when the launch ends"),
        ("{kind: stockOut, probability: 0}", vec![""], "never"),
    ];
    for (shortage, expected, why) in cases {
        let facts = play(&format!("shortages: [{shortage}]"), &adds(1));
        assert_eq!(codes(&facts), expected, "{why}");
        assert_eq!(facts.nodes.len(), 1, "{why}");
    }
    let stuck = [("neverRegisters", 0), ("neverReady", 1)];
    for (kind, nodes) in stuck {
        let facts = play(&format!("shortages: [{{kind: {kind}}}]"), &adds(1));
        assert_eq!((facts.nodes.len(), facts.instances[0].ready), (nodes, None), "{kind}");
        assert!(facts.pods.iter().all(|pod| pod.scheduled.is_none()), "{kind}");
    }
}

#[test]
fn a_quota_holds_the_machines_that_run() {
    for quota in ["nodes: 2", "cpu: 9"] {
        let facts = play(&format!("shortages: [{{kind: quota, {quota}}}]"), &adds(3));
        let running = facts.instances.iter().filter(|instance| instance.launched.is_some()).count();
        assert_eq!(running, 2, "{quota}: machines of four cores");
        let failures: Vec<&str> = codes(&facts).into_iter().filter(|code| !code.is_empty()).collect();
        assert!(failures.len() >= 5 && failures.iter().all(|code| *code == "QUOTA_EXCEEDED"), "{failures:?}");
    }
}

#[test]
fn launches_wait_for_their_turn() {
    let facts = play("shortages: [{kind: launchRate, perMinute: 6}]", &adds(3));
    let launched: Vec<f64> = facts.instances.iter().map(|instance| at(instance.launched)).collect();
    assert_eq!(launched, [80.0, 90.0, 100.0]);
}

#[test]
fn a_machine_that_is_taken_back_is_replaced() {
    let facts = play("shortages: [{kind: reclaim, at: 200s}], spotInterruption: {perHour: 0, notice: 1m}", &adds(1));
    let [taken, replacement] = &facts.instances[..] else { panic!("two instances: {:?}", facts.instances) };
    assert_eq!((at(taken.interrupted), at(taken.gone)), (260.0, 260.0));
    assert_eq!((taken.deleted_by, replacement.created_by), ("cloud", "cloud"));
    assert_eq!(replacement.requested, SimTime::from_secs(260));
    // Its kubelet is silent from then on; the object goes when the node is found to be lost.
    let removed = at(facts.nodes[0].deleted);
    assert!((300.0..325.0).contains(&removed), "{removed}");
    let running = facts.pods.iter().filter(|pod| pod.is_listed_last && pod.node == Some(1)).count();
    assert_eq!(running, 2, "the pods come back on the new node");
}

#[test]
fn spot_machines_are_interrupted_at_random() {
    let pool = "{name: s, count: 100, capacity: {cpu: 4, memory: 8Gi}, capacityType: spot}";
    let taken = |cloud: &str| {
        let facts = play_pools(pool, "10h", cloud);
        facts.instances.iter().filter(|instance| instance.interrupted.is_some()).count()
    };
    // A hundred machines at a time for ten hours, one in ten hours each.
    let count = taken("spotInterruption: {perHour: 0.1}");
    assert!((70..135).contains(&count), "{count}");
    assert_eq!(taken(""), 0);
}

#[test]
fn a_pool_takes_its_size_from_the_catalogues() {
    let own = "instanceTypes: [{name: edge.2, capacity: {cpu: 2, memory: 8Gi}, allocatable: {cpu: 1900m}, \
               onDemandPricePerHour: 0.25}]";
    let pools = "{name: s, count: 1, instanceType: edge.2}, {name: m, count: 1, instanceType: m5.large}";
    let facts = play_pools(pools, "1m", own);
    let cores: Vec<i64> = facts.nodes.iter().map(|node| node.cpu_allocatable.get()).collect();
    assert_eq!(cores, [1900, 1930], "of the user's own type, and of a type of the built-in catalogue");
    assert_eq!(facts.instances[0].price_per_hour.map(wavetank::units::NanoDollars::as_dollars), Some(0.25));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let cases = [
        ("cloud: {shortages: [{kind: quota}]}", "limits nothing"),
        ("cloud: {shortages: [{kind: launchRate}]}", "needs `perMinute`"),
        ("cloud: {shortages: [{kind: launchRate, perMinute: 0}]}", "is not above zero"),
        ("cloud: {shortages: [{kind: refused, probability: 0.5}]}", "has no meaning for `refused`"),
        ("cloud: {shortages: [{kind: stockOut, probability: 2}]}", "is not a probability"),
        ("cloud: {shortages: [{kind: stockOut, nodes: 2}]}", "has no meaning for `stockOut`"),
        ("cloud: {shortages: [{kind: stockOut, pools: [x]}]}", "pool `x` does not exist"),
        ("cloud: {shortages: [{kind: stockOut, instanceTypes: [m5.larg]}]}", "did you mean"),
        ("cloud: {shortages: [{kind: stockOut, duration: 0s}]}", "is zero"),
        ("cloud: {instanceTypes: [{name: a, capacity: {cpu: 1}}]}", "`memory` is missing"),
        ("cloud: {boot: {launch: {uniform: {min: 2s, max: 1s}}}}", "`max` is below `min`"),
        ("cloud: {spotInterruption: {perHour: -1}}", "`-1`"),
        ("nodePools: [{name: a, count: 1}]", "`cpu` is missing"),
        ("nodePools: [{name: a, count: 1, instanceType: none.such}]", "`cpu` is missing"),
        ("nodePools: [{name: a, count: 1, instanceType: m5.large, min: 1}]", "has no meaning without `max`"),
        ("nodePools: [{name: a, count: 5, instanceType: m5.large, min: 1, max: 4}]", "is not between `min` and `max`"),
        ("nodePools: [{name: a, count: 5, instanceType: m5.large, min: 5, max: 4}]", "is below `min`"),
    ];
    for (spec, expected) in cases {
        let text = format!(
            "{{apiVersion: wavetank.dev/v1alpha1, kind: Scenario, metadata: {{name: x}}, spec: {{duration: 1h, {spec}}}}}"
        );
        let errors = load_text(&text, Path::new("x.yaml"), &LoadOptions::default()).unwrap_err().to_string();
        assert!(errors.contains(expected), "{spec}: {errors}");
    }
}
