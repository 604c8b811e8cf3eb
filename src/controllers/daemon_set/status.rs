//! The counts of the status of a DaemonSet (`updateDaemonSetStatus` of `pkg/controller/daemon`, Kubernetes 1.36).

use super::{DaemonNodeView, Eligibility};
use crate::api::DaemonSetStatus;

/// The counts of the status that a sync writes (`updateDaemonSetStatus`): the first pod of each node counts.
pub fn scheduled_status(nodes: &[DaemonNodeView<'_>]) -> DaemonSetStatus {
    let mut status = DaemonSetStatus::default();
    for node in nodes {
        if node.eligibility != Eligibility::ShouldRun {
            status.number_misscheduled += i32::from(!node.pods.is_empty());
            continue;
        }
        status.desired_number_scheduled += 1;
        if let Some(pod) = node.pods.iter().min_by_key(|pod| pod.created) {
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(pod.is_ready);
            status.number_available += i32::from(pod.is_available);
            status.updated_number_scheduled += i32::from(pod.is_updated);
        }
    }
    status.number_unavailable = status.desired_number_scheduled - status.number_available;
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PodPhase;
    use crate::controllers::daemon_set::DaemonPodView;
    use crate::units::SimTime;

    #[test]
    fn the_status_counts_nodes() {
        let pod = |is_ready, is_available, is_updated| DaemonPodView {
            is_updated,
            phase: PodPhase::Running,
            is_scheduled: true,
            is_ready,
            is_available,
            is_deleting: false,
            created: SimTime::ZERO,
        };
        let whole = [pod(true, true, true)];
        let young = [pod(true, false, true)];
        let old = [pod(false, false, false), DaemonPodView { created: SimTime::from_secs(9), ..pod(true, true, true) }];
        let node = |eligibility, pods| DaemonNodeView { eligibility, pods, backoff: None };
        let nodes = [
            node(Eligibility::ShouldRun, &whole[..]),
            node(Eligibility::ShouldRun, &young[..]),
            node(Eligibility::ShouldRun, &old[..]),
            node(Eligibility::ShouldRun, &[]),
            node(Eligibility::No, &whole[..]),
            node(Eligibility::No, &[]),
        ];
        let expected = DaemonSetStatus {
            observed_generation: 0,
            desired_number_scheduled: 4,
            current_number_scheduled: 3,
            number_misscheduled: 1,
            number_ready: 2,
            updated_number_scheduled: 2,
            number_available: 1,
            number_unavailable: 3,
        };
        assert_eq!(scheduled_status(&nodes), expected, "of several pods of a node the oldest counts");
    }
}
