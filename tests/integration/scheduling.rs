//! The scheduler in whole runs: its two ways to a decision, and the releases whose rules it follows.

use crate::behaviour::run;
use std::path::Path;
use wavetank::scheduler::component::DecisionPath;
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

#[test]
fn index_and_framework_make_the_same_run() {
    for name in ["quickstart", "node-failure", "hpa-peak"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        let (prepared, _) = prepare(&folder, &PrepareOptions::default()).expect("the scenario is good");
        let run = |decision_path| {
            simulate(&prepared, &RunOptions { decision_path, ..RunOptions::default() }).expect("it runs")
        };
        let (index, framework) = (run(DecisionPath::Index), run(DecisionPath::Framework));
        assert!(index.framework_attempts * 2 < index.scheduling_attempts, "{name}: the index decides");
        assert_eq!(framework.framework_attempts, framework.scheduling_attempts, "{name}");
        assert_eq!(index.checksum, framework.checksum, "{name}: events");
        assert_eq!(index.pods, framework.pods, "{name}: pods");
        assert_eq!(index.events, framework.events, "{name}: Kubernetes Events");
    }
}

#[test]
fn the_release_selects_the_rules() {
    let manifests = "apiVersion: v1
kind: Node
metadata: {name: tainted, labels: {only: here}}
spec: {taints: [{key: dedicated, value: batch, effect: NoSchedule}]}
status: {allocatable: {cpu: 4, memory: 8Gi, pods: 10}}
---
apiVersion: v1
kind: Pod
metadata: {name: solo}
spec:
  nodeSelector: {only: here}
  containers: [{name: c, image: app:v1, resources: {requests: {cpu: 100m}}}]
";
    for (version, reason) in
        [("1.34", "1 node(s) had untolerated taint {dedicated: batch}"), ("1.36", "1 node(s) had untolerated taint(s)")]
    {
        let facts = run(1, "a", manifests, &format!("duration: 1m\nkubernetesVersion: \"{version}\""));
        let failed = facts.events.iter().find(|event| event.reason == "FailedScheduling").expect("it does not fit");
        assert!(failed.message().contains(reason), "{version}: {}", failed.message());
    }
}
