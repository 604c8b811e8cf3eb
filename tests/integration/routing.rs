//! Requests to Services: whose pods they meet, and what they lose when that changes.

use crate::behaviour::run;
use std::fmt::Write as _;
use wavetank::record::{Facts, RequestCount, RequestCounts};

/// Requests that pods do not notice.
pub const CHEAP: &str = "cpuPerRequest: 1ms";

/// A Deployment whose pods have the labels `app: web` and `track: NAME`, and a second to end in.
pub fn deployment(name: &str, replicas: u32, container: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{track: {name}}}}}
  template:
    metadata: {{labels: {{app: web, track: {name}}}}}
    spec:
      containers:
      - {{name: c, image: 'app:v1', resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}{container}}}
---
"
    )
}

/// A Service `web` with this selector and further fields.
pub fn service(selector: &str, fields: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{{selector}}}, ports: [{{port: 80}}]{fields}}}
---
"
    )
}

/// Five minutes of 50 requests/s to the Service, with further lines of the entry and of the spec.
pub fn play(manifests: &str, entry: &str, spec: &str) -> Facts {
    let mut text = "duration: 5m\ntraffic:\n".to_owned();
    let start = "{name: web, target: service/web, fidelity: requests, rate: {steps: [{at: 30s, rate: 50}]}";
    writeln!(text, "- {start}, {entry}}}\n{spec}").unwrap();
    run(3, "a, b, c", manifests, &text)
}

fn counts(facts: &Facts) -> RequestCounts {
    let counts = facts.traffic[0].counts;
    assert!((12_500..14_500).contains(&counts.offered()), "{}", counts.offered());
    assert!(counts.offered() - counts.ended() < 5, "each request is accounted for");
    counts
}

/// Requests that a workload got.
pub fn got(facts: &Facts, workload: &str) -> f64 {
    let record = facts.workloads.iter().find(|record| *record.name == *format!("Deployment/{workload}")).unwrap();
    let milli = i64::try_from(record.request_rate_milli.integral_until(facts.end) / 1_000_000_000).unwrap();
    f64::from(i32::try_from(milli).unwrap()) / 1000.0
}

#[test]
fn a_canary_gets_the_share_of_its_pods() {
    let manifests = deployment("stable", 3, "") + &deployment("canary", 1, "") + &service("app: web", "");
    let backends = "cpuPerRequest: 1ms, backends: [{target: deployment/canary, errorRate: 0.5}]";
    let facts = play(&manifests, backends, "");
    let counts = counts(&facts);
    // An eighth of all: four standard deviations.
    let (errors, expected) = (counts.of(RequestCount::Error), counts.offered() / 8);
    assert!(errors.abs_diff(expected) < 155, "{errors} of {expected}");
    assert_eq!(counts.failed(), errors, "nothing else fails");
    let (stable, canary) = (got(&facts, "stable"), got(&facts, "canary"));
    assert!((canary / (stable + canary) - 0.25).abs() < 0.02, "{canary} beside {stable}");
}

#[test]
fn another_selector_switches_the_requests() {
    let manifests = deployment("blue", 2, "") + &deployment("green", 2, "") + &service("track: blue", "");
    let switch = "actions:\n- {at: 150s, patch: {target: service/web, patch: {spec: {selector: {track: green}}}}}";
    let facts = play(&manifests, CHEAP, switch);
    let counts = counts(&facts);
    assert_eq!(counts.failed(), 0, "pods of both serve until every proxy knows");
    let (blue, green) = (got(&facts, "blue"), got(&facts, "green"));
    let share = blue / (blue + green);
    // 120 s of 270 s.
    assert!((share - 120.0 / 270.0).abs() < 0.02, "{share}");
}

#[test]
fn a_name_that_is_not_there_yet_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.yaml");
    std::fs::write(&file, service("app: web", "")).unwrap();
    let late = format!("actions:\n- {{at: 90s, apply: '{}'}}", file.display());
    let facts = play(&deployment("web", 2, ""), CHEAP, &late);
    let counts = counts(&facts);
    let (missing, expected) = (counts.of(RequestCount::NoName), 60 * 50);
    assert!(missing.abs_diff(expected) < 220, "{missing} of {expected}");
    // Until the controller and the proxies know of its endpoints.
    let without = counts.of(RequestCount::NoEndpoint);
    assert!((1..100).contains(&without), "{without}");
    assert_eq!(counts.failed(), missing + without);
}

#[test]
fn the_last_pod_serves_while_it_terminates() {
    let hook = ", lifecycle: {preStop: {sleep: {seconds: 20}}}";
    let gone = "actions:\n- {at: 2m, scale: {target: deployment/web, replicas: 0}}";
    let play = |fields: &str| play(&(deployment("web", 2, hook) + &service("app: web", fields)), CHEAP, gone);
    let facts = play("");
    let counts = counts(&facts);
    let lost = counts.failed();
    // It serves for the 20 s of its hook, and then there is nobody for 160 s: a second in which it refuses, and the time of the proxies.
    assert!(lost.abs_diff(160 * 50) < 360, "{lost}");
    assert!(counts.of(RequestCount::NoEndpoint) + 130 > lost, "{lost}");
}

#[test]
fn pods_that_are_not_ready_get_requests_where_the_service_says_so() {
    let probe = ", readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 3600}";
    let manifests = |fields: &str| deployment("web", 2, probe) + &service("app: web", fields);
    let without = counts(&play(&manifests(""), CHEAP, ""));
    assert_eq!(without.of(RequestCount::NoEndpoint), without.offered());
    let published = counts(&play(&manifests(", publishNotReadyAddresses: true"), CHEAP, ""));
    assert_eq!(published.failed(), 0);
}

#[test]
fn topology_keeps_requests_in_their_zone() {
    // One pod in each zone, clients in one: all of them meet the pod of theirs, or each a third.
    let spread = "
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}";
    let manifests = |fields: &str| {
        let deployment = deployment("web", 3, "").replacen("    spec:", &format!("    spec:{spread}"), 1);
        deployment + &service("app: web", fields)
    };
    let cpu_of_pods = |fields: &str| {
        let facts = play(
            &manifests(fields),
            "server: {concurrency: 1, queue: 0}, cpuPerRequest: 10ms, routing: {zones: [b]}",
            "",
        );
        let counts = counts(&facts);
        (counts.of(RequestCount::QueueFull), counts.failed())
    };
    // A pod with one place at half an erlang loses a third of its requests, at a sixth of one a seventh.
    let (near, all) = cpu_of_pods(", trafficDistribution: PreferClose");
    assert_eq!(near, all);
    assert!(near.abs_diff(13_500 / 3) < 300, "{near}");
    let (anywhere, _) = cpu_of_pods("");
    assert!(anywhere.abs_diff(13_500 / 7) < 200, "{anywhere}");
}

#[test]
fn what_leaves_its_zone_is_counted_and_priced() {
    let spread = "
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}";
    let manifests = |fields: &str| {
        let deployment = deployment("web", 3, "").replacen("    spec:", &format!("    spec:{spread}"), 1);
        deployment + &service("app: web", fields)
    };
    let priced = "cloud: {pricing: {crossZonePerGb: 0.02}}";
    let sizes = "cpuPerRequest: 1ms, requestBytes: 1k, responseBytes: 9k";
    let facts = play(&manifests(""), sizes, priced);
    let record = &facts.traffic[0];
    let ratio = record.cross_zone_ratio().unwrap();
    // Four standard deviations of two thirds.
    assert!((ratio - 2.0 / 3.0).abs() < 0.017, "{ratio}");
    let crossed = f64::from(u32::try_from(record.counts.of(RequestCount::CrossZone)).unwrap());
    let bytes = record.cross_zone_bytes().unwrap();
    assert!((bytes - crossed * 10_000.0).abs() < 50_000.0, "all but those on their way are answered: {bytes}");
    let dollars = record.cross_zone_dollars().unwrap();
    assert!((dollars - bytes / 1e9 * 0.02).abs() < 1e-12, "{dollars}");
    let near = play(&manifests(", trafficDistribution: PreferSameZone"), sizes, priced);
    assert_eq!(near.traffic[0].counts.of(RequestCount::CrossZone), 0);
    assert_eq!(near.traffic[0].cross_zone_dollars(), Some(0.0));
    let unpriced = &play(&manifests(""), sizes, "").traffic[0];
    assert!(unpriced.cross_zone_bytes().is_some() && unpriced.cross_zone_dollars().is_none(), "no price: unknown");
    let unweighed = &play(&manifests(""), "cpuPerRequest: 1ms, responseBytes: 9k", priced).traffic[0];
    assert!(unweighed.cross_zone_bytes().is_none() && unweighed.cross_zone_dollars().is_none(), "no size: unknown");
}
