//! How late the HorizontalPodAutoscaler answers a step of load, over many seeds.

use std::path::Path;
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

const APP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 500m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 2
  maxReplicas: 20
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
";

/// Seconds from the step to the first scale-up, by seed, in ascending order.
fn delays(folder: &Path, control_plane: &str) -> Vec<f64> {
    std::fs::write(folder.join("app.yaml"), APP).unwrap();
    let scenario = format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: step}}
spec:
  duration: 12m
  manifests: [app.yaml]
  controlPlane: {control_plane}
  nodePools: [{{name: node, count: 3, capacity: {{cpu: 16, memory: 64Gi}}}}]
  traffic:
  - {{target: deployment/web, cpuPerRequest: 10ms, rate: {{steps: [{{at: 0s, rate: 40}}, {{at: 600s, rate: 300}}]}}}}
"
    );
    let file = folder.join("scenario.yaml");
    std::fs::write(&file, scenario).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default()).unwrap();
    let delay = |seed| {
        let facts = simulate(&prepared, &RunOptions { seed: Some(seed), ..RunOptions::default() }).unwrap();
        let mut rescales = facts.events().filter(|event| event.reason == "SuccessfulRescale");
        rescales.by_ref().map(|event| event.first.as_secs_f64() - 600.0).find(|delay| *delay > 0.0).unwrap()
    };
    let mut delays: Vec<f64> = (1..=40).map(delay).collect();
    delays.sort_by(f64::total_cmp);
    delays
}

fn mean(delays: &[f64]) -> f64 {
    delays.iter().sum::<f64>() / 40.0
}

#[test]
fn a_step_of_load_is_answered_sooner_or_later() {
    let folder = tempfile::tempdir().unwrap();
    let default = delays(folder.path(), "{}");
    // A look every 10 s, a scrape and a sync every 15 s, each in a phase of its own.
    assert!((15.0..25.0).contains(&mean(&default)), "{default:?}");
    assert!(default[39] > 30.0 && default[39] < 41.0, "{default:?}");
    assert!(default[0] < 12.0, "{default:?}");
    let slow = delays(folder.path(), "{metricsServer: {metricResolution: 30s}}");
    assert!((22.0..33.0).contains(&mean(&slow)) && slow[39] < 56.0, "{slow:?}");
}
