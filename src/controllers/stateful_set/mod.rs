//! The StatefulSet controller: which pods one sync creates and deletes.
//!
//! Mirrors `updateStatefulSet` of `pkg/controller/statefulset` (Kubernetes 1.36; see [`rules`] for other releases). Claims
//! are made by the running controller.

pub mod controller;
#[cfg(test)]
mod controller_tests;
pub mod rules;
#[cfg(test)]
mod tests;

use crate::api::{IntOrPercent, PodManagementPolicy, PodPhase, StatefulSetStatus, StatefulSetUpdateStrategy};
use rules::UpdateBudget;

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
    /// How many pods a rolling update may take at a time.
    pub update_budget: UpdateBudget,
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
        StatefulSetUpdateStrategy::RollingUpdate { partition, .. }
            if i64::from(ordinal) < i64::from(set.first_ordinal) + i64::from(partition) =>
        {
            PodRevision::Current
        }
        StatefulSetUpdateStrategy::RollingUpdate { .. } | StatefulSetUpdateStrategy::OnDelete => PodRevision::Update,
    }
}

/// The rolling update's next deletions.
fn next_to_update(set: &StatefulSetView, slots: &[(i32, Option<&StatefulPodView>)]) -> Vec<StatefulSetAction> {
    let StatefulSetUpdateStrategy::RollingUpdate { partition, max_unavailable } = set.update_strategy else {
        return Vec::new();
    };
    let partition = usize::try_from(partition).unwrap_or(0);
    if set.update_budget == UpdateBudget::One {
        return one_to_update(partition, slots).into_iter().collect();
    }
    // `getStatefulSetMaxUnavailable`.
    let allowed = max_unavailable.unwrap_or(IntOrPercent::Int(1)).resolve_down(set.replicas).max(1);
    let allowed = usize::try_from(allowed).unwrap_or(1);
    let unavailable = slots.iter().filter(|(_, pod)| !pod.is_some_and(StatefulPodView::is_healthy)).count();
    let left = allowed.saturating_sub(unavailable);
    // A pod that has ended was deleted above.
    let outdated = slots
        .iter()
        .skip(partition)
        .rev()
        .filter_map(|(_, pod)| *pod)
        .filter(|pod| pod.revision != PodRevision::Update && !pod.is_deleting && !pod.phase.is_terminal());
    let delete = |pod: &StatefulPodView| StatefulSetAction::Delete { ordinal: pod.ordinal };
    let spares_broken = set.update_budget == UpdateBudget::MaxUnavailableForNewPods
        && set.pod_management_policy == PodManagementPolicy::Parallel;
    if spares_broken {
        let (available, broken): (Vec<_>, Vec<_>) = outdated.partition(|pod| pod.is_running_and_available());
        return broken.into_iter().map(delete).chain(available.into_iter().take(left).map(delete)).collect();
    }
    outdated.take(left).map(delete).collect()
}

/// The next deletion without `maxUnavailable`: the highest ordinal of another revision, unless a pod above it (or itself, when
/// it is already terminating) is not healthy.
fn one_to_update(partition: usize, slots: &[(i32, Option<&StatefulPodView>)]) -> Option<StatefulSetAction> {
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
