//! More objects than the burst of a controller's client: each waits for its turn once, and nobody for ever.
//!
//! kube-controller-manager gives each controller a client of 20 requests a second after a burst of 30
//! (`--kube-api-qps`, `--kube-api-burst`).

use super::behaviour::run;
use std::fmt::Write as _;
use wavetank::record::Facts;

/// Objects of each kind: far more than a burst.
const OBJECTS: usize = 100;
/// Simulated seconds in which that many writes go out: 70 after the burst at 20 a second, with the syncs before them.
const SECONDS_AFTER_THE_BURST: f64 = 4.0;

fn workloads(kind: &str, count: usize, spec: &str) -> String {
    let mut manifests = String::new();
    for index in 0..count {
        let name = format!("w{index:03}");
        writeln!(
            manifests,
            "---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  {spec}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: app, resources: {{requests: {{cpu: 1m, memory: 1Mi}}}}}}]}}"
        )
        .unwrap();
    }
    manifests
}

/// When the last pod was created, in seconds.
fn last_creation(facts: &Facts) -> f64 {
    facts.pods.iter().map(|pod| pod.created.as_secs_f64()).fold(0.0, f64::max)
}

#[test]
fn every_workload_gets_its_pods() {
    let cases = [
        ("Deployment", OBJECTS, "replicas: 1", OBJECTS, "a ReplicaSet each, then a pod each"),
        ("StatefulSet", OBJECTS, "replicas: 1\n  serviceName: s", OBJECTS, "a pod each"),
        ("DaemonSet", OBJECTS, "minReadySeconds: 0", 2 * OBJECTS, "a pod each on two nodes"),
        ("ReplicaSet", OBJECTS, "replicas: 1", OBJECTS, "a pod each"),
    ];
    for (kind, count, spec, pods, why) in cases {
        let facts = run(2, "a", &workloads(kind, count, spec), "duration: 2m");
        assert_eq!(facts.pods.len(), pods, "{kind}: {why}");
        let limit = SECONDS_AFTER_THE_BURST * if pods > OBJECTS { 2.5 } else { 1.0 };
        assert!(last_creation(&facts) <= limit, "{kind}: the last pod came at {} s", last_creation(&facts));
    }
}

#[test]
fn a_cluster_at_rest_costs_nothing() {
    let day = run(2, "a", &workloads("Deployment", OBJECTS, "replicas: 1"), "duration: 24h");
    // The progress deadline of a rollout, ten minutes, is the last that a controller waits for.
    let minutes = run(2, "a", &workloads("Deployment", OBJECTS, "replicas: 1"), "duration: 20m");
    assert_eq!(day.events_handled, minutes.events_handled, "nothing happens after the first minutes");
}

#[test]
fn every_deployment_rolls_out_and_goes() {
    let mut spec = "duration: 10m\nactions:\n".to_owned();
    for index in 0..OBJECTS {
        writeln!(spec, "  - {{at: 1m, rolloutRestart: deployment/w{index:03}}}").unwrap();
    }
    let facts = run(2, "a", &workloads("Deployment", OBJECTS, "replicas: 1"), &spec);
    assert_eq!(facts.pods.len(), 2 * OBJECTS, "a second pod for each");
    let alive = facts.pods.iter().filter(|pod| pod.ended.is_none()).count();
    assert_eq!(alive, OBJECTS, "the first ones are gone");

    let mut spec = "duration: 10m\nactions:\n".to_owned();
    for index in 0..OBJECTS {
        writeln!(spec, "  - {{at: 1m, delete: deployment/w{index:03}}}").unwrap();
    }
    let facts = run(2, "a", &workloads("Deployment", OBJECTS, "replicas: 1"), &spec);
    assert_eq!(facts.pods.iter().filter(|pod| pod.ended.is_none()).count(), 0, "the garbage collector takes its turns");
}

#[test]
fn more_pods_than_a_burst_are_evicted() {
    let spec = "duration: 30m\nfaults: [{kind: nodeCrash, node: n-0, at: 1m}]";
    let facts = run(2, "a", &workloads("ReplicaSet", OBJECTS, "replicas: 1"), spec);
    // The evicted pods stay as objects that are terminating: no kubelet ends them.
    let evicted = facts.pods.iter().filter(|pod| pod.deletion_requested.is_some()).count();
    assert!(evicted > 40, "about half of the pods stood on the node, {evicted} were evicted");
    assert_eq!(facts.pods.len(), OBJECTS + evicted, "each was replaced");
}

/// A zone of many nodes falls silent: its queue of taints is looked at once per turn, not once per node and turn.
#[test]
fn a_silent_zone_takes_one_look_per_turn() {
    let spec = "duration: 2h\nfaults: [{kind: zoneOutage, zone: a, at: 1m}]";
    let facts = run(180, "a, b, c", &workloads("ReplicaSet", 1, "replicas: 1"), spec);
    let tainted = facts.events_handled;
    // Each of the 60 nodes: found silent, tainted.
    assert!(tainted < 1000, "{tainted} events");
}
