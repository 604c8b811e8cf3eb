//! Requests from outside the cluster, to headless Services and to aliases: what each type of Service makes of them.

use crate::behaviour::run;
use crate::overflow::{MANIFESTS, wavetank};
use crate::routing::{CHEAP, deployment, got, play, service};
use wavetank::record::{Facts, RequestCount, RequestCounts};

fn counts(facts: &Facts) -> RequestCounts {
    facts.traffic[0].counts
}

/// A Deployment of the node with this number.
fn on_node(node: u32, replicas: u32) -> String {
    let pinned = format!("spec:\n      nodeSelector: {{kubernetes.io/hostname: n-{node}}}\n      containers:");
    deployment(&format!("on-{node}"), replicas, "").replace("spec:\n      containers:", &pinned)
}

fn lost(facts: &Facts, cause: RequestCount) -> u64 {
    let counts = counts(facts);
    let lost = counts.of(cause);
    assert_eq!(counts.failed(), lost, "nothing else fails");
    lost
}

#[test]
fn a_dead_node_loses_its_share_until_the_load_balancer_notes_it() {
    // The pods are on two nodes, and the third one, which dies, only hands requests on.
    let manifests = on_node(1, 1) + &on_node(2, 1);
    let crash = "faults: [{kind: nodeCrash, node: n-0, at: 100s, duration: 1000s}]";
    let play = |fields: &str| play(&(manifests.clone() + &service("app: web", fields)), CHEAP, crash);
    let inside = play("");
    assert_eq!(counts(&inside).failed(), 0, "no user inside the cluster comes by that node");
    let balanced = lost(&play(", type: LoadBalancer"), RequestCount::DeadEndpoint);
    // A third of 50/s for 16 to 24 s: three checks, 8 s apart. Four standard deviations more.
    assert!((200..470).contains(&balanced), "{balanced}");
    let ports = lost(&play(", type: NodePort"), RequestCount::DeadEndpoint);
    let expected = 200 * 50 / 3;
    assert!(ports.abs_diff(expected) < 250, "{ports} of {expected}: nobody checks");
}

#[test]
fn local_endpoints_share_what_comes_to_their_node() {
    let manifests = on_node(0, 3) + &on_node(1, 1);
    let play = |fields: &str| play(&(manifests.clone() + &service("app: web", fields)), CHEAP, "");
    let share = |facts: &Facts| got(facts, "on-1") / (got(facts, "on-0") + got(facts, "on-1"));
    let cluster = play(", type: LoadBalancer");
    assert_eq!(counts(&cluster).failed(), 0);
    assert!((share(&cluster) - 0.25).abs() < 0.02, "each pod has as much: {}", share(&cluster));
    let local = play(", type: LoadBalancer, externalTrafficPolicy: Local");
    assert_eq!(counts(&local).failed(), 0, "a node without pods gets nothing");
    assert!((share(&local) - 0.5).abs() < 0.02, "each node has as much: {}", share(&local));
    let dropped = lost(&play(", type: NodePort, externalTrafficPolicy: Local"), RequestCount::NoEndpoint);
    let expected = 270 * 50 / 3;
    assert!(dropped.abs_diff(expected) < 260, "{dropped} of {expected}: a node port takes them all the same");
}

#[test]
fn users_inside_the_cluster_can_be_asked_for() {
    let manifests = on_node(1, 1) + &service("app: web", ", type: NodePort, externalTrafficPolicy: Local");
    let facts = play(&manifests, "cpuPerRequest: 1ms, routing: {from: cluster}", "");
    assert_eq!(counts(&facts).failed(), 0);
}

#[test]
fn a_pod_that_leaves_its_node_empty_is_missed_for_some_checks() {
    let moves = "actions:\n- {at: 100s, scale: {target: deployment/on-0, replicas: 0}}";
    let play = |fields: &str| play(&(on_node(0, 1) + &on_node(1, 1) + &service("app: web", fields)), CHEAP, moves);
    let cluster = play(", type: LoadBalancer");
    let missed = counts(&cluster).failed();
    assert!(missed < 60, "the node hands requests on: {missed}");
    let local = play(", type: LoadBalancer, externalTrafficPolicy: Local");
    let missed = counts(&local).failed();
    // Half of 50/s until three checks have failed.
    assert!((330..720).contains(&missed), "{missed}");
}

#[test]
fn clients_of_a_headless_service_keep_what_its_name_resolved_to() {
    let renew = "actions:\n- {at: 100s, delete: {target: deployment/old}}\n- {at: 100s, scale: {target: deployment/new, replicas: 1}}";
    let manifests = |fields: &str| deployment("old", 1, "") + &deployment("new", 0, "") + &service("app: web", fields);
    let by_proxy = counts(&play(&manifests(""), CHEAP, renew)).failed();
    let facts = play(&manifests(", clusterIP: None"), CHEAP, renew);
    let by_name = counts(&facts);
    // Each of four clients asks again after up to 30 s, 15 s on average.
    assert!(by_name.failed() > by_proxy + 300, "{} and {by_proxy}", by_name.failed());
    assert!(by_name.failed() < 1_800, "{}", by_name.failed());
    assert!(got(&facts, "new") > 0.0);
    let gone = "actions:\n- {at: 100s, scale: {target: deployment/old, replicas: 0}}";
    let facts = play(&manifests(", clusterIP: None"), CHEAP, gone);
    assert!(counts(&facts).of(RequestCount::NoName) > 7_000, "a name without addresses");
}

#[test]
fn an_alias_is_followed() {
    let alias = "apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
";
    let manifests = deployment("web", 2, "") + &service("app: web", "") + alias;
    let entry = "{name: web, target: service/alias, fidelity: requests, rate: {steps: [{at: 30s, rate: 50}]}, cpuPerRequest: 1ms}";
    let facts = run(3, "a, b, c", &manifests, &format!("duration: 2m\ntraffic:\n- {entry}\n"));
    assert!(counts(&facts).offered() > 4_000);
    assert_eq!(counts(&facts).failed(), 0);
}

#[test]
fn an_alias_switches_to_another_service() {
    let named = |name: &str| service(&format!("track: {name}"), "").replace("name: web", &format!("name: {name}"));
    let alias = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: ExternalName, externalName: blue.default.svc.cluster.local}
";
    let manifests = deployment("blue", 2, "") + &deployment("green", 2, "") + &named("blue") + &named("green") + alias;
    let switch = "actions:\n- {at: 150s, patch: {target: service/web, patch: {spec: {externalName: green.default.svc.cluster.local}}}}";
    let facts = play(&manifests, CHEAP, switch);
    assert_eq!(counts(&facts).failed(), 0, "pods of both serve until every proxy knows");
    let share = got(&facts, "blue") / (got(&facts, "blue") + got(&facts, "green"));
    // 120 s of 270 s.
    assert!((share - 120.0 / 270.0).abs() < 0.02, "{share}");
}

#[test]
fn ways_that_lead_nowhere_are_refused() {
    let alias = "apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: db.example.com}
---
";
    let manifests = alias.to_owned() + &deployment("web", 1, "") + &service("app: web", "");
    let validate = |target: &str, routing: &str| {
        let entry = format!(
            "{{name: web, target: {target}, fidelity: requests, rate: {{constant: 5}}, cpuPerRequest: 1ms, routing: {routing}}}"
        );
        wavetank("validate", &format!("{MANIFESTS}  traffic:\n  - {entry}\n"), &manifests, "")
    };
    let cases = [
        ("service/alias", "{}", "`default/alias` stands for `db.example.com`, which is no Service of this cluster"),
        ("service/web", "{from: outside}", "`default/web` cannot be reached from outside"),
        ("deployment/web", "{from: outside}", "has no effect on this target"),
        ("service/web", "{healthCheck: {interval: 0s}}", "is not above zero"),
        ("service/web", "{healthCheck: {unhealthyThreshold: 0}}", "is 0 (expected 1 or more)"),
    ];
    for (target, routing, expected) in cases {
        let (code, message) = validate(target, routing);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(expected) && message.contains("scenario.yaml:9"), "{message}");
    }
    let (code, message) = validate("service/web", "{healthCheck: {interval: 5s}}");
    assert_eq!(code, Some(0), "{message}");
}
