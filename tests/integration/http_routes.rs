//! Requests that come by an Ingress or a Gateway: whose pods they meet, what a change of the route changes, what fails.

use crate::behaviour::run;
use std::fmt::Write as _;
use wavetank::record::{Facts, RequestCount, TrafficRecord};

/// Two Deployments with Services of their names, each of two pods.
fn shop() -> String {
    let mut text = String::new();
    for name in ["stable", "next"] {
        write!(
            text,
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{track: {name}}}}}
  template:
    metadata: {{labels: {{track: {name}}}}}
    spec:
      containers:
      - {{name: c, image: 'app:v1', resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{track: {name}}}, ports: [{{name: http, port: 80}}]}}
---
"
        )
        .unwrap();
    }
    text
}

/// An Ingress of the host `shop.example.com`.
fn ingress(name: &str, path: &str, service: &str, canary: Option<u32>) -> String {
    let annotations = canary.map_or(String::new(), |weight| {
        let prefix = "nginx.ingress.kubernetes.io";
        format!(", annotations: {{{prefix}/canary: 'true', {prefix}/canary-weight: '{weight}'}}")
    });
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}{annotations}}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths: [{{path: {path}, pathType: Prefix, backend: {{service: {{name: {service}, port: {{name: http}}}}}}}}]
---
"
    )
}

/// An HTTPRoute of the host with these backends.
fn http_route(backends: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: shop}}
spec:
  parentRefs: [{{name: public}}]
  hostnames: [shop.example.com]
  rules: [{{backendRefs: [{backends}]}}]
---
"
    )
}

/// Five minutes of 50 requests/s with these lines of the entry and of the spec.
fn play(manifests: &str, entry: &str, spec: &str) -> Facts {
    let mut text = "duration: 5m\ntraffic:\n".to_owned();
    let start = "{name: shop, fidelity: requests, cpuPerRequest: 1ms, rate: {steps: [{at: 30s, rate: 50}]}";
    writeln!(text, "- {start}, {entry}}}\n{spec}").unwrap();
    let facts = run(3, "a, b, c", manifests, &text);
    let counts = facts.traffic[0].counts;
    assert!((12_500..14_500).contains(&counts.offered()), "{}", counts.offered());
    assert!(counts.offered() - counts.ended() < 5, "each request is accounted for");
    let attempts: u64 = facts.traffic[0].backends.iter().map(|backend| backend.counts.of(RequestCount::Attempts)).sum();
    assert_eq!(attempts, counts.ended(), "each one ended at one backend");
    facts
}

fn entry(facts: &Facts) -> &TrafficRecord {
    &facts.traffic[0]
}

/// The share of a workload in all attempts.
fn share(facts: &Facts, workload: &str) -> f64 {
    let of = |backend: &&wavetank::record::BackendRecord| *backend.workload == *format!("Deployment/{workload}");
    entry(facts).backends.iter().filter(of).map(|backend| entry(facts).share_of(backend)).sum()
}

#[test]
fn a_canary_ingress_gets_its_weight() {
    let manifests = shop() + &ingress("main", "/", "stable", None) + &ingress("canary", "/", "next", Some(20));
    let backends = "target: ingress/main, backends: [{target: deployment/next, errorRate: 0.5}]";
    let facts = play(&manifests, backends, "");
    // Four standard deviations.
    let next = share(&facts, "next");
    assert!((next - 0.2).abs() < 0.014, "{next}");
    let failed: Vec<(u64, u64)> = entry(&facts)
        .backends
        .iter()
        .map(|backend| (backend.counts.of(RequestCount::Error), backend.counts.failed()))
        .collect();
    assert_eq!(failed.iter().filter(|(errors, _)| *errors > 0).count(), 1, "only the canary answers with errors");
    assert!(failed.iter().all(|(errors, failed)| errors == failed), "{failed:?}");
    let revisions: Vec<&str> = entry(&facts).backends.iter().map(|backend| backend.revision.as_str()).collect();
    assert!(revisions.iter().all(|name| name.starts_with("stable-") || name.starts_with("next-")), "{revisions:?}");
    let headers = "target: ingress/main, http: {headers: {Cookie: a=b}}";
    let without = play(&manifests, headers, "");
    assert!((share(&without, "next") - 0.2).abs() < 0.014, "no rule of the canary reads that header");
}

#[test]
fn a_canary_without_pods_gets_nothing() {
    let scaled = "actions:\n- {at: 60s, scale: {target: deployment/next, replicas: 0}}";
    let manifests = shop() + &ingress("main", "/", "stable", None) + &ingress("canary", "/", "next", Some(50));
    let facts = play(&manifests, "target: ingress/main, server: {afterSignal: serve}", scaled);
    assert_eq!(entry(&facts).counts.of(RequestCount::NoEndpoint), 0, "ingress-nginx sends them to the main one");
    let next = share(&facts, "next");
    // Half of the requests of 30 s of 270 s.
    assert!((next - 15.0 / 270.0).abs() < 0.01, "{next}");
    let weights = http_route("{name: stable, port: 80, weight: 1}, {name: next, port: 80, weight: 1}");
    let facts = play(&(shop() + &weights), "target: httproute/shop, server: {afterSignal: serve}", scaled);
    let lost = entry(&facts).counts.of(RequestCount::NoEndpoint);
    assert!(lost.abs_diff(240 * 25) < 400, "a Gateway answers with an error: {lost}");
}

#[test]
fn weights_that_change_change_the_shares_at_once() {
    let manifests = shop() + &http_route("{name: stable, port: 80}, {name: next, port: 80, weight: 0}");
    let patch = |at: &str, weight: u32| {
        format!(
            "- {{at: {at}, patch: {{target: httproute/shop, patch: [{{op: replace, path: /spec/rules/0/backendRefs/1/weight, value: {weight}}}]}}}}\n"
        )
    };
    let actions = format!("actions:\n{}{}", patch("120s", 3), patch("210s", 0));
    let facts = play(&manifests, "target: httproute/shop", &actions);
    assert_eq!(entry(&facts).counts.failed(), 0, "nothing is lost by it");
    let next = share(&facts, "next");
    // Three quarters of the requests of 90 s of 270 s.
    assert!((next - 0.25).abs() < 0.015, "{next}");
    let backend = entry(&facts).backends.iter().find(|backend| &*backend.workload == "Deployment/next").unwrap();
    let (first, last) = (backend.intervals.first().unwrap(), backend.intervals.last().unwrap());
    assert!(first.start.as_secs_f64() >= 119.0 && first.start.as_secs_f64() <= 121.0, "{:?}", first.start);
    assert!(last.start.as_secs_f64() <= 211.0, "the proxies know within a second: {:?}", last.start);
}

#[test]
fn what_no_rule_matches_fails() {
    let manifests = shop() + &ingress("main", "/cart", "stable", None);
    let to = |http: &str| {
        let facts = play(&manifests, &format!("http: {http}"), "");
        let counts = entry(&facts).counts;
        (counts.of(RequestCount::NoRoute) == counts.ended(), counts.served() == counts.ended())
    };
    assert_eq!(to("{host: shop.example.com, path: /cart/1}"), (false, true));
    assert_eq!(to("{host: shop.example.com, path: /other}"), (true, false));
    assert_eq!(to("{host: other.example.com, path: /cart}"), (true, false));
}

#[test]
fn a_backend_that_is_not_there_fails_for_its_share() {
    let manifests = shop() + &http_route("{name: stable, port: 80}, {name: gone, port: 80}");
    let facts = play(&manifests, "http: {host: shop.example.com}", "");
    let (missing, all) = (entry(&facts).counts.of(RequestCount::NoName), entry(&facts).counts.ended());
    // Four standard deviations of a half.
    assert!(missing.abs_diff(all / 2) < 240, "{missing} of {all}");
    assert_eq!(entry(&facts).counts.failed(), missing);
    let with_port = shop() + &ingress("main", "/", "stable", None).replace("name: http", "number: 81");
    let facts = play(&with_port, "target: ingress/main", "");
    assert_eq!(entry(&facts).counts.of(RequestCount::NoEndpoint), entry(&facts).counts.ended(), "no such port");
}

#[test]
fn a_route_that_is_deleted_takes_its_requests_with_it() {
    let gone = "actions:\n- {at: 165s, delete: ingress/main}";
    let facts = play(&(shop() + &ingress("main", "/", "stable", None)), "target: ingress/main", gone);
    let lost = entry(&facts).counts.of(RequestCount::NoRoute);
    // 135 s of 270 s.
    assert!(lost.abs_diff(135 * 50) < 400, "{lost}");
    assert_eq!(entry(&facts).counts.failed(), lost);
}
