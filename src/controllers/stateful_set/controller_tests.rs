//! The running StatefulSet controller against what a real control plane did.

use crate::api::{PodManagementPolicy, PodPhase, PodSpec};
use crate::cluster::{Disruption, PodId};
use crate::controllers::test_cluster::TestCluster;
use crate::units::SimDuration;

#[test]
fn an_ordered_stateful_set_does_what_the_recorded_one_did() {
    let mut test = TestCluster::new(4);
    let id = test.stateful_set(4, PodManagementPolicy::OrderedReady);
    test.run_until(23_479);
    let (_, template) = test.template("app:v2", PodSpec::default());
    test.update_stateful_set(id, |set| set.object.template = template);
    test.run_until(50_795);
    assert_eq!(test.cluster.stateful_set(id).current_template, template, "the update is complete");
    test.update_stateful_set(id, |set| set.object.replicas = 2);
    test.run_until(57_228);
    test.update_stateful_set(id, |set| set.object.replicas = 3);
    test.run_until(65_488);
    test.check([
        &[97, 5146, 10_177, 15_219, 24_524, 30_583, 36_634, 42_694, 57_238],
        &[5133, 10_166, 15_209, 20_263, 29_545, 35_605, 41_671, 47_723, 62_256],
        &[23_497, 29_553, 35_613, 41_677, 50_811, 51_824],
        &[24_518, 30_575, 36_629, 42_691, 51_822, 52_836],
    ]);
    let names: Vec<_> = test.pods().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["db-0", "db-1", "db-2"]);
    let created = test.messages("SuccessfulCreate");
    assert_eq!((created.len(), created[0]), (9, "Create Pod db-0 in StatefulSet db successful"));
    let deleted = test.messages("SuccessfulDelete");
    assert_eq!((deleted.len(), deleted[0]), (6, "Delete Pod db-3 in StatefulSet db successful"));
    test.check_quiet();
}

#[test]
fn parallel_pods_come_at_once_within_the_clients_rate() {
    let mut test = TestCluster::new(4);
    let id = test.stateful_set(50, PodManagementPolicy::Parallel);
    test.run_until(30_000);
    let created = &test.milestones[0];
    assert_eq!(created.len(), 50);
    // 30 at once in slow-start batches, then 20 a second.
    assert!((900..1_200).contains(&created[49]), "{created:?}");
    test.update_stateful_set(id, |set| set.object.replicas = 10);
    test.run_until(60_000);
    assert_eq!(test.milestones[2].len(), 40);
    assert_eq!(test.pods().len(), 10);
    test.check_quiet();
}

#[test]
fn an_ended_pod_is_replaced_under_its_name() {
    let mut test = TestCluster::new(1);
    test.stateful_set(1, PodManagementPolicy::OrderedReady);
    test.run_until(10_000);
    test.cluster.end_pod(PodId::from_index(0), PodPhase::Failed, "Error", test.now());
    test.react();
    test.run_until(20_000);
    assert_eq!(test.pods().len(), 1);
    assert_eq!(test.cluster.pods().len(), 2);
    assert_eq!(test.messages("RecreatingFailedPod"), ["StatefulSet default/db is recreating failed Pod db-0"]);
}

#[test]
fn a_deletion_that_was_overtaken_does_not_stall_the_set() {
    let mut test = TestCluster::new(1);
    let id = test.stateful_set(40, PodManagementPolicy::Parallel);
    test.run_until(30_000);
    test.update_stateful_set(id, |set| set.object.replicas = 0);
    test.run_until(30_100);
    let waiting: Vec<PodId> =
        test.cluster.stateful_set(id).pods.iter().copied().filter(|pod| test.cluster.pod(*pod).is_active()).collect();
    assert!(!waiting.is_empty(), "the client's rate holds some back");
    for pod in waiting {
        test.cluster.delete_pod(pod, SimDuration::ZERO, Disruption::Eviction, test.now());
    }
    test.react();
    test.update_stateful_set(id, |set| set.object.replicas = 1);
    test.run_until(60_000);
    assert_eq!(test.pods().len(), 1);
}
