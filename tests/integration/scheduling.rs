//! The scheduler in whole runs: its two ways to a decision, and the releases whose rules it follows.

use crate::behaviour::run;
use proptest::prelude::*;
use std::path::Path;
use wavetank::scheduler::DecisionPath;
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
        assert_eq!(index.event_table, framework.event_table, "{name}: Kubernetes Events");
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
        let failed = facts.events().find(|event| event.reason == "FailedScheduling").expect("it does not fit");
        assert!(failed.message().contains(reason), "{version}: {}", failed.message());
    }
}

/// Documents whose order among each other means nothing: each is looked up by name when it is needed.
const LOOKED_UP: [&str; 6] = [
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n",
    "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: urgent}\nvalue: 1000\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web, namespace: shop}\n\
     spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n",
    "apiVersion: v1\nkind: LimitRange\nmetadata: {name: defaults, namespace: shop}\n\
     spec: {limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop}\nspec: {selector: {app: api}, ports: [{port: 80}]}\n",
];

/// A Deployment; its pods are queued in the order in which Deployments are created.
fn deployment(name: &str, replicas: u32, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  \
         replicas: {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    spec:\n      {spec}\n      \
         containers: [{{name: c, image: app, resources: {{requests: {{cpu: 700m}}}}}}]\n"
    )
}

/// Where each pod landed, and when.
fn placements(documents: &[String]) -> Vec<(String, Option<String>, Option<wavetank::units::SimTime>)> {
    let facts = run(4, "a, b", &documents.join("---\n"), "duration: 2m");
    let node = |node: u32| facts.nodes[node as usize].name.to_string();
    facts.pods.iter().map(|pod| (pod.name.to_string(), pod.node.map(node), pod.scheduled)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_documents_matters_only_where_it_is_the_order_of_creation(
        order in Just((0..LOOKED_UP.len() + 2).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        // Two places are for the Deployments, which keep their order.
        let in_order = [
            deployment("web", 11, "priorityClassName: urgent"),
            deployment("api", 11, "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                                  [{topologyKey: topology.kubernetes.io/zone, namespaceSelector: {matchLabels: {team: a}}, \
                                  labelSelector: {matchLabels: {app: web}}}]}}"),
        ];
        let documents = |order: &[usize]| -> Vec<String> {
            let mut deployments = in_order.iter().cloned();
            let document = |place: &usize| match LOOKED_UP.get(*place) {
                Some(text) => (*text).to_owned(),
                None => deployments.next().unwrap_or_default(),
            };
            order.iter().map(document).collect()
        };
        let sorted: Vec<usize> = (0..LOOKED_UP.len() + 2).collect();
        let expected = placements(&documents(&sorted));
        prop_assert_eq!(expected.len(), 22);
        prop_assert!(expected.iter().any(|(_, node, _)| node.is_none()), "4 nodes take 5 pods each");
        prop_assert_eq!(placements(&documents(&order)), expected);
    }
}

#[test]
fn the_default_class_with_the_lowest_value_wins() {
    let class = |name: &str, value: i32| {
        format!(
            "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\n\
             value: {value}\nglobalDefault: true\n---\n"
        )
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: solo}\nspec: {containers: [{name: c, image: app}]}\n";
    for (classes, expected) in [
        (vec![("high", 700), ("low", 300)], 300),
        (vec![("low", 300), ("high", 700)], 300),
        (vec![("only", 700)], 700),
        (vec![], 0),
    ] {
        let text: String = classes.iter().map(|(name, value)| class(name, *value)).collect();
        let facts = run(1, "a", &(text + pod), "duration: 1m");
        assert_eq!(facts.pods[0].priority, expected, "{classes:?}");
    }
}

#[test]
fn pods_carry_the_topology_labels_of_their_node() {
    // The second pod wants to be where a pod with the label of zone b is: only the label of the node can have put it there.
    let manifests = "apiVersion: v1
kind: Pod
metadata: {name: first}
spec:
  nodeSelector: {topology.kubernetes.io/zone: b}
  containers: [{name: c, image: app}]
---
apiVersion: v1
kind: Pod
metadata: {name: second}
spec:
  affinity:
    podAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {topology.kubernetes.io/zone: b}}}
  containers: [{name: c, image: app}]
";
    for (version, follows) in [("1.36", true), ("1.34", false)] {
        let facts = run(4, "a, b", manifests, &format!("duration: 10m\nkubernetesVersion: \"{version}\""));
        let node = |name: &str| facts.pods.iter().find(|pod| &*pod.name == name).unwrap().node;
        assert!(node("first").is_some());
        assert_eq!(
            node("second") == node("first"),
            follows,
            "{version}: first on {:?}, second on {:?}",
            node("first"),
            node("second")
        );
    }
}

#[test]
fn selectors_find_one_pod_of_a_stateful_set() {
    // Four nodes: three pods of `db` and `blocker` take one each, the fourth of `db` waits. `early` comes before the pods that
    // it asks for, `late` after them. `guard` keeps `db-3` away, which waits already, also when `blocker` has ended.
    let manifests = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 4
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: app, resources: {requests: {cpu: 3}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: blocker, labels: {app: blocker}, annotations: {wavetank.dev/run-for: 180s}}
spec: {restartPolicy: Never, containers: [{name: c, image: app, resources: {requests: {cpu: 3}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: early}
spec:
  affinity:
    podAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {apps.kubernetes.io/pod-index: '1'}}}
  containers: [{name: c, image: app}]
";
    let term = |labels: &str| {
        format!(
            "{{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname, \
             labelSelector: {{matchLabels: {{{labels}}}}}}}]}}"
        )
    };
    let name = |pod: &str| term(&format!("statefulset.kubernetes.io/pod-name: {pod}"));
    let arriving = |name: &str, affinity: String| {
        format!(
            "- {{name: {name}, every: {{fixed: 60s}}, limit: 1, template: {{spec: {{affinity: {{{affinity}}}, \
             containers: [{{name: c, image: app}}]}}}}}}\n"
        )
    };
    let late = arriving("late", format!("podAffinity: {}", name("db-2")));
    let without = run(4, "a", manifests, &format!("duration: 10m\narrivals:\n{late}"));
    let guard = format!("podAffinity: {}, podAntiAffinity: {}", term("app: blocker"), name("db-3"));
    let with = run(4, "a", manifests, &format!("duration: 10m\narrivals:\n{late}{}", arriving("guard", guard)));
    for (facts, db_3_is_placed) in [(&without, true), (&with, false)] {
        let node = |name: &str| facts.pods.iter().find(|pod| pod.name.starts_with(name)).expect("it came").node;
        assert!(node("early").is_some() && node("late").is_some());
        assert_eq!((node("early"), node("late")), (node("db-1"), node("db-2")));
        assert_eq!(node("db-3").is_some(), db_3_is_placed);
    }
}

#[test]
fn a_nomination_ends_when_a_pod_of_higher_priority_takes_the_place() {
    // One node, full of a pod that takes long to stop. `mid` preempts it and waits; `high` comes and takes the place.
    let class = |name: &str, value: u32| {
        format!(
            "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}\n---\n"
        )
    };
    let low = "apiVersion: v1\nkind: Pod\nmetadata: {name: low, annotations: {wavetank.dev/stop-delay: 500s}}\n\
               spec: {terminationGracePeriodSeconds: 600, \
               containers: [{name: c, image: app, resources: {requests: {cpu: 3500m}}}]}\n";
    let arriving = |name: &str, at: &str| {
        format!(
            "- {{name: {name}, every: {{fixed: {at}}}, limit: 1, template: {{spec: {{priorityClassName: {name}, \
             containers: [{{name: c, image: app, resources: {{requests: {{cpu: 3500m}}}}}}]}}}}}}\n"
        )
    };
    let reason_of_mid = |arrivals: &str| {
        let spec = format!("duration: 5m\narrivals:\n{arrivals}");
        let facts = run(1, "a", &(class("mid", 10) + &class("high", 20) + low), &spec);
        let mid = facts.pods.iter().find(|pod| pod.name.starts_with("mid")).expect("it came");
        mid.reason.to_string()
    };
    let waits = "not eligible due to a terminating pod on the nominated node.";
    let alone = reason_of_mid(&arriving("mid", "60s"));
    let with_high = reason_of_mid(&(arriving("mid", "60s") + &arriving("high", "120s")));
    assert!(!alone.is_empty() && !with_high.is_empty());
    assert!(!with_high.contains(waits), "it waits for nothing any more: {with_high}");
    assert_ne!(alone, with_high);
}
