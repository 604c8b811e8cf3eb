//! Kinds that are one place each, in runs: what their objects do there.

use crate::behaviour::run;
use wavetank::record::{Facts, PodRecord};

/// A ReplicationController `legacy` as old manifests write it: without a selector.
fn legacy(replicas: u32) -> String {
    format!(
        "apiVersion: v1
kind: ReplicationController
metadata: {{name: legacy}}
spec:
  replicas: {replicas}
  template:
    metadata: {{labels: {{app: legacy}}}}
    spec: {{containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m}}}}}}]}}
"
    )
}

/// The messages of the Events of this reason and source, in order.
fn messages(facts: &Facts, source: &str, reason: &str) -> Vec<String> {
    let events = facts.events().filter(|event| event.source == source && event.reason == reason);
    events.map(|event| event.message().into_owned()).collect()
}

/// The wanted and the ready pods of the only workload at the end.
fn replicas(facts: &Facts) -> (i64, i64) {
    let workload = &facts.workloads[0];
    (workload.desired.last().unwrap_or(0), workload.ready.last().unwrap_or(0))
}

/// Pods that were not asked to go.
fn kept(facts: &Facts) -> Vec<&PodRecord> {
    facts.pods.iter().filter(|pod| pod.deletion_requested.is_none()).collect()
}

#[test]
fn a_replication_controller_is_rolled_to_ready_and_scaled() {
    let facts =
        run(2, "a, b", &legacy(3), "duration: 10m\nactions: [{at: 5m, scale: {target: rc/legacy, replicas: 1}}]");
    assert_eq!(&*facts.workloads[0].name, "ReplicationController/legacy");
    assert_eq!(replicas(&facts), (1, 1));
    assert_eq!(facts.pods.len(), 3);
    assert!(facts.pods.iter().all(|pod| pod.name.starts_with("legacy-") && pod.name.len() == "legacy-".len() + 5));
    assert!(facts.pods.iter().all(|pod| pod.ready.is_some()));
    assert_eq!(kept(&facts).len(), 1);
    assert_eq!(messages(&facts, "replication-controller", "SuccessfulCreate").len(), 3);
    assert_eq!(messages(&facts, "replication-controller", "SuccessfulDelete").len(), 2);
    assert!(messages(&facts, "replicaset-controller", "SuccessfulCreate").is_empty());
}

#[test]
fn a_replication_controller_is_deleted_with_its_pods() {
    let facts =
        run(1, "a", &legacy(2), "duration: 10m\nactions: [{at: 5m, delete: replicationcontrollers/default/legacy}]");
    assert_eq!(facts.pods.len(), 2, "none is created anew");
    assert!(kept(&facts).is_empty());
    assert_eq!(replicas(&facts), (0, 0));
}

#[test]
fn a_drain_moves_the_pods_of_a_replication_controller_within_its_budget() {
    let budget = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: legacy}
spec: {minAvailable: 75%, selector: {matchLabels: {app: legacy}}}
";
    let manifests = legacy(4) + budget;
    let facts = run(2, "a, b", &manifests, "duration: 20m\nactions: [{at: 5m, drain: n-0}]");
    assert_eq!(replicas(&facts), (4, 4));
    assert!(facts.pods.len() > 4, "pods were evicted and created anew");
    let is_on_other = |pod: &&PodRecord| pod.node.is_some_and(|node| &*facts.nodes[node as usize].name == "n-1");
    assert!(kept(&facts).iter().all(is_on_other));
}

#[test]
fn an_autoscaler_scales_a_replication_controller() {
    let hpa = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: legacy}
spec:
  scaleTargetRef: {apiVersion: v1, kind: ReplicationController, name: legacy}
  minReplicas: 3
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
";
    let facts = run(2, "a, b", &(legacy(1) + hpa), "duration: 10m");
    assert_eq!(replicas(&facts), (3, 3), "at least `minReplicas`");
}
