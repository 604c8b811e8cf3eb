//! HorizontalPodAutoscalers read pods that are alike together: every decision is the one of a look at each pod by itself.

use crate::behaviour;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt::Write as _;
use wavetank::record::Facts;
use wavetank::sim::RunOptions;

/// Deployments under HorizontalPodAutoscalers of every kind of metric of pods, with load that comes and goes, and what
/// takes pods out of their load.
fn random_case(seed: u64) -> (String, String) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut manifests = String::new();
    let mut spec = "duration: 150m\ntraffic:\n".to_owned();
    let services = random.random_range(1..4);
    for index in 0..services {
        let name = format!("s{index}");
        let limit = ["", ", limits: {cpu: 300m}"][random.random_range(0..2)];
        let sidecar = if random.random_bool(0.5) {
            ", {name: side, image: 'side:v1', resources: {requests: {cpu: 50m, memory: 32Mi}}}"
        } else {
            ""
        };
        let cpu = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}";
        let memory = "{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 150Mi}}}";
        let container = "{type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: AverageValue, averageValue: 120m}}}";
        let metrics = [cpu, container, memory][random.random_range(0..3)];
        let metrics = if random.random_bool(0.3) { format!("{metrics}, {memory}") } else { metrics.to_owned() };
        let _ = write!(
            manifests,
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: c, image: 'app:v1', resources: {{requests: {{cpu: 200m, memory: 128Mi}}{limit}}}}}{sidecar}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
  minReplicas: 2
  maxReplicas: 14
  metrics: [{metrics}]
---
"
        );
        let rate = match random.random_range(0..3) {
            0 => "{sine: {mean: 100, amplitude: 80, period: 40m}}".to_owned(),
            1 => format!(
                "{{steps: [{{at: 0s, rate: 40}}, {{at: {}m, rate: 150}}, {{at: 100m, rate: 60}}]}}",
                random.random_range(20..60)
            ),
            _ => "{constant: 120}".to_owned(),
        };
        let _ = writeln!(
            spec,
            "- {{target: deployment/default/{name}, rate: {rate}, cpuPerRequest: 8ms, cpuIdle: 5m, memoryPerPod: 100Mi, memoryPerRequest: 1Mi}}"
        );
    }
    let restart = random.random_range(30..90);
    let _ = writeln!(spec, "actions: [{{at: {restart}m, rolloutRestart: deployment/default/s0}}]");
    if random.random_bool(0.5) {
        let _ = writeln!(
            spec,
            "faults: [{{kind: nodeCrash, node: n-1, at: {}m, duration: 12m}}]",
            random.random_range(40..80)
        );
    }
    if random.random_bool(0.3) {
        let _ = writeln!(spec, "usage: [{{target: deployment/default/s0, cpu: {{constant: 20m}}}}]");
    }
    (manifests, spec)
}

#[test]
fn pods_that_are_taken_together_decide_as_each_by_itself() {
    let mut scalings = 0;
    for seed in 0..12 {
        let (manifests, spec) = random_case(seed);
        let play = |every_loop| -> Facts {
            let options = RunOptions { every_loop, ..RunOptions::default() };
            behaviour::run_with(6, "a, b", &manifests, &spec, options)
        };
        let (together, each) = (play(false), play(true));
        assert_eq!(together.autoscaling, each.autoscaling, "seed {seed}\n{spec}");
        assert_eq!(together.checksum, each.checksum, "seed {seed}\n{spec}");
        scalings += together.autoscaling.iter().filter(|decision| decision.changes_replicas()).count();
    }
    assert!(scalings > 60, "the cases do something: {scalings}");
}
