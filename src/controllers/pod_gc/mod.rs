//! The pod garbage collector: pods that nobody else will remove.
//!
//! Mirrors `pkg/controller/podgc` (Kubernetes 1.36). Every collected pod is deleted with grace period 0, after its
//! phase became `Failed` where it was not terminal.

pub mod controller;

use crate::api::PodPhase;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// `gcCheckPeriod`: between two passes.
pub const GC_CHECK_PERIOD: SimDuration = SimDuration::from_secs(20);
/// `quarantineTime`: how long a node must have been missing since a pass first noticed it.
pub const QUARANTINE_TIME: SimDuration = SimDuration::from_secs(40);
/// `--terminated-pod-gc-threshold`: terminated pods that may stay; 0 or less turns that part off.
pub const TERMINATED_POD_GC_THRESHOLD: i32 = 12_500;

/// The node that a pod is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodNode {
    /// The pod is not bound.
    Unassigned,
    /// The Node object exists.
    Present {
        /// Its `Ready` condition is True.
        is_ready: bool,
        /// It has the taint `node.kubernetes.io/out-of-service`.
        is_out_of_service: bool,
    },
    /// There is no such Node object.
    Missing {
        /// When a pass first noticed that.
        noticed: SimTime,
    },
}

/// Why a pod is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GcReason {
    /// Too many terminated pods.
    Terminated,
    /// It is terminating on a node that is out of service and not ready.
    OutOfService,
    /// Its node is gone. The pod gets the condition `DisruptionTarget` with reason `DeletionByPodGC`.
    Orphaned,
    /// It is terminating and was never bound.
    UnscheduledTerminating,
}

/// Whether a pass at `now` collects a pod, the number of terminated pods aside ([`surplus_terminated`]).
pub fn gc_reason(is_deleting: bool, node: PodNode, now: SimTime) -> Option<GcReason> {
    match node {
        PodNode::Present { is_ready: false, is_out_of_service: true } if is_deleting => Some(GcReason::OutOfService),
        PodNode::Missing { noticed } if noticed + QUARANTINE_TIME <= now => Some(GcReason::Orphaned),
        PodNode::Unassigned if is_deleting => Some(GcReason::UnscheduledTerminating),
        _ => None,
    }
}

/// The pass that collects the pods of a node whose Node object went at `deleted`, when passes happen at `phase` and
/// every [`GC_CHECK_PERIOD`] from there: the first one notices, one after the quarantine collects.
pub fn orphan_collection_time(deleted: SimTime, phase: SimTime) -> SimTime {
    (deleted.next_tick(phase, GC_CHECK_PERIOD) + QUARANTINE_TIME).next_tick(phase, GC_CHECK_PERIOD)
}

/// A terminated pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminatedPod {
    /// `status.phase`; pods that are not terminal are left alone.
    pub phase: PodPhase,
    /// `status.reason` is `Evicted`.
    pub is_evicted: bool,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
}

/// Positions of the terminated pods to delete, in order (`gcTerminated`): those above the threshold, evicted ones
/// first, then the oldest. Pods of one creation time go in the order of the list, which should be by name.
pub fn surplus_terminated(pods: &[TerminatedPod], threshold: i32) -> Vec<usize> {
    let Some(threshold) = usize::try_from(threshold).ok().filter(|threshold| *threshold > 0) else {
        return Vec::new();
    };
    let mut terminated: Vec<usize> = (0..pods.len()).filter(|index| pods[*index].phase.is_terminal()).collect();
    let surplus = terminated.len().saturating_sub(threshold);
    if surplus == 0 {
        return Vec::new();
    }
    let is_evicted = |pod: &TerminatedPod| pod.is_evicted && pod.phase == PodPhase::Failed;
    // Few of many go in a pass: those are found first, and only they are sorted.
    let order = |index: &usize| (Reverse(is_evicted(&pods[*index])), pods[*index].created, *index);
    if surplus < terminated.len() {
        terminated.select_nth_unstable_by_key(surplus, order);
        terminated.truncate(surplus);
    }
    terminated.sort_unstable_by_key(order);
    terminated
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pods_that_nobody_ends_are_collected() {
        use GcReason::{Orphaned, OutOfService, UnscheduledTerminating};
        let present = |is_ready, is_out_of_service| PodNode::Present { is_ready, is_out_of_service };
        let missing = |seconds| PodNode::Missing { noticed: SimTime::from_secs(seconds) };
        let cases = [
            (true, present(false, true), Some(OutOfService), "the node is declared lost"),
            (true, present(true, true), None, "the node still works"),
            (true, present(false, false), None, "without the taint the pod stays terminating"),
            (false, present(false, true), None, "not being deleted"),
            (false, missing(60), Some(Orphaned), "quarantine over"),
            (true, missing(61), None, "in quarantine"),
            (true, PodNode::Unassigned, Some(UnscheduledTerminating), "no kubelet will end it"),
            (false, PodNode::Unassigned, None, "pending"),
        ];
        for (is_deleting, node, expected, why) in cases {
            assert_eq!(gc_reason(is_deleting, node, SimTime::from_secs(100)), expected, "{why}");
        }
    }

    #[test]
    fn a_deleted_node_is_noticed_and_then_waited_for() {
        let at = SimTime::from_secs;
        assert_eq!(orphan_collection_time(at(16), at(0)), at(60), "noticed at 20 s");
        assert_eq!(orphan_collection_time(at(1), at(5)), at(45), "noticed at 5 s");
    }

    #[test]
    fn evicted_pods_go_first_then_the_oldest() {
        let pod =
            |phase, is_evicted, created| TerminatedPod { phase, is_evicted, created: SimTime::from_secs(created) };
        let pods = [
            pod(PodPhase::Succeeded, false, 5),
            pod(PodPhase::Failed, true, 9),
            pod(PodPhase::Running, false, 0),
            pod(PodPhase::Failed, false, 3),
        ];
        assert_eq!(surplus_terminated(&pods, 1), [1, 3]);
        assert!(surplus_terminated(&pods, 3).is_empty(), "within the threshold");
        assert!(surplus_terminated(&pods, 0).is_empty(), "turned off");
    }

    proptest! {
        #[test]
        fn a_few_of_many_are_those_that_sorting_them_all_gives(
            pods in prop::collection::vec((any::<bool>(), any::<bool>(), 0_i64..9), 0..40),
            threshold in 1..40_i32,
        ) {
            let pod = |(ended, is_evicted, created): (bool, bool, i64)| TerminatedPod {
                phase: if ended { PodPhase::Failed } else { PodPhase::Running },
                is_evicted,
                created: SimTime::from_secs(created),
            };
            let pods: Vec<TerminatedPod> = pods.into_iter().map(pod).collect();
            let mut sorted: Vec<usize> = (0..pods.len()).filter(|index| pods[*index].phase.is_terminal()).collect();
            sorted.sort_by_key(|index| (!pods[*index].is_evicted, pods[*index].created));
            sorted.truncate(sorted.len().saturating_sub(usize::try_from(threshold).unwrap()));
            prop_assert_eq!(surplus_terminated(&pods, threshold), sorted);
        }
    }
}
