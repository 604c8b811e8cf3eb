//! HorizontalPodAutoscalers on what is measured of requests: in flight, in queues, latency, with the age of samples and while the
//! adapter has no answer.

use crate::behaviour::run;
use wavetank::record::Facts;
use wavetank::units::SimTime;

/// Deployment `web` with an autoscaler on a metric, from two to twenty replicas.
fn web(metric: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: c, image: 'app:v1', resources: {{requests: {{cpu: 100m}}}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
  minReplicas: 2
  maxReplicas: 20
  metrics: [{metric}]
"
    )
}

const IN_FLIGHT: &str =
    "{type: Pods, pods: {metric: {name: in_flight}, target: {type: AverageValue, averageValue: 4}}}";

/// Twenty, then from 5 min on a hundred requests per second, each of which takes 200 ms: four, then twenty in flight.
fn play(metric: &str, server: &str, metrics: &str) -> Facts {
    let spec = format!(
        "duration: 15m
traffic: [{{name: web, target: deployment/web, fidelity: requests, spacing: even, cpuPerRequest: 1ms, rate: {{steps: [{{at: 0s, rate: 20}}, {{at: 5m, rate: 100}}]}}, server: {{wait: {{fixed: 200ms}}{server}}}}}]
metrics: [{metrics}]
"
    );
    run(4, "a", &web(metric), &spec)
}

fn replicas(facts: &Facts, seconds: i64) -> i64 {
    let web = facts.workloads.iter().find(|workload| workload.name == "Deployment/web").unwrap();
    web.desired.value_at(SimTime::from_secs(seconds)).unwrap()
}

/// When the replicas were first raised after the load had, in seconds after it.
fn scaled_after(facts: &Facts) -> Option<f64> {
    let web = facts.workloads.iter().find(|workload| workload.name == "Deployment/web").unwrap();
    let raised = web.desired.points().iter().find(|(at, replicas)| *at >= SimTime::from_secs(300) && *replicas > 2)?;
    Some(raised.0.as_secs_f64() - 300.0)
}

fn has_event(facts: &Facts, reason: &str) -> bool {
    facts.events().any(|event| event.reason == reason)
}

#[test]
fn an_autoscaler_follows_the_requests_in_flight() {
    let facts =
        play(IN_FLIGHT, "", "{name: in_flight, type: Pods, value: {requests: {traffic: web, measure: inFlight}}}");
    assert_eq!(replicas(&facts, 299), 2, "four in flight are two for each pod");
    assert_eq!(replicas(&facts, 890), 5, "twenty in flight, four for each pod");
}

#[test]
fn a_queue_is_emptied_by_more_pods() {
    // Two pods with eight workers serve 80 of 100 requests/s.
    let metric = "{type: External, external: {metric: {name: queued}, target: {type: AverageValue, averageValue: 5}}}";
    let metrics =
        "{name: queued, type: External, value: {requests: {traffic: web, measure: queueLength, scrapeInterval: 5s}}}";
    let facts = play(metric, ", concurrency: 8", metrics);
    assert_eq!(replicas(&facts, 299), 2, "nothing waits");
    assert!(scaled_after(&facts).is_some_and(|after| after < 60.0), "{:?}", scaled_after(&facts));
    assert!(replicas(&facts, 420) >= 3, "as many as serve what comes");
}

#[test]
fn an_autoscaler_follows_a_quantile_of_the_latency() {
    let metric = "{type: External, external: {metric: {name: p95}, target: {type: Value, value: 300m}}}";
    let metrics = "{name: p95, type: External, value: {requests: {traffic: web, measure: latency, quantile: 0.95}}}";
    let facts = play(metric, ", concurrency: 8", metrics);
    assert_eq!(replicas(&facts, 299), 2, "200 ms are below 300 ms");
    assert!(replicas(&facts, 600) >= 3, "those in the queue wait for seconds");
}

#[test]
fn a_sample_is_answered_when_it_has_arrived() {
    let metrics = |delay: &str| {
        format!(
            "{{name: in_flight, type: Pods, value: {{requests: {{traffic: web, measure: inFlight, scrapeInterval: 5s, delay: {delay}}}}}}}"
        )
    };
    let (soon, late) = (play(IN_FLIGHT, "", &metrics("0s")), play(IN_FLIGHT, "", &metrics("2m")));
    let (soon, late) = (scaled_after(&soon).unwrap(), scaled_after(&late).unwrap());
    assert!(soon < 40.0 && (120.0..160.0).contains(&late), "{soon} and {late}");
}

#[test]
fn an_adapter_without_an_answer_scales_nothing() {
    let metrics = "{name: in_flight, type: Pods, value: {requests: {traffic: web, measure: inFlight}}, outages: [{at: 4m, duration: 5m}]}";
    let facts = play(IN_FLIGHT, "", metrics);
    assert!(has_event(&facts, "FailedGetPodsMetric"));
    let after = scaled_after(&facts).unwrap();
    assert!((240.0..280.0).contains(&after), "only when the adapter answers again, at 9 min: {after}");
}
