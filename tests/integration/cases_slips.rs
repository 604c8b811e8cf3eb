//! Cases of input as people have it and of likely slips: what is read, what is refused, what is warned about.

use super::cases::Answer;

/// A text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_runtime_class_adds_to_its_pods_or_refuses_them() {
    let case = "s07-runtimeclass-overhead";
    let fits = [
        ("cluster-no-selector.yaml", "pod.yaml", "1", "the overhead leaves room for one"),
        ("cluster-no-selector.yaml", "pod-overhead.yaml", "1", "the pod may name the overhead itself"),
        ("cluster.yaml", "pod.yaml", "0", "no node has the label"),
    ];
    for (cluster, pod, expected, why) in fits {
        let answer = Answer::of(case, &["fit", "-f", cluster, "--pod", pod, "-o", "json"]);
        let report: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
        assert_eq!(report["fits"].to_string(), expected, "{why}: {}", answer.out);
        assert!(!answer.errors.contains("warning"), "{why}: {}", answer.errors);
    }
    let refused = [
        ("pod-other-overhead.yaml", "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
        ("pod-unknown-class.yaml", "pods \"p\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found"),
    ];
    for (pod, expected) in refused {
        let answer = Answer::of(case, &["fit", "-f", "cluster.yaml", "--pod", pod]);
        assert_eq!(answer.code, 2, "{pod}: {}", answer.out);
        assert!(answer.errors.contains(expected), "{pod}: {}", answer.errors);
    }
}

#[test]
fn pods_of_a_run_are_admitted_to_their_runtime_class() {
    let answer = Answer::run("s07-runtimeclass-overhead", &["scenario.yaml"]);
    let nodes: Vec<String> = answer.table("pods.csv").iter().map(|pod| pod["node"].clone()).collect();
    let on_vm = nodes.iter().filter(|node| node.starts_with("vm-")).count();
    assert_eq!((nodes.len(), on_vm), (3, 2), "one on each node with the label and the taint: {nodes:?}");
    let failed = answer.table("events.csv").into_iter().find(|event| event["reason"] == "FailedCreate").unwrap();
    let conflict = "conflict: runtimeClass.scheduling.nodeSelector[virt] = yes; pod.spec.nodeSelector[virt] = no";
    assert!(failed["message"].contains(conflict), "{failed:?}");
    let refused = "pods of the arrivals are not created; the first: pods \"jobs-0\" is forbidden: pod rejected: \
                   RuntimeClass \"gone\" not found";
    assert!(unwrapped(&answer.out).contains(refused), "{}", answer.out);
}
