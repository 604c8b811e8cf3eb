//! The ReplicaSet controller: how many pods to create or delete, and which ones go first.
//!
//! Mirrors `pkg/controller/replicaset` and the ranking of `pkg/controller/controller_utils.go` (Kubernetes 1.36).

pub mod controller;

use crate::api::PodPhase;
use crate::units::{SimDuration, SimTime};
use std::cmp::{Ordering, Reverse};

/// `BurstReplicas` (`pkg/controller/replicaset`): pods created or deleted in one sync at most.
pub const BURST_REPLICAS: i32 = 500;

/// What one sync does to the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaChange {
    /// The number is right.
    None,
    /// Creates this many pods.
    Create(i32),
    /// Deletes this many pods.
    Delete(i32),
}

/// `manageReplicas`: compares `spec.replicas` with the number of active pods (neither terminal nor being deleted).
pub fn replica_change(spec_replicas: i32, active: i32) -> ReplicaChange {
    match active.cmp(&spec_replicas) {
        Ordering::Less => ReplicaChange::Create(spec_replicas.saturating_sub(active).min(BURST_REPLICAS)),
        Ordering::Equal => ReplicaChange::None,
        Ordering::Greater => ReplicaChange::Delete(active.saturating_sub(spec_replicas).min(BURST_REPLICAS)),
    }
}

/// When a pod that is ready since `ready_since` becomes available (`IsPodAvailable`). The API stores the condition's last
/// transition in whole seconds, so that up to a second of `minReadySeconds` is over before the pod is ready.
pub fn available_at(ready_since: SimTime, min_ready: SimDuration) -> SimTime {
    ready_since.truncated_to_second() + min_ready.max_zero()
}

/// What the ranking looks at. `Uid` orders like the text of `metadata.uid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankedPod<Uid> {
    /// `metadata.uid`.
    pub uid: Uid,
    /// Whether the pod is bound to a node.
    pub is_assigned: bool,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Since when the pod is ready; `None` while it is not.
    pub ready_since: Option<SimTime>,
    /// `controller.kubernetes.io/pod-deletion-cost`; 0 where it is not set.
    pub deletion_cost: i32,
    /// Active pods of all ReplicaSets of the same owner on this pod's node, itself included; 0 while it has no node.
    pub related_on_node: i32,
    /// Highest restart count of a regular container.
    pub restarts: i32,
    /// Highest restart count of a sidecar.
    pub sidecar_restarts: i32,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
}

/// Phases in the order in which pods are deleted.
const fn phase_rank(phase: PodPhase) -> u8 {
    match phase {
        PodPhase::Pending => 0,
        PodPhase::Unknown => 1,
        PodPhase::Running => 2,
        PodPhase::Succeeded | PodPhase::Failed => 3,
    }
}

/// The power of two of an age in nanoseconds; -1 for an age that is not positive (`logarithmicRankDiff`). The real
/// controller takes a floating-point logarithm, which differs within a few nanoseconds below a power of two only.
fn age_bucket(from: SimTime, now: SimTime) -> i32 {
    let age = (now - from).as_nanos();
    if age > 0 { i32::try_from(age.ilog2()).unwrap_or(i32::MAX) } else { -1 }
}

/// Orders two pods of a controller: the lesser one is deleted first (`ActivePodsWithRanks.Less`).
///
/// This is not a total order: two pods ready at different instants of one bucket are ordered by uid, two ready at the
/// same instant by restarts. [`deletion_order`] copes with that.
pub fn deletion_rank<Uid: Ord>(a: &RankedPod<Uid>, b: &RankedPod<Uid>, now: SimTime) -> Ordering {
    let younger_first =
        |a_time, b_time| age_bucket(a_time, now).cmp(&age_bucket(b_time, now)).then_with(|| a.uid.cmp(&b.uid));
    (a.is_assigned.cmp(&b.is_assigned))
        .then_with(|| phase_rank(a.phase).cmp(&phase_rank(b.phase)))
        .then_with(|| a.ready_since.is_some().cmp(&b.ready_since.is_some()))
        .then_with(|| a.deletion_cost.cmp(&b.deletion_cost))
        .then_with(|| Reverse(a.related_on_node).cmp(&Reverse(b.related_on_node)))
        .then_with(|| match (a.ready_since, b.ready_since) {
            (Some(a_time), Some(b_time)) if a_time != b_time => younger_first(a_time, b_time),
            _ => Ordering::Equal,
        })
        .then_with(|| Reverse(a.restarts).cmp(&Reverse(b.restarts)))
        .then_with(|| Reverse(a.sidecar_restarts).cmp(&Reverse(b.sidecar_restarts)))
        .then_with(|| if a.created == b.created { Ordering::Equal } else { younger_first(a.created, b.created) })
}

/// Positions of `pods` in the order of deletion, by a merge sort: the standard library's sort may panic on an order
/// that is not total. Equal pods keep their order.
pub fn deletion_order<Uid: Ord>(pods: &[RankedPod<Uid>], now: SimTime) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pods.len()).collect();
    let mut merged = Vec::with_capacity(pods.len());
    let mut width = 1;
    while width < order.len() {
        merged.clear();
        for run in order.chunks(2 * width) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
                if deletion_rank(&pods[*b], &pods[*a], now) == Ordering::Less {
                    merged.push(*b);
                    right = right_rest;
                } else {
                    merged.push(*a);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    order
}

/// Positions of the `count` pods to delete (`getPodsToDelete`): the ranking is asked only if some pods stay.
pub fn pods_to_delete<Uid: Ord>(pods: &[RankedPod<Uid>], count: usize, now: SimTime) -> Vec<usize> {
    if count >= pods.len() {
        return (0..pods.len()).collect();
    }
    let mut order = deletion_order(pods, now);
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: SimTime = SimTime::from_secs(100_000);

    fn seconds_ago(seconds: i64) -> SimTime {
        NOW - SimDuration::from_secs(seconds)
    }

    fn pod(uid: u64) -> RankedPod<u64> {
        RankedPod {
            uid,
            is_assigned: true,
            phase: PodPhase::Running,
            ready_since: Some(seconds_ago(1000)),
            deletion_cost: 0,
            related_on_node: 1,
            restarts: 0,
            sidecar_restarts: 0,
            created: seconds_ago(1010),
        }
    }

    #[test]
    fn the_first_difference_decides() {
        let cases = [
            ("unassigned first", RankedPod { is_assigned: false, deletion_cost: 9, ..pod(9) }, pod(1)),
            ("pending first", RankedPod { phase: PodPhase::Pending, deletion_cost: 9, ..pod(9) }, pod(1)),
            ("not ready first", RankedPod { ready_since: None, deletion_cost: 9, ..pod(9) }, pod(1)),
            ("low cost first", RankedPod { deletion_cost: -1, ..pod(9) }, RankedPod { related_on_node: 5, ..pod(1) }),
            ("crowded node first", RankedPod { related_on_node: 2, ..pod(9) }, pod(1)),
            ("ready later first", RankedPod { ready_since: Some(seconds_ago(10)), ..pod(9) }, pod(1)),
            (
                "same bucket: smaller uid, and restarts do not count",
                pod(1),
                RankedPod { ready_since: Some(seconds_ago(900)), restarts: 7, ..pod(9) },
            ),
            ("more restarts first", RankedPod { restarts: 1, ..pod(9) }, RankedPod { sidecar_restarts: 3, ..pod(1) }),
            ("more sidecar restarts first", RankedPod { sidecar_restarts: 1, ..pod(9) }, pod(1)),
            ("younger first", RankedPod { created: seconds_ago(20), ..pod(9) }, pod(1)),
        ];
        for (why, first, second) in cases {
            assert_eq!(deletion_rank(&first, &second, NOW), Ordering::Less, "{why}");
            assert_eq!(deletion_rank(&second, &first, NOW), Ordering::Greater, "{why}");
        }
    }

    #[test]
    fn a_sync_is_bounded() {
        assert_eq!(replica_change(3, 3), ReplicaChange::None);
        assert_eq!(replica_change(5000, 0), ReplicaChange::Create(500));
        assert_eq!(replica_change(0, 501), ReplicaChange::Delete(500));
    }

    #[test]
    fn no_ranking_when_all_go() {
        let pods = [pod(2), pod(1)];
        assert_eq!(pods_to_delete(&pods, 5, NOW), [0, 1]);
        let pods = [pod(2), RankedPod { ready_since: None, ..pod(3) }];
        assert_eq!(pods_to_delete(&pods, 1, NOW), [1]);
    }

    proptest! {
        #[test]
        fn any_pods_are_ordered_without_loss(ages in proptest::collection::vec((0..4_i64, 0..2_i32, 0..9_u64), 0..80)) {
            let pods: Vec<_> = ages
                .iter()
                .map(|(age, restarts, uid)| RankedPod {
                    ready_since: Some(seconds_ago(1000 + age)),
                    restarts: *restarts,
                    ..pod(*uid)
                })
                .collect();
            let mut order = deletion_order(&pods, NOW);
            order.sort_unstable();
            prop_assert_eq!(order, (0..pods.len()).collect::<Vec<_>>());
        }

        #[test]
        fn not_ready_pods_go_before_ready_ones(ready in proptest::collection::vec(any::<bool>(), 0..60)) {
            let pods: Vec<_> = ready
                .iter()
                .map(|ready| RankedPod { ready_since: ready.then_some(seconds_ago(50)), ..pod(1) })
                .collect();
            let order = deletion_order(&pods, NOW);
            prop_assert!(order.is_sorted_by_key(|index| (pods[*index].ready_since.is_some(), *index)));
        }
    }
}
