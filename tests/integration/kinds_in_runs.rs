//! Kinds that are one place each, in runs: what their objects do there.

use crate::behaviour::run;
use wavetank::record::{Facts, PodRecord};
use wavetank::sim::{PrepareOptions, prepare};
use wavetank::units::SimTime;

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

/// A bare pod `solo` with these further lines of its container, and of its spec.
fn solo(container: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: solo}}
spec:
  containers: [{{name: c, image: app:v1{container}}}]
  {spec}
"
    )
}

/// An object of this kind and name with one key.
fn config(kind: &str, name: &str, key: &str) -> String {
    format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\ndata: {{{key}: dmFsdWU=}}\n")
}

/// When the only pod runs, in seconds.
fn running(facts: &Facts) -> Option<f64> {
    facts.pods[0].running.map(SimTime::as_secs_f64)
}

/// A run of manifests in which more are applied after 100 s.
fn run_and_apply(manifests: &str, applied: &str, duration: &str) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("applied.yaml");
    std::fs::write(&file, applied).unwrap();
    let apply = format!("duration: {duration}\nactions: [{{at: 100s, apply: {}}}]", file.display());
    run(1, "", manifests, &apply)
}

/// What happens to a pod with an environment that an object which comes late gives it.
#[track_caller]
fn waits_for_its_environment(kind: &str, container: &str) {
    let facts = run_and_apply(&solo(container, ""), &config(kind, "x", "k"), "3m");
    let failures = messages(&facts, "kubelet", "Failed");
    let word = kind.to_ascii_lowercase();
    assert!(failures.iter().all(|message| *message == format!("Error: {word} \"x\" not found")), "{failures:?}");
    let tries: u32 = facts.events().filter(|event| event.reason == "Failed").map(|event| event.count).sum();
    assert!((7..=10).contains(&tries), "one at once and then one every 10 to 15 s: {tries}");
    assert!(running(&facts).is_some_and(|at| (101.0..117.0).contains(&at)), "with the next try: {:?}", running(&facts));
}

/// What happens to a pod with a volume that shows an object which comes late.
#[track_caller]
fn waits_for_its_volume(kind: &str, spec: &str) {
    let facts = run_and_apply(&solo("", spec), &config(kind, "x", "k"), "5m");
    let word = kind.to_ascii_lowercase();
    let expected = format!("MountVolume.SetUp failed for volume \"v\" : {word} \"x\" not found");
    let failures = messages(&facts, "kubelet", "FailedMount");
    assert!(!failures.is_empty() && failures.iter().all(|message| *message == expected), "{failures:?}");
    // Tries after 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5 and 127.5 s.
    assert!(running(&facts).is_some_and(|at| (128.0..130.0).contains(&at)), "{:?}", running(&facts));
}

#[test]
fn a_pod_waits_for_a_missing_config_map() {
    waits_for_its_environment("ConfigMap", ", envFrom: [{configMapRef: {name: x}}]");
    waits_for_its_environment("ConfigMap", ", env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: k}}}]");
    waits_for_its_volume("ConfigMap", "volumes: [{name: v, configMap: {name: x}}]");
    waits_for_its_volume("ConfigMap", "volumes: [{name: v, projected: {sources: [{configMap: {name: x}}]}}]");
}

/// The status and the first failure of a pod beside a ConfigMap `x` with the key `k`, after two minutes.
fn beside_a_config_map(container: &str, spec: &str) -> (&'static str, Option<String>) {
    let manifests = solo(container, spec) + &config("ConfigMap", "x", "k");
    let facts = run(1, "", &manifests, "duration: 2m");
    let failures = messages(&facts, "kubelet", "Failed").into_iter().chain(messages(&facts, "kubelet", "FailedMount"));
    (facts.pods[0].status_last, failures.into_iter().next())
}

#[test]
fn what_is_optional_or_there_keeps_no_pod_from_starting() {
    let cases = [
        (", envFrom: [{configMapRef: {name: absent, optional: true}}]", "", "an optional ConfigMap"),
        (", env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: l, optional: true}}}]", "", "an optional key"),
        ("", "volumes: [{name: v, configMap: {name: absent, optional: true}}]", "an optional volume"),
        (", env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: k}}}]", "", "a key that is there"),
        ("", "volumes: [{name: v, configMap: {name: x, items: [{key: k, path: f}]}}]", "a file that is there"),
        ("", "volumes: [{name: v, configMap: {name: kube-root-ca.crt}}]", "what every namespace has"),
        (", envFrom: [{secretRef: {name: absent}}]", "", "a kind of which the manifests hold nothing"),
    ];
    for (container, spec, why) in cases {
        assert_eq!(beside_a_config_map(container, spec), ("Running", None), "{why}");
    }
}

#[test]
fn a_missing_key_keeps_a_pod_from_starting() {
    let environment = ", env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: l}}}]";
    let failure = "Error: couldn't find key l in ConfigMap default/x".to_owned();
    assert_eq!(beside_a_config_map(environment, ""), ("CreateContainerConfigError", Some(failure)));
    let volume = "volumes: [{name: v, configMap: {name: x, items: [{key: l, path: f}]}}]";
    let failure =
        "MountVolume.SetUp failed for volume \"v\" : configmap references non-existent config key: l".to_owned();
    assert_eq!(beside_a_config_map("", volume), ("ContainerCreating", Some(failure)));
}

#[test]
fn references_are_taken_as_existing_where_no_manifest_holds_any() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.yaml");
    let text = "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: references}
spec:
  manifests: [solo.yaml]
  duration: 1m
  nodePools: [{name: n, count: 1, capacity: {cpu: 4, memory: 16Gi, pods: 110}}]
";
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("solo.yaml"), solo(", envFrom: [{configMapRef: {name: x}}]", "")).unwrap();
    let (_, diagnostics) = prepare(&file, &PrepareOptions::default()).unwrap();
    let warnings: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.iter().filter(|text| text.contains("are taken as existing")).count(), 1, "{warnings:?}");
    assert!(warnings.iter().any(|text| text.contains("1 to ConfigMaps")), "{warnings:?}");
    let facts = run(1, "", &solo(", envFrom: [{configMapRef: {name: x}}]", ""), "duration: 1m");
    assert_eq!(facts.pods[0].status_last, "Running");
}

#[test]
fn a_pod_waits_for_a_missing_secret() {
    waits_for_its_environment("Secret", ", envFrom: [{secretRef: {name: x}}]");
    waits_for_its_environment("Secret", ", env: [{name: A, valueFrom: {secretKeyRef: {name: x, key: k}}}]");
    waits_for_its_volume("Secret", "volumes: [{name: v, secret: {secretName: x}}]");
    waits_for_its_volume("Secret", "volumes: [{name: v, projected: {sources: [{secret: {name: x}}]}}]");
}

#[test]
fn a_missing_key_of_a_secret_keeps_a_pod_from_starting() {
    let secret = config("Secret", "x", "k");
    let environment = solo(", env: [{name: A, valueFrom: {secretKeyRef: {name: x, key: l}}}]", "");
    let facts = run(1, "", &(environment + &secret), "duration: 2m");
    assert_eq!(facts.pods[0].status_last, "CreateContainerConfigError");
    assert_eq!(messages(&facts, "kubelet", "Failed")[0], "Error: couldn't find key l in Secret default/x");
    let volume = solo("", "volumes: [{name: v, secret: {secretName: x, items: [{key: l, path: f}]}}]");
    let facts = run(1, "", &(volume + &secret), "duration: 2m");
    let expected = "MountVolume.SetUp failed for volume \"v\" : references non-existent secret key: l";
    assert_eq!(messages(&facts, "kubelet", "FailedMount")[0], expected);
}
