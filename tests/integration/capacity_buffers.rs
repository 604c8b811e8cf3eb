//! Room that autoscalers keep for pods that are yet to come.

use std::fs;
use std::path::Path;
use wavetank::record::Facts;
use wavetank::sim::{PrepareOptions, RunOptions, simulate};
use wavetank::study;
use wavetank::units::SimTime;

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: '1', memory: 1Gi}}}]}
";

const BUFFER: &str = "
apiVersion: autoscaling.x-k8s.io/v1beta1
kind: CapacityBuffer
metadata: {name: web, namespace: shop}
spec: {scalableRef: {apiGroup: apps, kind: Deployment, name: web}, replicas: 5}
";

const NODE_POOL: &str = "
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: default}
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: default}
      requirements:
        - {key: kubernetes.io/arch, operator: In, values: [amd64]}
        - {key: kubernetes.io/os, operator: In, values: [linux]}
        - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
        - {key: karpenter.kwok.sh/instance-cpu, operator: In, values: ['4']}
  disruption: {consolidationPolicy: WhenEmptyOrUnderutilized, consolidateAfter: 30s}
";

/// Scales the Deployment to seven pods after half an hour.
const KARPENTER: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: buffers}
spec:
  duration: 1h
  manifests: [web.yaml, pool.yaml, buffer.yaml]
  cloud: {catalogues: [kwok]}
  karpenter: {featureGates: {CapacityBuffer: true}}
  actions: [{at: 30m, scale: {target: deployment/shop/web, replicas: 7}}]
";

/// The same with a group of nodes of four cores.
const CLUSTER_AUTOSCALER: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: buffers}
spec:
  duration: 1h
  manifests: [web.yaml, buffer.yaml]
  nodePools: [{name: n, count: 1, min: 1, max: 9, capacity: {cpu: 4, memory: 16Gi}}]
  clusterAutoscaler:
    flags:
      capacity-buffer-controller-enabled: true
      capacity-buffer-pod-injection-enabled: true
      scale-down-delay-after-add: 1m
      scale-down-unneeded-time: 1m
  actions: [{at: 30m, scale: {target: deployment/shop/web, replicas: 7}}]
";

fn run(scenario: &str, buffer: &str) -> Facts {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("scenario.yaml", scenario);
    write("web.yaml", WEB);
    write("pool.yaml", NODE_POOL);
    write("buffer.yaml", buffer);
    play(folder.path())
}

fn play(folder: &Path) -> Facts {
    let (prepared, _) = study::single::prepare(folder, &PrepareOptions::default()).expect("the scenario is good");
    simulate(&prepared, &RunOptions { check_invariants: true, ..RunOptions::default() }).expect("it runs")
}

fn seconds(time: SimTime) -> f64 {
    time.since_start().as_secs_f64()
}

/// Seconds that the pods which came after half an hour waited for a node, the longest.
fn longest_wait(facts: &Facts) -> f64 {
    let later = facts.pods.iter().filter(|pod| seconds(pod.created) >= 1_800.0);
    later.filter_map(|pod| Some((pod.scheduled? - pod.created).as_secs_f64())).fold(0.0, f64::max)
}

#[test]
fn karpenter_keeps_the_room_of_a_buffer() {
    check(KARPENTER);
}

#[test]
fn the_cluster_autoscaler_keeps_the_room_of_a_buffer() {
    check(CLUSTER_AUTOSCALER);
}

/// Two pods take half of four cores, five chunks need more nodes; none of them is taken away as empty.
fn check(scenario: &str) {
    let with = run(scenario, BUFFER);
    let without = run(scenario, "");
    assert!(longest_wait(&with) < 1.0, "{}", longest_wait(&with));
    assert!(longest_wait(&without) > 10.0, "{}", longest_wait(&without));
    let ready_before = |facts: &Facts| {
        let at = |node: &&wavetank::record::NodeRecord| {
            seconds(node.created) < 1_800.0 && node.deleted.is_none_or(|gone| seconds(gone) > 1_800.0)
        };
        facts.nodes.iter().filter(at).count()
    };
    assert!(ready_before(&with) > ready_before(&without), "{} {}", ready_before(&with), ready_before(&without));
}
