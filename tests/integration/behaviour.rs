//! The life of pods under an operator's and nature's hands: what a real cluster does in each case, as counts and times.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use wavetank::record::{Facts, PodOutcome, PodRecord, WorkloadRecord};
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};
use wavetank::units::{SimDuration, SimTime};

/// Runs a scenario of pool `n`, whose containers start within a second and stop within one, from its manifests and the
/// rest of its spec.
pub fn run(nodes: u32, zones: &str, manifests: &str, spec: &str) -> Facts {
    run_with(nodes, zones, manifests, spec, RunOptions::default())
}

/// The same with options of the run; invariants are always checked.
pub fn run_with(nodes: u32, zones: &str, manifests: &str, spec: &str, options: RunOptions) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifests.yaml"), manifests).unwrap();
    let mut text = format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: behaviour}}
spec:
  manifests: [manifests.yaml]
  startup: {{imagePull: {{duration: {{fixed: 0s}}}}, containerStart: {{fixed: 1s}}}}
  nodePools: [{{name: n, count: {nodes}, zones: [{zones}], capacity: {{cpu: 4, memory: 16Gi, pods: 110}}}}]
"
    );
    for line in spec.lines() {
        writeln!(text, "  {}", line.trim_start()).unwrap();
    }
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, text).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default())
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    simulate(&prepared, &RunOptions { check_invariants: true, ..options }).unwrap()
}

/// A Deployment `web` of pods with these annotations and these further lines of the pod's spec.
fn web(replicas: u32, annotations: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{{annotations}}}}}
    spec:
      containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]
      {spec}
"
    )
}

/// A bare pod `solo`.
fn solo(annotations: &str, container: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: solo, annotations: {{{annotations}}}}}
spec:
  containers: [{{name: c, image: app:v1{container}}}]
  {spec}
"
    )
}

fn secs(time: SimTime) -> f64 {
    time.as_secs_f64()
}

/// Asserts that a time is within `[from, from + span]` seconds.
#[track_caller]
fn within(time: Option<SimTime>, from: f64, span: f64, why: &str) {
    let time = time.map(secs);
    assert!(time.is_some_and(|time| (from..=from + span).contains(&time)), "{why}: {time:?}, expected {from}+{span}");
}

/// The nearest whole second.
fn rounded(time: SimTime) -> i64 {
    (time + SimDuration::from_millis(500)).since_start().whole_seconds()
}

/// When pods were asked to go, in whole seconds, sorted.
fn deletions<'a>(pods: impl Iterator<Item = &'a PodRecord>) -> Vec<i64> {
    let mut times: Vec<i64> = pods.filter_map(|pod| pod.deletion_requested).map(rounded).collect();
    times.sort_unstable();
    times
}

fn workload(facts: &Facts) -> &WorkloadRecord {
    &facts.workloads[0]
}

/// Least number of ready pods from a time on.
fn least_ready(facts: &Facts, from: i64) -> i64 {
    let ready = &workload(facts).ready;
    let from = SimTime::from_secs(from);
    let later = ready.points().iter().filter(|(time, _)| *time >= from).map(|point| point.1);
    later.chain(ready.value_at(from)).min().unwrap()
}

fn on_node<'a>(facts: &'a Facts, node: &'a str) -> impl Iterator<Item = &'a PodRecord> {
    facts.pods.iter().filter(move |pod| pod.node.is_some_and(|own| *facts.nodes[own as usize].name == *node))
}

fn events(facts: &Facts, reason: &str) -> u32 {
    facts.events().filter(|event| event.reason == reason).map(|event| event.count).sum()
}

fn alive(facts: &Facts) -> usize {
    facts.pods.iter().filter(|pod| pod.ended.is_none() && pod.deletion_requested.is_none()).count()
}

#[test]
fn a_deleted_pod_ends_within_its_grace_period() {
    let hook = ", lifecycle: {preStop: {sleep: {seconds: 3}}}";
    let cases = [
        ("", "", "", 61.0, "a second, if the pod does not say"),
        ("wavetank.dev/stop-delay: 5s", "", "", 65.0, "as long as its containers take"),
        ("wavetank.dev/stop-delay: 5s", hook, "", 68.0, "the hook comes first"),
        ("wavetank.dev/stop-delay: 50s", "", "", 90.0, "killed after 30 s by default"),
        ("wavetank.dev/stop-delay: 50s", hook, "terminationGracePeriodSeconds: 10", 70.0, "the hook uses up grace"),
        ("wavetank.dev/fail-after: 1s", "", "", 60.0, "in back-off there is nothing to stop"),
    ];
    for (annotations, container, spec, end, why) in cases {
        let spec_lines = "duration: 2m\nactions: [{at: 60s, delete: pod/solo}]";
        let facts = run(1, "", &solo(annotations, container, spec), spec_lines);
        within(facts.pods[0].deletion_requested, 60.0, 0.0, why);
        within(facts.pods[0].ended, end, 0.02, why);
    }
}

#[test]
fn a_replacement_does_not_wait_for_the_end() {
    let facts =
        run(1, "", &web(1, "wavetank.dev/stop-delay: 20s", ""), "duration: 2m\nactions: [{at: 60s, drain: n-0}]");
    assert_eq!(facts.pods.len(), 2);
    within(facts.pods[0].ended, 80.0, 0.1, "the old pod stops slowly");
    within(Some(facts.pods[1].created), 60.0, 0.1, "the new one is created at once");
    assert_eq!(facts.pods[1].scheduled, None, "but the only node is cordoned");
}

#[test]
fn crashing_containers_back_off() {
    // Each run lasts 5 s and is started within 1 s; the first restart is immediate, then 10 s, 20 s, 40 s ...
    let cases = [(6, 0), (8, 1), (22, 1), (24, 2), (48, 2), (50, 3), (95, 3), (97, 4), (181, 4), (183, 5)];
    for (end, restarts) in cases {
        let facts = run(1, "", &solo("wavetank.dev/fail-after: 5s", "", ""), &format!("duration: {end}s"));
        assert_eq!(facts.pods[0].restarts, restarts, "after {end} s");
    }
    let facts = run(1, "", &solo("wavetank.dev/fail-after: 5s", "", ""), "duration: 1h");
    // The sixth comes at 348 s; from then on the delay is 300 s.
    assert_eq!(facts.pods[0].restarts, 6 + (3600 - 348) / 306);
    assert_eq!(facts.pods[0].status_last, "CrashLoopBackOff");
}

#[test]
fn a_deadline_holds_through_restarts() {
    let spec = "activeDeadlineSeconds: 60\nrestartPolicy: OnFailure".replace('\n', "\n  ");
    let facts = run(1, "", &solo("wavetank.dev/fail-after: 5s", "", &spec), "duration: 5m");
    assert_eq!((facts.pods[0].outcome, &*facts.pods[0].reason), (PodOutcome::Failed, "DeadlineExceeded"));
    within(facts.pods[0].ended, 60.0, 0.1, "60 s after the kubelet saw it");
}

#[test]
fn a_failing_liveness_probe_kills() {
    let probe = ", livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 10, failureThreshold: 3}";
    let facts = run(1, "", &solo("wavetank.dev/never-ready: \"true\"", probe, ""), "duration: 40s");
    // Probes at 0, 10 and 20 s of its life; then it has a second to stop and one to start.
    assert_eq!(facts.pods[0].restarts, 1, "killed once");
    let facts = run(1, "", &solo("wavetank.dev/never-ready: \"true\"", probe, ""), "duration: 22s");
    assert_eq!(facts.pods[0].restarts, 0, "not before three failures");
}

#[test]
fn a_rebooted_node_starts_its_pods_again() {
    let spec = "duration: 10m\nfaults: [{kind: nodeCrash, node: n-0, at: 60s, duration: 5s}]";
    let facts = run(2, "", &web(4, "", ""), spec);
    assert_eq!(facts.pods.len(), 4, "35 s of silence are within the grace period of 50 s");
    assert_eq!(events(&facts, "NodeNotReady"), 0);
    assert!(on_node(&facts, "n-0").all(|pod| pod.restarts == 1));
    assert!(on_node(&facts, "n-1").all(|pod| pod.restarts == 0));
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(97)), Some(4), "5 s down, 30 s boot, 1 s start");
    assert_eq!(least_ready(&facts, 10), 2);
}

#[test]
fn a_crashed_node_loses_its_pods_after_the_toleration() {
    let spec = "duration: 20m\nfaults: [{kind: nodeCrash, node: n-0, at: 61s, duration: 15m}]";
    let facts = run(2, "", &web(4, "", ""), spec);
    assert_eq!(facts.pods.len(), 6, "two are replaced");
    let detected = facts.recoveries[0].detected;
    within(detected, 61.0 + 48.0, 8.0, "last renewal up to 10.2 s ago + grace 50 s + up to a pass of 5 s");
    let evicted = secs(detected.unwrap()) + 300.0;
    for pod in on_node(&facts, "n-0").filter(|pod| secs(pod.created) < 60.0) {
        within(pod.deletion_requested, evicted, 0.2, "toleration 300 s");
        within(pod.ended, 61.0 + 900.0 + 30.0, 0.2, "gone when the node is back");
        assert_eq!((pod.outcome, pod.restarts), (PodOutcome::Evicted, 0));
    }
    let replaced = detected.unwrap() + SimDuration::from_secs(302);
    assert_eq!(workload(&facts).ready.value_at(replaced), Some(4), "replaced at once");
}

#[test]
fn a_cut_off_node_goes_on_running() {
    let spec = "duration: 10m\nfaults: [{kind: networkPartition, node: n-0, at: 61s, duration: 2m}]";
    let facts = run(2, "", &web(4, "", ""), spec);
    assert_eq!(facts.pods.len(), 4, "the toleration is not over");
    assert!(facts.pods.iter().all(|pod| pod.restarts == 0));
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(111)), Some(2), "not ready once it is found");
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(182)), Some(4), "ready as soon as it is back");
}

#[test]
fn a_crash_within_a_partition_is_a_crash() {
    let spec = "duration: 15m
        faults:
        - {kind: networkPartition, node: n-0, at: 60s, duration: 4m}
        - {kind: nodeCrash, node: n-0, at: 70s, duration: 20s}";
    let facts = run(2, "", &web(4, "", ""), spec);
    assert_eq!(facts.pods.len(), 4);
    assert!(on_node(&facts, "n-0").all(|pod| pod.restarts == 1), "started again when the kubelet knows of them");
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(302)), Some(4));
}

#[test]
fn a_pod_that_crashes_while_cut_off_is_told_of_later() {
    let spec = "duration: 5m
        faults:
        - {kind: networkPartition, node: n-0, at: 60s, duration: 2m}
        - {kind: podCrash, target: deployment/web, at: 90s}";
    let facts = run(1, "", &web(1, "", ""), spec);
    assert_eq!((facts.pods.len(), facts.pods[0].restarts), (1, 1));
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(95)), Some(1), "nobody knows");
}

#[test]
fn all_zones_down_evicts_the_pods_of_one_node_of_a_zone_at_most() {
    let spec = "duration: 40m
        faults:
        - {kind: zoneOutage, zone: a, at: 61s, duration: 20m}
        - {kind: zoneOutage, zone: b, at: 61s, duration: 20m}";
    let facts = run(6, "a, b", &web(12, "", ""), spec);
    // What the pass tainted that found the last node stays tainted; what was tainted before is not any more.
    let is_lost = |pod: &&PodRecord| pod.deletion_requested.is_some();
    let lost: BTreeSet<u32> = facts.pods.iter().filter(is_lost).filter_map(|pod| pod.node).collect();
    let in_zone = |zone: u32| lost.iter().filter(|node| **node % 2 == zone).count();
    assert!(in_zone(0) <= 1 && in_zone(1) <= 1, "{lost:?}");
    assert_eq!(facts.pods.len(), 12 + 2 * lost.len());
    assert_eq!(events(&facts, "NodeNotReady"), 6 + 12, "each node and pod once");
    let stayed = facts.pods.iter().filter(|pod| !is_lost(pod) && pod.created < SimTime::from_secs(61));
    assert!(stayed.into_iter().all(|pod| pod.restarts == 1));
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(61 + 1200 + 32)), Some(12));
}

#[test]
fn one_zone_down_is_drained_node_by_node() {
    let spec = "duration: 15m\nfaults: [{kind: zoneOutage, zone: a, at: 61s}]";
    let facts = run(6, "a, b", &web(12, "", ""), spec);
    assert_eq!(facts.pods.len(), 18);
    let deleted = deletions(facts.pods.iter());
    // The three nodes are found in one pass of the monitor or in several.
    let found = secs(facts.recoveries[0].detected.unwrap());
    assert!((100.0..=118.0).contains(&found), "{found}");
    assert_eq!(deleted.len(), 6);
    within(Some(SimTime::from_secs(deleted[0])), found + 299.5, 1.0, "the first node at once");
    for (one, next) in [(0, 2), (2, 4)] {
        assert_eq!(deleted[one], deleted[one + 1], "the pods of a node together: {deleted:?}");
        assert!((10..=11).contains(&(deleted[next] - deleted[one])), "a node every 10 s: {deleted:?}");
    }
    assert_eq!(alive(&facts), 12);
}

#[test]
fn leaving_full_disruption_taints_the_rest() {
    let spec = "duration: 30m
        faults:
        - {kind: zoneOutage, zone: a, at: 61s, duration: 5m}
        - {kind: zoneOutage, zone: b, at: 61s}";
    let facts = run(4, "a, b", &web(8, "", ""), spec);
    // The pass that found all nodes tainted the first of zone b before it knew. Zone a is back at 391 s; the next pass goes on
    // with the zone's queue, a turn of 10 s for each node.
    let deleted = deletions(facts.pods.iter());
    assert!((400..=420).contains(&deleted[0]), "{deleted:?}");
    assert_eq!(deleted.len(), 4);
    assert!(deleted[1] == deleted[0] && deleted[2] == deleted[3] && (701..=716).contains(&deleted[2]), "{deleted:?}");
    assert_eq!(events(&facts, "NodeNotReady"), 4 + 8, "nothing is found twice");
}

#[test]
fn pods_of_a_deleted_node_are_collected() {
    let facts = run(2, "", &web(4, "", ""), "duration: 5m\nactions: [{at: 65s, delete: node/n-0}]");
    assert_eq!(facts.pods.len(), 6);
    for pod in on_node(&facts, "n-0") {
        within(pod.ended, 65.0 + 40.0, 20.0, "found missing by the next pass of 20 s, collected 40 s later");
    }
    assert_eq!(alive(&facts), 4);
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(127)), Some(4));
}

#[test]
fn a_drain_respects_the_budget() {
    let budget = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}
";
    let manifests = web(4, "wavetank.dev/ready-delay: 6s", "") + budget;
    let facts = run(2, "", &manifests, "duration: 5m\nactions: [{at: 60s, drain: n-0}]");
    // Both evictions come at once: the second one loses the race for the budget, and is refused half a second later. The
    // replacement is ready after 7 s; the second pod goes with the second try after that.
    let deleted = deletions(on_node(&facts, "n-0"));
    assert!(deleted[..] == [60, 70] || deleted[..] == [60, 71], "{deleted:?}");
    assert_eq!(least_ready(&facts, 30), 3);
    assert!(facts.pods.iter().all(|pod| pod.ended.is_some() || pod.node == Some(1)));
}

#[test]
fn deleting_a_deployment_deletes_its_pods() {
    let manifests = web(40, "wavetank.dev/stop-delay: 2s", "");
    let facts = run(2, "", &manifests, "duration: 3m\nactions: [{at: 60s, delete: deployment/web}]");
    assert!(facts.pods.iter().all(|pod| pod.outcome == PodOutcome::Deleted), "nothing is created anew");
    assert_eq!(facts.pods.len(), 40);
    let last = facts.pods.iter().filter_map(|pod| pod.ended).max();
    within(last, 62.5, 0.1, "30 at once, then 20 per second, and each needs 2 s");
}

#[test]
fn restart_and_undo() {
    let spec = "duration: 5m
        actions:
        - {at: 60s, rolloutRestart: deployment/web}
        - {at: 120s, rolloutUndo: deployment/web}";
    let facts = run(3, "", &web(8, "wavetank.dev/ready-delay: 3s", ""), spec);
    assert_eq!(facts.pods.len(), 24, "every pod is replaced twice");
    assert_eq!(alive(&facts), 8);
    assert!(least_ready(&facts, 30) >= 6, "at most a quarter is missing");
    let set = |pod: &PodRecord| pod.name.rsplit_once('-').unwrap().0.to_owned();
    assert_eq!(set(&facts.pods[0]), set(&facts.pods[23]), "undo takes the old ReplicaSet again");
    assert_ne!(set(&facts.pods[0]), set(&facts.pods[8]));
}

#[test]
fn scale_to_nothing_and_back() {
    let spec = "duration: 5m
        actions:
        - {at: 60s, scale: {target: deployment/web, replicas: 0}}
        - {at: 120s, scale: {target: deployment/web, replicas: 5}}";
    let facts = run(2, "", &web(5, "", ""), spec);
    assert_eq!(facts.pods.len(), 10);
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(61)), Some(0));
    assert_eq!(workload(&facts).ready.value_at(SimTime::from_secs(122)), Some(5));
    assert!(facts.pods[..5].iter().all(|pod| pod.ended.is_some_and(|ended| secs(ended) < 62.0)));
}

#[test]
fn an_autoscaler_keeps_its_head_when_a_node_crashes() {
    let hpa = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
";
    let spec = "duration: 40m
        traffic: [{target: deployment/default/web, rate: {constant: 40}, cpuPerRequest: 10ms}]
        faults: [{kind: nodeCrash, node: n-0, at: 20m, duration: 15m}]";
    let facts = run(4, "", &(web(2, "", "") + hpa), spec);
    // 400m of load over pods of 100m at half use are 8 pods; 9 are within the tolerance.
    let desired = &workload(&facts).desired;
    let before = desired.value_at(SimTime::from_secs(1190)).unwrap();
    assert!((8..=9).contains(&before), "{:?}", desired.points());
    let during = desired.points().iter().filter(|(time, _)| secs(*time) > 1200.0).map(|point| point.1);
    assert!(during.chain([before]).all(|desired| (8..=12).contains(&desired)), "{:?}", desired.points());
    assert_eq!(workload(&facts).ready.last(), workload(&facts).desired.last());
}
