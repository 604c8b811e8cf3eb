//! What happens while the controller manager is down, a kubelet is not ready, or a node is out of service.

use crate::behaviour::run;
use wavetank::record::{Facts, PodRecord};
use wavetank::units::SimTime;

/// Three pods of a Deployment that tolerate a lost node for ten seconds, and a budget that selects nothing.
const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: 'app:v1', resources: {requests: {cpu: 100m}}}]
      tolerations:
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 10}
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: nothing}
spec: {minAvailable: 1, selector: {matchLabels: {app: none}}}
";

const MANAGER: &str = "controlPlane: {controllerManager: {startedBefore: 2s}}\n";

fn play(rest: &str) -> Facts {
    run(2, "a", SHOP, &format!("duration: 10m\n{MANAGER}{rest}"))
}

fn seconds(time: SimTime) -> f64 {
    time.since_start().as_secs_f64()
}

/// When the Events of a reason first came, in seconds, in order.
fn events(facts: &Facts, reason: &str) -> Vec<f64> {
    let mut times: Vec<f64> =
        facts.events().filter(|event| event.reason == reason).map(|event| seconds(event.first)).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn deletions(facts: &Facts) -> Vec<f64> {
    let mut times: Vec<f64> = facts.pods.iter().filter_map(|pod| pod.deletion_requested.map(seconds)).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn created_after(facts: &Facts, at: f64) -> Vec<&PodRecord> {
    facts.pods.iter().filter(|pod| seconds(pod.created) > at).collect()
}

#[test]
fn passes_are_those_of_one_process() {
    let facts = play("actions: [{at: 30s, addNodes: {pool: n, count: 1}}, {at: 100s, delete: node/n-2}]");
    // The process made its first pass 2 s before the run, and one every 5 s since.
    assert_eq!(events(&facts, "RegisteredNode"), [3.0, 3.0, 33.0]);
    assert_eq!(events(&facts, "RemovingNode"), [103.0]);
    assert_eq!(events(&facts, "NoPods").len(), 1);
}

#[test]
fn nobody_acts_while_the_controller_manager_is_down() {
    let facts = play(
        "faults: [{kind: controllerManagerOutage, at: 60s, duration: 60s}]
         actions: [{at: 70s, scale: {target: deployment/web, replicas: 6}}, {at: 80s, delete: {target: {of: deployment/web}}}]",
    );
    let created = created_after(&facts, 60.0);
    assert_eq!(created.len(), 3, "two for the scale, and one for the deleted pod");
    for pod in created {
        let at = seconds(pod.created);
        assert!((121.0..121.5).contains(&at), "a second after the process has started: {at}");
    }
    let again: Vec<f64> = events(&facts, "RegisteredNode").into_iter().filter(|at| *at > 60.0).collect();
    assert!(again.is_empty(), "the Events of the first registration are counted up: {again:?}");
}

#[test]
fn a_controller_manager_that_is_back_gives_every_node_its_grace() {
    let crash = "{kind: networkPartition, node: n-0, at: 30s}";
    let alone = play(&format!("faults: [{crash}]"));
    let found = events(&alone, "NodeNotReady")[0];
    assert!((70.0..90.0).contains(&found), "{found}");
    let facts = play(&format!("faults: [{crash}, {{kind: controllerManagerOutage, at: 40s, duration: 100s}}]"));
    let found = events(&facts, "NodeNotReady")[0];
    assert!((191.0..191.3).contains(&found), "a grace period after the first pass: {found}");
    let deleted = deletions(&facts);
    assert!(deleted[0] > 201.0 && deleted[0] < 202.0, "and the toleration after it: {deleted:?}");
}

#[test]
fn a_kubelet_that_is_not_ready_loses_its_pods_by_the_other_taint() {
    let facts = play("faults: [{kind: kubeletNotReady, node: n-0, at: 60s, duration: 60s}]");
    // The next pass is at 63 s.
    let deleted = deletions(&facts);
    assert_eq!(deleted.len(), 2);
    assert!(deleted.iter().all(|at| (73.0..73.5).contains(at)), "{deleted:?}");
    assert!(events(&facts, "NodeNotReady").is_empty(), "the kubelet says so itself");
    assert!(created_after(&facts, 60.0).iter().all(|pod| pod.node == Some(1)));
    let short = play("faults: [{kind: kubeletNotReady, node: n-0, at: 64s, duration: 8s}]");
    assert!(deletions(&short).is_empty(), "ready again before the toleration is over");
    assert_eq!(events(&short, "TaintManagerEviction").len(), 2, "the deletions are cancelled");
}

#[test]
fn pods_of_a_node_out_of_service_go_with_the_next_collection() {
    let facts = play(
        "faults: [{kind: networkPartition, node: n-0, at: 20s}]
         actions: [{at: 150s, taint: {node: n-0, taints: ['node.kubernetes.io/out-of-service=nodeshutdown:NoExecute']}}]",
    );
    let lost: Vec<&PodRecord> = facts.pods.iter().filter(|pod| pod.deletion_requested.is_some()).collect();
    assert_eq!(lost.len(), 2);
    // The collector makes its passes at 18 s, 38 s and so on.
    assert!(lost.iter().all(|pod| pod.ended.map(seconds) == Some(158.0)), "{lost:?}");
    let without = play("faults: [{kind: networkPartition, node: n-0, at: 20s}]");
    assert!(without.pods.iter().filter(|pod| pod.deletion_requested.is_some()).all(|pod| pod.ended.is_none()));
}

#[test]
fn a_namespace_that_only_its_objects_name_can_be_deleted() {
    let shop = SHOP.replace("metadata: {name: web}", "metadata: {name: web, namespace: shop}");
    let facts = run(2, "a", &shop, "duration: 5m\nactions: [{at: 60s, delete: namespace/shop}]");
    let gone = facts.pods.iter().filter(|pod| pod.ended.is_some()).count();
    assert!(gone >= 4, "{gone} pods are gone");
    assert!(facts.pods.iter().all(|pod| !pod.is_listed_last), "nothing is left");
}

#[test]
fn metrics_that_are_away_hold_the_autoscaler() {
    let autoscaled = format!(
        "{SHOP}---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  maxReplicas: 9
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}]
"
    );
    let spec = |outages: &str| {
        format!(
            "duration: 20m\ncontrolPlane: {{metricsServer: {{outages: [{outages}]}}}}\ntraffic: [{{target: deployment/default/web, \
             cpuPerRequest: 1ms, rate: {{steps: [{{at: 0s, rate: 200}}, {{at: 5m, rate: 450}}]}}}}]"
        )
    };
    let scaled = |outages: &str| {
        let facts = run(4, "a", &autoscaled, &spec(outages));
        let first = facts.workloads.iter().find(|workload| workload.name == "Deployment/web").unwrap();
        let points = first.desired.points();
        points.iter().find(|(_, desired)| *desired > 4).map(|(at, _)| seconds(*at))
    };
    let usual = scaled("").unwrap();
    assert!((300.0..360.0).contains(&usual), "{usual}");
    let late = scaled("{at: 4m, duration: 6m, resource: cpu}").unwrap();
    assert!((600.0..660.0).contains(&late), "it scales when the metrics are back: {late}");
    let other = scaled("{at: 4m, duration: 6m, resource: memory}").unwrap();
    assert!((other - usual).abs() < 1e-9, "memory is not asked for: {other}");
    assert_eq!(scaled("{at: 4m}"), None, "for ever");
}
