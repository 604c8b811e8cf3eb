//! What the controllers do differently under each `spec.kubernetesVersion` (`docs/model/kubernetes-versions.md`).

use crate::behaviour::run;
use wavetank::record::{Facts, PodRecord};
use wavetank::sim::{PrepareOptions, prepare};

/// A StatefulSet `db` of four pods with these further lines of its spec.
fn stateful_set(spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 4
  serviceName: db
  {spec}
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m}}}}}}]}}
"
    )
}

const HPA: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: db}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}
  minReplicas: 5
  maxReplicas: 9
  metrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: 1}}}]
";

fn secs(time: wavetank::units::SimTime) -> f64 {
    time.as_secs_f64()
}

/// How many pods are without a successor at most after the restart at 60 s.
fn most_gone(facts: &Facts) -> usize {
    let deleted: Vec<&PodRecord> = facts.pods.iter().filter(|pod| pod.deletion_requested.is_some()).collect();
    let successor_ready = |pod: &PodRecord| {
        let next = facts.pods.iter().find(|next| next.name == pod.name && next.created > pod.created);
        next.and_then(|next| next.ready)
    };
    deleted
        .iter()
        .map(|pod| {
            let at = pod.deletion_requested;
            deleted.iter().filter(|other| other.deletion_requested <= at && successor_ready(other) > at).count()
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn max_unavailable_counts_where_its_gate_is_on() {
    let manifest =
        stateful_set("podManagementPolicy: Parallel\n  updateStrategy: {rollingUpdate: {maxUnavailable: 2}}");
    let cases = [
        ("1.34", "", 1),
        ("1.35", "", 2),
        ("1.36", "", 1),
        ("1.37", "", 2),
        ("1.36", "\ncontrolPlane: {featureGates: {MaxUnavailableStatefulSet: true}}", 2),
        ("1.37", "\ncontrolPlane: {featureGates: {MaxUnavailableStatefulSet: false}}", 1),
    ];
    for (version, gates, expected) in cases {
        let spec = format!(
            "duration: 3m\nkubernetesVersion: \"{version}\"\nactions: [{{at: 60s, rolloutRestart: sts/default/db}}]{gates}"
        );
        let facts = run(2, "a", &manifest, &spec);
        assert_eq!(facts.pods.len(), 8, "{version}");
        assert_eq!(most_gone(&facts), expected, "{version}{gates}");
    }
}

#[test]
fn before_1_36_availability_is_seen_late() {
    let manifest = stateful_set("minReadySeconds: 30");
    for (version, expected) in [("1.35", 58.0..62.0), ("1.36", 30.0..33.0)] {
        let facts = run(2, "a", &manifest, &format!("duration: 5m\nkubernetesVersion: \"{version}\""));
        let [first, second] = [0, 1].map(|index| secs(facts.pods[index].created));
        assert!(expected.contains(&(second - first)), "{version}: {first} {second}");
    }
}

#[test]
fn from_1_37_an_autoscaler_acts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hpa.yaml");
    std::fs::write(&file, HPA).unwrap();
    let changed = folder.path().join("changed.yaml");
    std::fs::write(&changed, HPA.replace("minReplicas: 5", "minReplicas: 7")).unwrap();
    let actions = format!("[{{at: 60s, apply: '{}'}}, {{at: 122s, apply: '{}'}}]", file.display(), changed.display());
    let metric = "metrics: [{type: External, name: queue, value: {series: {constant: 1}}}]";
    for (version, to_5, to_7) in [("1.36", 75.0..75.5, 134.9..136.0), ("1.37", 60.0..60.5, 122.0..122.5)] {
        let spec = format!("duration: 4m\nkubernetesVersion: \"{version}\"\n{metric}\nactions: {actions}");
        let facts = run(2, "a", &stateful_set("podManagementPolicy: Parallel"), &spec);
        let scaled = |replicas| {
            let points = facts.workloads[0].desired.points();
            secs(points.iter().find(|(_, desired)| *desired == replicas).expect("it is scaled").0)
        };
        assert!(to_5.contains(&scaled(5)), "{version}: {}", scaled(5));
        assert!(to_7.contains(&scaled(7)), "{version}: {}", scaled(7));
    }
}

#[test]
fn zero_replicas_and_an_ignored_field_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = stateful_set("updateStrategy: {rollingUpdate: {maxUnavailable: 2}}")
        + "---\n"
        + &HPA.replace("minReplicas: 5", "minReplicas: 0");
    std::fs::write(folder.path().join("all.yaml"), manifests).unwrap();
    let file = folder.path().join("scenario.yaml");
    let zero = "spec.minReplicas is 0 (expected at least 1: the gate HPAScaleToZero is off in Kubernetes 1.36)";
    let ignored = "maxUnavailable is ignored: the gate MaxUnavailableStatefulSet is off in Kubernetes 1.36";
    for (version, is_told) in [("1.36", true), ("1.37", false)] {
        let text = format!(
            "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  duration: 1m\n  manifests: \
             [all.yaml]\n  kubernetesVersion: \"{version}\"\n  metrics: [{{type: External, name: queue, value: {{series: {{constant: \
             1}}}}}}]\n  nodePools: [{{name: n, count: 1, capacity: {{cpu: 4, memory: 8Gi}}}}]\n"
        );
        std::fs::write(&file, text).unwrap();
        let (Ok((_, diagnostics)) | Err(diagnostics)) = prepare(&file, &PrepareOptions::default());
        let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        for message in [zero, ignored] {
            assert_eq!(told.iter().any(|line| line.contains(message)), is_told, "{version}: {told:?}");
        }
    }
}
