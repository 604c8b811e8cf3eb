//! The DaemonSet controller: on which nodes pods are created and which pods are deleted.
//!
//! Mirrors `pkg/controller/daemon` (Kubernetes 1.36). The created pods are bound by the scheduler, through a node
//! affinity on `metadata.name`. Whether a node fits the pod's selector and affinity is the caller's to say.

pub mod controller;
#[cfg(test)]
mod controller_tests;
mod status;

use crate::api::{DaemonSetUpdateStrategy, PodPhase, Taint, TaintEffect, Toleration, TolerationOperator, well_known};
use crate::units::{SimDuration, SimTime};

/// `BurstReplicas` (`pkg/controller/daemon`): pods created, and pods deleted, in one sync at most.
pub const BURST_REPLICAS: usize = 250;
/// First delay before a failed pod is deleted again on the same node (`failedPodsBackoff`).
pub const FAILED_POD_INITIAL_BACKOFF: SimDuration = SimDuration::from_secs(1);
/// Longest such delay.
pub const FAILED_POD_MAX_BACKOFF: SimDuration = SimDuration::from_minutes(15);

/// Whether a DaemonSet wants a pod on a node (`NodeShouldRunDaemonPod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// A pod is created and kept.
    ShouldRun,
    /// A pod that is there stays, but none is created: a `NoSchedule` taint is not tolerated.
    ShouldContinueRunning,
    /// No pod may be there.
    No,
}

/// Judges a node, given whether it fits the pod's node name, node selector and required node affinity. `tolerations`
/// are the template's with those of [`daemon_tolerations`].
pub fn eligibility(fits_affinity: bool, taints: &[Taint], tolerations: &[Toleration]) -> Eligibility {
    let repels = |effect: TaintEffect| {
        let is_tolerated = |taint: &Taint| tolerations.iter().any(|toleration| toleration.tolerates(taint));
        taints.iter().any(|taint| taint.effect == effect && !is_tolerated(taint))
    };
    if !fits_affinity || repels(TaintEffect::NoExecute) {
        Eligibility::No
    } else if repels(TaintEffect::NoSchedule) {
        Eligibility::ShouldContinueRunning
    } else {
        Eligibility::ShouldRun
    }
}

/// The tolerations that the controller adds to those of the template (`AddOrUpdateDaemonPodTolerations`).
pub fn daemon_tolerations(of_template: &[Toleration], host_network: bool) -> Vec<Toleration> {
    let added = [
        (well_known::TAINT_NOT_READY, TaintEffect::NoExecute),
        (well_known::TAINT_UNREACHABLE, TaintEffect::NoExecute),
        (well_known::TAINT_DISK_PRESSURE, TaintEffect::NoSchedule),
        (well_known::TAINT_MEMORY_PRESSURE, TaintEffect::NoSchedule),
        (well_known::TAINT_PID_PRESSURE, TaintEffect::NoSchedule),
        (well_known::TAINT_UNSCHEDULABLE, TaintEffect::NoSchedule),
    ];
    let network = host_network.then_some((well_known::TAINT_NETWORK_UNAVAILABLE, TaintEffect::NoSchedule));
    let mut tolerations = of_template.to_vec();
    for (key, effect) in added.into_iter().chain(network) {
        let wanted = Toleration {
            key: key.into(),
            operator: TolerationOperator::Exists,
            value: "".into(),
            effect: Some(effect),
            toleration_seconds: None,
        };
        let is_same = |old: &Toleration| Toleration { toleration_seconds: None, ..old.clone() } == wanted;
        match tolerations.iter_mut().find(|old| is_same(old)) {
            Some(old) => *old = wanted,
            None => tolerations.push(wanted),
        }
    }
    tolerations
}

/// Delay of deletions of failed pods of one DaemonSet on one node (client-go `Backoff`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedPodBackoff {
    /// The delay in force.
    pub delay: SimDuration,
    /// When it was set.
    pub since: SimTime,
}

impl FailedPodBackoff {
    /// Forgotten after twice the longest delay.
    fn is_expired(self, now: SimTime) -> bool {
        now - self.since > FAILED_POD_MAX_BACKOFF * 2
    }

    fn is_waiting(self, now: SimTime) -> bool {
        !self.is_expired(now) && now - self.since < self.delay
    }

    fn next(last: Option<Self>, now: SimTime) -> Self {
        let delay = match last {
            Some(last) if !last.is_expired(now) => (last.delay * 2).min(FAILED_POD_MAX_BACKOFF),
            _ => FAILED_POD_INITIAL_BACKOFF,
        };
        Self { delay, since: now }
    }
}

/// What a sync sees of one pod of the DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the pod's status")]
pub struct DaemonPodView {
    /// Whether it has the current template.
    pub is_updated: bool,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether the scheduler has bound it.
    pub is_scheduled: bool,
    /// Condition `Ready`.
    pub is_ready: bool,
    /// Ready for `minReadySeconds`.
    pub is_available: bool,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
}

impl DaemonPodView {
    /// A pod that has ended and is being deleted is out of sight, so that its successor need not wait for the object to
    /// go (`getNodesToDaemonPods`).
    const fn is_seen(&self) -> bool {
        !(self.is_deleting && self.phase.is_terminal())
    }
}

/// What a sync sees of one node: pods count for the node that they are bound to or whose name their affinity holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaemonNodeView<'a> {
    /// Whether a pod is wanted.
    pub eligibility: Eligibility,
    /// The DaemonSet's pods, in the order of their names.
    pub pods: &'a [DaemonPodView],
    /// The node's delay for failed pods, if there was one.
    pub backoff: Option<FailedPodBackoff>,
}

/// A pod: position of its node, and its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaemonPodRef {
    /// Position in the list of nodes.
    pub node: usize,
    /// Position in that node's list of pods.
    pub pod: usize,
}

/// What one sync does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaemonSetSync {
    /// Nodes that get a pod of the current template.
    pub create: Vec<usize>,
    /// Pods to delete.
    pub delete: Vec<DaemonPodRef>,
    /// New delays for failed pods, by node.
    pub backoffs: Vec<(usize, FailedPodBackoff)>,
    /// When another sync is due because a failed pod waits.
    pub retry_after: Option<SimDuration>,
}

/// One sync at `now` (`updateDaemonSet`). The rolling update has its turn only if the first part did nothing: until
/// its writes have been seen, the real controller's expectations hold it back.
///
/// Where the real controller takes nodes in random order, this one takes them in the order of the list.
pub fn sync(strategy: DaemonSetUpdateStrategy, nodes: &[DaemonNodeView<'_>], now: SimTime) -> DaemonSetSync {
    let mut outcome = DaemonSetSync::default();
    for (index, node) in nodes.iter().enumerate() {
        manage_node(strategy, index, node, now, &mut outcome);
    }
    if outcome.create.is_empty()
        && outcome.delete.is_empty()
        && let DaemonSetUpdateStrategy::RollingUpdate { max_unavailable, max_surge } = strategy
    {
        let desired = nodes.iter().filter(|node| node.eligibility == Eligibility::ShouldRun).count();
        let of_desired = i32::try_from(desired).unwrap_or(i32::MAX);
        let limit = |number: i32| usize::try_from(number).unwrap_or(0);
        match (limit(max_surge.resolve_up(of_desired)), limit(max_unavailable.resolve_up(of_desired))) {
            (0, 0) => replace_in_place(nodes, usize::from(desired > 0), &mut outcome),
            (0, max_unavailable) => replace_in_place(nodes, max_unavailable, &mut outcome),
            (max_surge, _) => replace_with_surge(nodes, max_surge, desired, &mut outcome),
        }
    }
    outcome.create.truncate(BURST_REPLICAS);
    outcome.delete.truncate(BURST_REPLICAS);
    outcome
}

/// `podsShouldBeOnNode`.
fn manage_node(
    strategy: DaemonSetUpdateStrategy,
    index: usize,
    node: &DaemonNodeView<'_>,
    now: SimTime,
    outcome: &mut DaemonSetSync,
) {
    let alive = || (0..node.pods.len()).filter(|pod| !node.pods[*pod].is_deleting);
    match node.eligibility {
        Eligibility::ShouldRun if !node.pods.iter().any(DaemonPodView::is_seen) => outcome.create.push(index),
        Eligibility::No => outcome.delete.extend(alive().map(|pod| DaemonPodRef { node: index, pod })),
        Eligibility::ShouldRun | Eligibility::ShouldContinueRunning => {
            let mut backoff = node.backoff;
            let mut running = Vec::new();
            for pod in alive() {
                match (node.pods[pod].phase, backoff) {
                    (PodPhase::Failed, Some(waiting)) if waiting.is_waiting(now) => {
                        let after = outcome.retry_after.map_or(waiting.delay, |old| old.min(waiting.delay));
                        outcome.retry_after = Some(after);
                    }
                    (PodPhase::Failed, last) => {
                        let next = FailedPodBackoff::next(last, now);
                        backoff = Some(next);
                        outcome.backoffs.push((index, next));
                        outcome.delete.push(DaemonPodRef { node: index, pod });
                    }
                    (PodPhase::Succeeded, _) => outcome.delete.push(DaemonPodRef { node: index, pod }),
                    _ => running.push(pod),
                }
            }
            running.sort_by_key(|pod| (!node.pods[*pod].is_scheduled, node.pods[*pod].created, *pod));
            let surplus = if allows_surge(strategy) {
                surplus_with_surge(node, &running)
            } else {
                running.split_off(running.len().min(1))
            };
            outcome.delete.extend(surplus.into_iter().map(|pod| DaemonPodRef { node: index, pod }));
        }
    }
}

fn allows_surge(strategy: DaemonSetUpdateStrategy) -> bool {
    match strategy {
        DaemonSetUpdateStrategy::RollingUpdate { max_surge, .. } => max_surge.resolve_up(1) > 0,
        DaemonSetUpdateStrategy::OnDelete => false,
    }
}

/// Of a node's running pods, oldest first: all but the oldest of each template, and the old one too when it is not
/// ready or the new one is available.
fn surplus_with_surge(node: &DaemonNodeView<'_>, running: &[usize]) -> Vec<usize> {
    let oldest = |updated: bool| running.iter().copied().find(|pod| node.pods[*pod].is_updated == updated);
    let (new, old) = (oldest(true), oldest(false));
    let mut surplus: Vec<usize> =
        running.iter().copied().filter(|pod| Some(*pod) != new && Some(*pod) != old).collect();
    if let (Some(new), Some(old)) = (new, old)
        && (!node.pods[old].is_ready || node.pods[new].is_available)
    {
        surplus.push(old);
    }
    surplus
}

/// The pods of a node that count for an update; `None` where there are two of one template
/// (`findUpdatedPodsOnNode`).
fn updated_and_old(node: &DaemonNodeView<'_>) -> Option<(Option<usize>, Option<usize>)> {
    let (mut updated, mut old) = (None, None);
    for (index, pod) in node.pods.iter().enumerate().filter(|(_, pod)| !pod.is_deleting) {
        let place = if pod.is_updated { &mut updated } else { &mut old };
        if place.replace(index).is_some() {
            return None;
        }
    }
    Some((updated, old))
}

/// Nodes that have pods or want one: the others play no part in an update.
fn concerned<'a, 'b>(
    nodes: &'a [DaemonNodeView<'b>],
) -> impl Iterator<Item = (usize, &'a DaemonNodeView<'b>)> + use<'a, 'b> {
    let matters = |node: &DaemonNodeView<'_>| {
        node.eligibility == Eligibility::ShouldRun || node.pods.iter().any(DaemonPodView::is_seen)
    };
    nodes.iter().enumerate().filter(move |(_, node)| matters(node))
}

/// Rolling update without surge: deletes the old pods that are not available, which use up the limit too, and others up to
/// what is left of it.
fn replace_in_place(nodes: &[DaemonNodeView<'_>], max_unavailable: usize, outcome: &mut DaemonSetSync) {
    let mut unavailable = 0;
    let mut candidates = Vec::new();
    for (index, node) in concerned(nodes) {
        match updated_and_old(node) {
            None | Some((None, None) | (Some(_), Some(_))) => unavailable += 1,
            Some((Some(updated), None)) => unavailable += usize::from(!node.pods[updated].is_available),
            Some((None, Some(pod))) => {
                let pod_ref = DaemonPodRef { node: index, pod };
                if node.pods[pod].is_available {
                    candidates.push(pod_ref);
                } else {
                    unavailable += 1;
                    outcome.delete.push(pod_ref);
                }
            }
        }
    }
    outcome.delete.extend(candidates.into_iter().take(max_unavailable.saturating_sub(unavailable)));
}

/// Rolling update with surge: creates new pods beside old ones, and deletes an old one when its new one is available. An
/// available pod on a node where no new one may come goes only when as many are available elsewhere as are desired.
fn replace_with_surge(nodes: &[DaemonNodeView<'_>], max_surge: usize, desired: usize, outcome: &mut DaemonSetSync) {
    let (mut surging, mut available) = (0, 0);
    let mut candidates = Vec::new();
    let mut unwanted = Vec::new();
    for (index, node) in concerned(nodes) {
        let Some((updated, old)) = updated_and_old(node) else {
            surging += 1;
            continue;
        };
        available += usize::from(old.or(updated).is_some_and(|pod| node.pods[pod].is_available));
        let Some(old) = old else { continue };
        let old_ref = DaemonPodRef { node: index, pod: old };
        let is_wanted = node.eligibility == Eligibility::ShouldRun;
        match updated {
            Some(updated) if !node.pods[updated].is_available => surging += 1,
            Some(_) => outcome.delete.push(old_ref),
            None => match (node.pods[old].is_available, is_wanted) {
                (true, true) => candidates.push(index),
                (true, false) => unwanted.push(old_ref),
                (false, true) => outcome.create.push(index),
                (false, false) => outcome.delete.push(old_ref),
            },
        }
    }
    outcome.delete.extend(unwanted.into_iter().take(available.saturating_sub(desired)));
    outcome.create.extend(candidates.into_iter().take(max_surge.saturating_sub(surging)));
}

#[cfg(test)]
mod tests;
