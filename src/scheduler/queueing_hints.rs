//! Queueing hints: whether an event may make a pod schedulable that a certain plugin rejected.
//!
//! Each function mirrors the plugin's `QueueingHintFn` of kube-scheduler 1.36.

use super::event::{ClusterEvent, NodeChange, PodChange};
use super::plugins::node_unschedulable::tolerates_cordon;
use super::plugins::{node_resources_fit, taint_toleration};
use super::{Listers, Plugin, PluginSet, PodInfo, Profile, Resources};
use crate::api::{Node, PodSpec};
use crate::units::{Bytes, MilliCpu};

/// What hints may look at.
#[derive(Clone, Copy, Debug)]
pub struct HintContext<'a> {
    /// Other objects.
    pub listers: &'a Listers,
    /// All profiles; each pod's own is used.
    pub profiles: &'a [Profile],
}

/// Whether a hint of one of `rejectors` says that the event may make the pod schedulable.
#[must_use]
pub fn may_become_schedulable(
    context: &HintContext<'_>,
    rejectors: PluginSet,
    pod: &PodInfo,
    event: &ClusterEvent,
) -> bool {
    if matches!(event, ClusterEvent::ForceActivate) {
        return true;
    }
    let Some(profile) = context.profiles.iter().find(|profile| profile.scheduler_name == pod.spec().scheduler_name)
    else {
        return false;
    };
    let asked = rejectors.intersection(event.listeners());
    asked.iter().any(|plugin| hint(plugin, profile, context.listers, pod, event))
}

/// The node before and after; a new node has no before, a deleted one no after.
fn nodes(event: &ClusterEvent) -> Option<(Option<&Node>, Option<&Node>)> {
    match event {
        ClusterEvent::NodeAdd(new) => Some((None, Some(new))),
        ClusterEvent::NodeUpdate { old, new, .. } => Some((Some(old), Some(new))),
        ClusterEvent::NodeDelete(old) => Some((Some(old), None)),
        _ => None,
    }
}

/// The hint of one plugin that listens to the event.
fn hint(plugin: Plugin, profile: &Profile, _listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let is_own = |other: &PodInfo| other.id == pod.id;
    if let Some((old, new)) = nodes(event) {
        let is_taint = matches!(event, ClusterEvent::NodeUpdate { change: NodeChange::Taint, .. });
        return match (plugin, new) {
            (Plugin::TaintToleration, Some(new)) => tolerates_only_now(pod.spec(), old, new),
            (Plugin::NodeUnschedulable, Some(new)) => !new.unschedulable,
            (Plugin::NodeResourcesFit, Some(new)) if !is_taint => fits_only_now(pod, old, new),
            (Plugin::NodeAffinity, Some(new)) if !is_taint => affinity_matches_only_now(profile, pod, old, new),
            _ => true,
        };
    }
    match (plugin, event) {
        (Plugin::NodeResourcesFit, ClusterEvent::AssignedPodUpdate { old, new, change: PodChange::ScaleDown }) => {
            frees_what_is_needed(&pod.requests().requests, &old.placed().requests, &new.placed().requests)
        }
        (Plugin::NodePorts, ClusterEvent::AssignedPodDelete(gone)) => {
            let conflicts = |port| gone.traits.host_ports.iter().any(|used| used.conflicts_with(port));
            pod.traits.host_ports.iter().any(conflicts)
        }
        (Plugin::NodeUnschedulable, ClusterEvent::PendingPodUpdate { new, .. }) => {
            is_own(new) && tolerates_cordon(new.spec())
        }
        (
            Plugin::TaintToleration | Plugin::SchedulingGates | Plugin::NodeResourcesFit,
            ClusterEvent::PendingPodUpdate { new, .. },
        ) => is_own(new),
        _ => true,
    }
}

/// TaintToleration: the node is tolerated, and was not before; a new node counts as not tolerated before.
fn tolerates_only_now(spec: &PodSpec, old: Option<&Node>, new: &Node) -> bool {
    let untolerated = |node: &Node| taint_toleration::first_untolerated(&spec.tolerations, &node.taints).is_some();
    old.is_none_or(untolerated) && !untolerated(new)
}

/// NodeResourcesFit: the pod would fit the node if it were empty, and the node is new or offers more of what is needed.
fn fits_only_now(pod: &PodInfo, old: Option<&Node>, new: &Node) -> bool {
    let requests = &pod.requests().requests;
    let offered = Resources::from_list(&new.allocatable);
    let pods = |node: &Node| node.allocatable.pods.unwrap_or(0);
    let nothing = Resources::default();
    let shortage = node_resources_fit::shortage(&[], &[], requests, &offered, &nothing, pods(new), |_| false);
    if !shortage.is_empty() {
        return false;
    }
    let Some(old) = old else { return true };
    let before = Resources::from_list(&old.allocatable);
    pods(new) > pods(old) || frees_what_is_needed(requests, &offered, &before)
}

/// Whether some resource that is needed is larger in `larger` than in `smaller`.
fn frees_what_is_needed(needed: &Resources, larger: &Resources, smaller: &Resources) -> bool {
    (needed.cpu > MilliCpu::ZERO && larger.cpu > smaller.cpu)
        || (needed.memory > Bytes::ZERO && larger.memory > smaller.memory)
        || (needed.ephemeral_storage > Bytes::ZERO && larger.ephemeral_storage > smaller.ephemeral_storage)
        || needed
            .scalar
            .iter()
            .any(|(name, amount)| *amount > 0 && larger.scalar(name).unwrap_or(0) > smaller.scalar(name).unwrap_or(0))
}

/// NodeAffinity: the node matches, and did not before.
fn affinity_matches_only_now(profile: &Profile, pod: &PodInfo, old: Option<&Node>, new: &Node) -> bool {
    use super::plugins::node_affinity::matches_required;
    let added = profile.args.added_affinity.as_ref().and_then(|added| added.required.as_ref());
    if added.is_some_and(|added| !added.matches(&new.meta.name, &new.meta.labels)) {
        return false;
    }
    matches_required(pod.spec(), new) && !old.is_some_and(|old| matches_required(pod.spec(), old))
}
