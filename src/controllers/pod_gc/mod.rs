//! The pod garbage collector: pods that nobody else will remove.
//!
//! Mirrors `pkg/controller/podgc` (Kubernetes 1.36). Every collected pod is deleted with grace period 0, after its
//! phase became `Failed` where it was not terminal.
//!
//! Pods that terminate without ever having been bound go at once here, unless their Jobs have still to count them.
//!
//! Known deviations: pods that terminate on a node with the taint `node.kubernetes.io/out-of-service` are not collected.

pub mod controller;

use crate::api::PodPhase;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// `quarantineTime`: how long a node must have been missing since a pass first noticed it.
const QUARANTINE_TIME: SimDuration = SimDuration::from_secs(40);

/// The pass that collects the pods of a node whose Node object went at `deleted`, when passes happen at
/// `phase` and every `period` from there: the first one notices, one after the quarantine collects.
pub fn orphan_collection_time(deleted: SimTime, phase: SimTime, period: SimDuration) -> SimTime {
    (deleted.next_tick(phase, period) + QUARANTINE_TIME).next_tick(phase, period)
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
    fn a_deleted_node_is_noticed_and_then_waited_for() {
        let at = SimTime::from_secs;
        let cases = [
            (16, 0, 20, 60, "noticed at 20 s"),
            (20, 0, 20, 60, "noticed at once"),
            (1, 0, 15, 60, "noticed at 15 s, in quarantine until 55 s"),
            (16, 13, 20, 73, "noticed at 33 s"),
            (1, 13, 20, 53, "noticed at 13 s, in quarantine until then"),
        ];
        for (deleted, phase, period, expected, why) in cases {
            let found = orphan_collection_time(at(deleted), at(phase), SimDuration::from_secs(period));
            assert_eq!(found, at(expected), "{why}");
        }
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
