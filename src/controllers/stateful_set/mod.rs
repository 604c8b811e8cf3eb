//! The StatefulSet controller: which pods one sync creates and deletes.
//!
//! Mirrors `updateStatefulSet` of `pkg/controller/statefulset` (Kubernetes 1.36). `maxUnavailable` of the rolling
//! update (a gate that is off by default) is not here; claims are made by the running controller.

pub mod controller;
#[cfg(test)]
mod controller_tests;

use crate::api::{PodManagementPolicy, PodPhase, StatefulSetStatus, StatefulSetUpdateStrategy};

/// What a sync sees of the StatefulSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatefulSetView {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.ordinals.start`.
    pub first_ordinal: i32,
    /// `spec.podManagementPolicy`.
    pub pod_management_policy: PodManagementPolicy,
    /// `spec.updateStrategy`.
    pub update_strategy: StatefulSetUpdateStrategy,
    /// Whether it has a deletion timestamp: then nothing is done.
    pub is_deleting: bool,
}

/// The revision that a pod has or is created with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodRevision {
    /// `status.currentRevision`: the one being replaced. Any other old revision counts the same.
    Current,
    /// `status.updateRevision`: the one of the template. While no update is going on it is the current one too, and
    /// pods of it are marked as this.
    Update,
}

/// What a sync sees of one pod. No two pods have the same ordinal, since the ordinal is in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatefulPodView {
    /// The number at the end of its name.
    pub ordinal: i32,
    /// Its revision.
    pub revision: PodRevision,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Condition `Ready`.
    pub is_ready: bool,
    /// Ready for `minReadySeconds`.
    pub is_available: bool,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
}

impl StatefulPodView {
    /// Whether others need not wait for it (not `isUnavailable`).
    const fn is_healthy(&self) -> bool {
        self.is_running_and_available() && !self.is_deleting
    }

    const fn is_running_and_available(&self) -> bool {
        matches!(self.phase, PodPhase::Running) && self.is_ready && self.is_available
    }
}

/// The counts of the status that a sync writes (`computeReplicaStatus`). `is_updating` is whether the current revision is
/// another one than the update revision.
pub fn replica_status(pods: &[StatefulPodView], is_updating: bool) -> StatefulSetStatus {
    let count = |counts: &dyn Fn(&StatefulPodView) -> bool| {
        i32::try_from(pods.iter().filter(|pod| counts(pod)).count()).unwrap_or(i32::MAX)
    };
    let is_ready = |pod: &StatefulPodView| pod.phase == PodPhase::Running && pod.is_ready;
    let is_of = |pod: &StatefulPodView, revision| pod.revision == revision && !pod.is_deleting;
    let updated_replicas = count(&|pod| is_of(pod, PodRevision::Update));
    StatefulSetStatus {
        replicas: count(&|_| true),
        ready_replicas: count(&is_ready),
        available_replicas: count(&|pod| pod.is_running_and_available()),
        current_replicas: if is_updating { count(&|pod| is_of(pod, PodRevision::Current)) } else { updated_replicas },
        updated_replicas,
        ..StatefulSetStatus::default()
    }
}

/// One write of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatefulSetAction {
    /// Creates the pod of an ordinal.
    Create {
        /// The ordinal.
        ordinal: i32,
        /// Its revision.
        revision: PodRevision,
    },
    /// Deletes the pod of an ordinal.
    Delete {
        /// The ordinal.
        ordinal: i32,
    },
}

/// One sync: the writes, in order. `pods` may come in any order.
pub fn sync(set: &StatefulSetView, pods: &[StatefulPodView]) -> Vec<StatefulSetAction> {
    let mut actions = Vec::new();
    if set.is_deleting {
        return actions;
    }
    let is_monotonic = set.pod_management_policy == PodManagementPolicy::OrderedReady;
    let end = i64::from(set.first_ordinal) + i64::from(set.replicas.max(0));
    let is_wanted = |pod: &StatefulPodView| pod.ordinal >= set.first_ordinal && i64::from(pod.ordinal) < end;
    let mut wanted: Vec<&StatefulPodView> = pods.iter().filter(|pod| is_wanted(pod)).collect();
    wanted.sort_by_key(|pod| pod.ordinal);
    let mut condemned: Vec<&StatefulPodView> = pods.iter().filter(|pod| !is_wanted(pod)).collect();
    condemned.sort_by_key(|pod| pod.ordinal);

    // Where each wanted ordinal's pod is, if it exists: the ordinals of `wanted` rise, so one walk finds them all.
    let mut rest = wanted.iter().peekable();
    let slots: Vec<(i32, Option<&StatefulPodView>)> = (set.first_ordinal..i32::try_from(end).unwrap_or(i32::MAX))
        .map(|ordinal| (ordinal, rest.next_if(|pod| pod.ordinal == ordinal).copied()))
        .collect();

    for (ordinal, pod) in &slots {
        if process_replica(set, *ordinal, *pod, &mut actions) && is_monotonic {
            return actions;
        }
    }

    let missing = slots.iter().find(|(_, pod)| !pod.is_some_and(StatefulPodView::is_healthy)).map(|slot| slot.0);
    let first_unhealthy = missing.or_else(|| condemned.iter().find(|pod| !pod.is_healthy()).map(|pod| pod.ordinal));
    for pod in condemned.iter().rev() {
        let may_go = pod.is_running_and_available() || first_unhealthy == Some(pod.ordinal);
        if is_monotonic && (pod.is_deleting || !may_go) {
            return actions;
        }
        if !pod.is_deleting {
            actions.push(StatefulSetAction::Delete { ordinal: pod.ordinal });
            if is_monotonic {
                return actions;
            }
        }
    }
    actions.extend(next_to_update(set, &slots));
    actions
}

/// `processReplica`: ends or creates the pod of one ordinal. Says whether a set in order stops here.
fn process_replica(
    set: &StatefulSetView,
    ordinal: i32,
    pod: Option<&StatefulPodView>,
    actions: &mut Vec<StatefulSetAction>,
) -> bool {
    match pod {
        None => {
            actions.push(StatefulSetAction::Create { ordinal, revision: new_revision(set, ordinal) });
            true
        }
        Some(pod) if pod.phase.is_terminal() => {
            // Its successor has the same name and waits until it is gone.
            if !pod.is_deleting {
                actions.push(StatefulSetAction::Delete { ordinal });
            }
            true
        }
        Some(pod) => !pod.is_healthy(),
    }
}

/// `newVersionedStatefulSetPod`: below the partition the current revision, else that of the template.
fn new_revision(set: &StatefulSetView, ordinal: i32) -> PodRevision {
    match set.update_strategy {
        StatefulSetUpdateStrategy::RollingUpdate { partition }
            if i64::from(ordinal) < i64::from(set.first_ordinal) + i64::from(partition) =>
        {
            PodRevision::Current
        }
        StatefulSetUpdateStrategy::RollingUpdate { .. } | StatefulSetUpdateStrategy::OnDelete => PodRevision::Update,
    }
}

/// The rolling update's next deletion: the highest ordinal of another revision, unless a pod above it (or itself, when
/// it is already terminating) is not healthy.
fn next_to_update(set: &StatefulSetView, slots: &[(i32, Option<&StatefulPodView>)]) -> Option<StatefulSetAction> {
    let StatefulSetUpdateStrategy::RollingUpdate { partition } = set.update_strategy else { return None };
    let partition = usize::try_from(partition).unwrap_or(0);
    for (ordinal, pod) in slots.iter().skip(partition).rev() {
        // A pod that was created in this sync is not healthy.
        let pod = (*pod)?;
        if pod.revision != PodRevision::Update && !pod.is_deleting {
            // A pod that has ended was deleted above.
            return (!pod.phase.is_terminal()).then_some(StatefulSetAction::Delete { ordinal: *ordinal });
        }
        if !pod.is_healthy() {
            return None;
        }
    }
    None
}

/// Whether the update revision becomes the current one (`completeRollingUpdate`): all replicas exist, have it and are
/// ready.
pub fn is_update_complete(set: &StatefulSetView, pods: &[StatefulPodView]) -> bool {
    let count = |wanted: fn(&StatefulPodView) -> bool| {
        i32::try_from(pods.iter().filter(|pod| wanted(pod)).count()).unwrap_or(i32::MAX)
    };
    matches!(set.update_strategy, StatefulSetUpdateStrategy::RollingUpdate { .. })
        && count(|_| true) == set.replicas
        && count(|pod| pod.phase == PodPhase::Running && pod.is_ready) == set.replicas
        && count(|pod| pod.revision == PodRevision::Update && !pod.is_deleting) == set.replicas
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pods in short, each `ordinal` + state (`+` healthy, `-` not ready, `~` ready but not available, `x`
    /// terminating, `!` failed, `f` failed and terminating), with `'` for the current (old) revision.
    fn pods(text: &str) -> Vec<StatefulPodView> {
        let pod = |word: &str| {
            let old = word.ends_with('\'');
            let word = word.trim_end_matches('\'');
            let (ordinal, state) = word.split_at(word.len() - 1);
            StatefulPodView {
                ordinal: ordinal.parse().unwrap(),
                revision: if old { PodRevision::Current } else { PodRevision::Update },
                phase: if "!f".contains(state) { PodPhase::Failed } else { PodPhase::Running },
                is_ready: "+~x".contains(state),
                is_available: "+x".contains(state),
                is_deleting: "xf".contains(state),
            }
        };
        text.split_whitespace().map(pod).collect()
    }

    fn actions(set: &StatefulSetView, state: &str) -> String {
        let text = |action: &StatefulSetAction| match action {
            StatefulSetAction::Create { ordinal, revision: PodRevision::Current } => format!("+{ordinal}'"),
            StatefulSetAction::Create { ordinal, revision: PodRevision::Update } => format!("+{ordinal}"),
            StatefulSetAction::Delete { ordinal } => format!("-{ordinal}"),
        };
        sync(set, &pods(state)).iter().map(text).collect::<Vec<_>>().join(" ")
    }

    fn set(replicas: i32, policy: PodManagementPolicy, partition: i32) -> StatefulSetView {
        StatefulSetView {
            replicas,
            first_ordinal: 0,
            pod_management_policy: policy,
            update_strategy: StatefulSetUpdateStrategy::RollingUpdate { partition },
            is_deleting: false,
        }
    }

    #[test]
    fn one_pod_after_the_other() {
        let cases = [
            (3, 0, "", "+0", "the first"),
            (3, 0, "0-", "", "waits until it is ready"),
            (3, 0, "0~", "", "waits until it is available"),
            (3, 0, "0+", "+1", "the next"),
            (3, 0, "0x 1+", "", "a terminating pod blocks its name and what follows"),
            (3, 0, "0+ 2+", "+1", "a gap is filled first"),
            (3, 0, "0! 1+ 2+", "-0", "an ended pod is deleted"),
            (3, 0, "0f 1+ 2+", "", "and waited for"),
            (1, 0, "0+ 1+ 2+", "-2", "down from the highest"),
            (1, 0, "0+ 1+ 2x", "", "one at a time"),
            (1, 0, "0- 1+ 2+", "", "waits for lower pods that are not ready"),
            (1, 0, "0+ 1- 2+", "-2", "a healthy one may go"),
            (1, 0, "0+ 1+ 2-", "-2", "the first unhealthy one may go itself"),
            (1, 0, "0+ 1- 2-", "", "another unhealthy one waits"),
            (3, 0, "0+' 1+' 2+'", "-2", "the update starts at the top"),
            (3, 0, "0+' 1+' 2-", "", "waits until it is ready"),
            (3, 0, "0+' 1+' 2+", "-1", "the next below"),
            (3, 0, "0+' 1+'", "+2", "recreated with the new revision"),
            (3, 2, "0+' 1+' 2+", "", "down to the partition"),
            (3, 2, "0+' 2+", "+1'", "below the partition the old revision"),
            (2, 0, "0+' 1+' 2+'", "-2", "scaling before updating"),
        ];
        for (replicas, partition, state, expected, why) in cases {
            assert_eq!(actions(&set(replicas, PodManagementPolicy::OrderedReady, partition), state), expected, "{why}");
        }
    }

    #[test]
    fn parallel_scales_at_once_and_updates_in_order() {
        let cases = [
            (3, "", "+0 +1 +2", "all at once"),
            (3, "0- 1x", "+2", "waits for nobody"),
            (1, "0- 1+ 2x 3-", "-3 -1", "down at once"),
            (3, "0! 1+ 2+", "-0", "an ended pod is deleted"),
            (3, "0+' 1+' 2+'", "-2", "updates one at a time"),
            (3, "0+' 1+' 2!'", "-2", "an ended pod is deleted once"),
            (3, "0-' 1+' 2-", "", "and waits"),
        ];
        for (replicas, state, expected, why) in cases {
            assert_eq!(actions(&set(replicas, PodManagementPolicy::Parallel, 0), state), expected, "{why}");
        }
    }

    #[test]
    fn other_strategies_and_ordinals() {
        let mut view = set(2, PodManagementPolicy::OrderedReady, 0);
        view.update_strategy = StatefulSetUpdateStrategy::OnDelete;
        assert_eq!(actions(&view, "0+' 1+'"), "", "OnDelete waits for the user");
        assert_eq!(actions(&view, "0+'"), "+1", "and takes the new revision then");
        let mut view = set(2, PodManagementPolicy::OrderedReady, 1);
        view.first_ordinal = 5;
        assert_eq!(actions(&view, "5+'"), "+6");
        assert_eq!(actions(&view, "4+' 5+' 6+'"), "-4", "ordinals below the first go");
        assert_eq!(actions(&view, "5+' 6+'"), "-6", "the partition counts from the first ordinal");
        view.is_deleting = true;
        assert_eq!(actions(&view, ""), "");
    }

    #[test]
    fn the_update_completes_when_every_pod_has_it() {
        let view = set(2, PodManagementPolicy::OrderedReady, 0);
        let cases = [("0+ 1+", true), ("0+' 1+", false), ("0+ 1-", false), ("0+", false), ("0+ 1+ 2+", false)];
        for (state, expected) in cases {
            assert_eq!(is_update_complete(&view, &pods(state)), expected, "{state}");
        }
    }

    #[test]
    fn the_status_counts_pods_by_state_and_revision() {
        let pod = |ordinal, revision, phase, is_ready, is_available, is_deleting| StatefulPodView {
            ordinal,
            revision,
            phase,
            is_ready,
            is_available,
            is_deleting,
        };
        let pods = [
            pod(0, PodRevision::Current, PodPhase::Running, true, true, false),
            pod(1, PodRevision::Current, PodPhase::Running, true, true, true),
            pod(2, PodRevision::Update, PodPhase::Running, true, false, false),
            pod(3, PodRevision::Update, PodPhase::Pending, false, false, false),
        ];
        for (is_updating, current_replicas) in [(true, 1), (false, 2)] {
            let expected = StatefulSetStatus {
                replicas: 4,
                ready_replicas: 3,
                available_replicas: 2,
                current_replicas,
                updated_replicas: 2,
                ..StatefulSetStatus::default()
            };
            assert_eq!(replica_status(&pods, is_updating), expected);
        }
    }
}
