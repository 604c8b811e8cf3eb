//! Which of a Job's active pods are deleted first.
//!
//! Mirrors `activePodsForRemoval` and `controller.ActivePods` (Kubernetes 1.36).

use super::PodView;
use crate::api::PodPhase;
use crate::cluster::PodId;
use crate::units::SimTime;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

/// What the order looks at, besides phase and readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// Whether the pod is bound to a node.
    pub is_assigned: bool,
    /// Since when the pod is ready, in whole seconds; `None` while it is not.
    pub ready_since: Option<SimTime>,
    /// Container restarts.
    pub restarts: u32,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
}

/// Orders two pods: the lesser one is deleted first (`ActivePods.Less`).
fn order(a: &PodView, b: &PodView) -> Ordering {
    let phase = |pod: &PodView| match pod.phase {
        PodPhase::Pending => 0,
        PodPhase::Unknown => 1,
        _ => 2,
    };
    (a.rank.is_assigned.cmp(&b.rank.is_assigned))
        .then_with(|| phase(a).cmp(&phase(b)))
        .then_with(|| a.is_ready.cmp(&b.is_ready))
        .then_with(|| b.rank.ready_since.cmp(&a.rank.ready_since))
        .then_with(|| Reverse(a.rank.restarts).cmp(&Reverse(b.rank.restarts)))
        .then_with(|| b.rank.created.cmp(&a.rank.created))
}

/// The active pods to delete, at least `count`: of an Indexed Job all whose index is too large or held by another pod too.
pub fn pods_to_remove(active: &[&PodView], count: usize, indexed_completions: Option<i32>) -> Vec<PodId> {
    let (mut removed, mut left): (Vec<&PodView>, Vec<&PodView>) = (Vec::new(), active.to_vec());
    if let Some(completions) = indexed_completions {
        let mut by_index: BTreeMap<i32, Vec<&PodView>> = BTreeMap::new();
        for pod in std::mem::take(&mut left) {
            match pod.job.index.filter(|index| *index < completions) {
                Some(index) => by_index.entry(index).or_default().push(pod),
                None => removed.push(pod),
            }
        }
        for mut pods in by_index.into_values() {
            pods.sort_by(|a, b| order(a, b));
            left.extend(pods.pop());
            removed.extend(pods);
        }
    }
    left.sort_by(|a, b| order(a, b));
    let more = count.saturating_sub(removed.len());
    removed.extend(left.into_iter().take(more));
    removed.into_iter().map(|pod| pod.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::JobPod;
    use crate::controllers::job::tests::pod;

    #[test]
    fn what_has_done_least_goes_first() {
        let at = SimTime::from_secs;
        let ready = |id, since, created| PodView {
            is_ready: true,
            rank: Rank { is_assigned: true, ready_since: Some(at(since)), restarts: 0, created: at(created) },
            ..pod(id, PodPhase::Running)
        };
        let assigned = |id, phase, restarts| PodView {
            rank: Rank { is_assigned: true, restarts, ..Rank::default() },
            ..pod(id, phase)
        };
        let pods = [
            ready(0, 5, 1),
            ready(1, 9, 1),
            assigned(2, PodPhase::Running, 0),
            assigned(3, PodPhase::Running, 2),
            assigned(4, PodPhase::Pending, 0),
            pod(5, PodPhase::Pending),
        ];
        let active: Vec<&PodView> = pods.iter().collect();
        let removed = pods_to_remove(&active, 6, None);
        let expected = [5, 4, 3, 2, 1, 0].map(PodId::from_index);
        assert_eq!(removed, expected, "unassigned, pending, restarted, not ready, ready last, ready first");
        assert_eq!(pods_to_remove(&active, 2, None), expected[..2]);
    }

    #[test]
    fn an_index_has_one_pod() {
        let indexed = |id, index| PodView {
            job: JobPod { index: Some(index), ..JobPod::default() },
            rank: Rank { created: SimTime::from_secs(i64::try_from(id).unwrap()), ..Rank::default() },
            ..pod(id, PodPhase::Running)
        };
        let pods = [indexed(0, 0), indexed(1, 0), indexed(2, 7), indexed(3, 1)];
        let active: Vec<&PodView> = pods.iter().collect();
        let removed = pods_to_remove(&active, 0, Some(5));
        assert_eq!(removed, [2, 1].map(PodId::from_index), "an index that is too large, and the younger of two");
        assert_eq!(pods_to_remove(&active, 3, Some(5)).len(), 3);
    }
}
