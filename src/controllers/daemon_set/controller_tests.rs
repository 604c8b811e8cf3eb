//! The running DaemonSet controller against what a real control plane did.

use crate::api::{Labels, PodPhase, PodSpec, Taint, TaintEffect};
use crate::cluster::{NodeId, PodId};
use crate::controllers::test_cluster::TestCluster;

#[test]
fn a_daemon_set_does_what_the_recorded_one_did() {
    let mut test = TestCluster::new(5);
    let id = test.daemon_set(PodSpec::default());
    test.run_until(9_016);
    let workload = test.cluster.daemon_set(id).workload;
    assert_eq!(test.cluster.workload(workload).desired, 5);
    let (_, template) = test.template("app:v2", PodSpec::default());
    test.cluster.update_daemon_set(id, |set| set.object.template = template);
    test.react();
    test.run_until(49_203);
    test.add_node();
    test.run_until(59_050);
    test.cluster.update_node(NodeId::from_index(0), |node| node.unschedulable = true);
    test.react();
    test.run_until(64_058);
    test.check([
        &[29, 49, 49, 58, 58, 10_046, 16_110, 22_164, 28_213, 34_252, 49_217],
        &[5051, 5078, 5088, 5090, 5090, 15_069, 21_147, 27_189, 33_234, 39_272, 54_246],
        &[9033, 15_072, 21_151, 27_199, 33_238],
        &[10_044, 16_128, 22_175, 28_218, 34_251],
    ]);
    let nodes: std::collections::BTreeSet<_> = test.pods().into_iter().map(|(_, node)| node).collect();
    assert_eq!(nodes.len(), 6, "one pod a node, the cordoned one included");
    assert_eq!(test.cluster.workload(workload).desired, 6);
    assert!(test.messages("SuccessfulCreate")[0].starts_with("Created pod: agent-"));
    assert!(test.messages("SuccessfulDelete")[0].starts_with("Deleted pod: agent-"));
    test.check_quiet();
}

#[test]
fn pods_have_the_labels_of_their_revision() {
    let mut test = TestCluster::new(1);
    let id = test.daemon_set(PodSpec::default());
    let first = test.cluster.daemon_set(id).object.template;
    let mut seen = Vec::new();
    for template in [None, Some("app:v2"), None] {
        let template = template.map_or(first, |image| test.template(image, PodSpec::default()).1);
        test.cluster.update_daemon_set(id, |set| set.object.template = template);
        test.react();
        let now = test.now().as_nanos() / 1_000_000;
        test.run_until(now + 30_000);
        let labels = test.cluster.pod_labels(*test.cluster.daemon_set(id).pods.last().unwrap());
        seen.push(["pod-template-generation", "controller-revision-hash"].map(|key| labels.get(key).cloned().unwrap()));
    }
    let generations: Vec<&str> = seen.iter().map(|[generation, _]| &**generation).collect();
    assert_eq!(generations, ["1", "2", "3"], "a template that comes back is counted again");
    let [[_, first], [_, second], [_, third]] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(first != second && first == third, "its hash is the same: {seen:?}");
}

#[test]
fn a_failed_daemon_pod_is_replaced_with_growing_delays() {
    let mut test = TestCluster::new(1);
    test.daemon_set(PodSpec::default());
    let mut failed = Vec::new();
    for _ in 0..3 {
        let now = test.now().as_nanos() / 1_000_000;
        test.run_until(now + 100);
        let pod = PodId::from_index(test.cluster.pods().len() - 1);
        test.cluster.end_pod(pod, PodPhase::Failed, "Error", test.now());
        test.react();
        let failed_at = test.now();
        while test.cluster.pod(pod).exists() {
            let now = test.now().as_nanos() / 1_000_000;
            test.run_until(now + 10);
        }
        failed.push((test.now() - failed_at).as_nanos() / 1_000_000);
    }
    // The first goes at once; the next ones wait until 1 s, then 2 s after the deletion before.
    assert!(
        failed[0] <= 20 && (800..=1_020).contains(&failed[1]) && (1_800..=2_020).contains(&failed[2]),
        "{failed:?}"
    );
    assert_eq!(test.messages("FailedDaemonPod").len(), 3);
}

#[test]
fn nodes_that_do_not_fit_get_no_daemon() {
    let mut test = TestCluster::new(3);
    let node_selector: Labels = [("disk", "ssd")].into_iter().collect();
    let id = test.daemon_set(PodSpec { node_selector, ..PodSpec::default() });
    test.run_until(10_000);
    let nodes = |test: &TestCluster| test.pods().into_iter().map(|(_, node)| node).collect::<Vec<_>>().join(" ");
    let mut found: Vec<_> = test.pods().into_iter().map(|(_, node)| node).collect();
    found.sort();
    assert_eq!(found, ["node-0", "node-2"]);
    let taint = |effect| Taint { key: "gpu".into(), value: "".into(), effect, time_added: None };
    test.cluster.update_node(NodeId::from_index(0), |node| node.taints.push(taint(TaintEffect::NoSchedule)));
    test.react();
    test.run_until(20_000);
    assert_eq!(test.pods().len(), 2, "a NoSchedule taint leaves the pod where it is");
    let workload = test.cluster.daemon_set(id).workload;
    assert_eq!(test.cluster.workload(workload).desired, 1);
    test.cluster.update_node(NodeId::from_index(2), |node| node.taints.push(taint(TaintEffect::NoExecute)));
    test.react();
    test.run_until(30_000);
    assert_eq!(nodes(&test), "node-0");
    test.check_quiet();
}

#[test]
fn a_daemon_pod_whose_node_is_gone_before_it_was_bound_is_deleted() {
    let mut test = TestCluster::new(2);
    let id = test.daemon_set(PodSpec::default());
    // The pods are created at 8 and 16 ms; the scheduler does not get to the second one.
    test.run_until(17);
    test.cluster.remove_node(NodeId::from_index(1), test.now());
    test.react();
    test.run_until(10_000);
    assert_eq!(test.pods().into_iter().map(|(_, node)| node).collect::<Vec<_>>(), ["node-0"]);
    let workload = test.cluster.daemon_set(id).workload;
    assert_eq!(test.cluster.workload(workload).desired, 1);
}
