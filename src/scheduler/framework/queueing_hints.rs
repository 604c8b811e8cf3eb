//! Queueing hints: whether an event may make a pod schedulable that a certain plugin rejected.
//!
//! Each function mirrors the plugin's `QueueingHintFn` of kube-scheduler 1.36.

use super::event::{ClusterEvent, NodeChange, PodChange, StorageEvent};
use crate::api::{Node, PodSpec, UnsatisfiableConstraintAction};
use crate::scheduler::config::Profile;
use crate::scheduler::plugins::inter_pod_affinity::{self, all_match, existing_term_matches, required_terms};
use crate::scheduler::plugins::node_unschedulable::tolerates_cordon;
use crate::scheduler::plugins::pod_topology_spread::{self, Constraint, has_all_keys};
use crate::scheduler::plugins::{
    Plugin, PluginSet, node_resources_fit, node_volume_limits, taint_toleration, volume_restrictions,
};
use crate::scheduler::view::{Listers, PodInfo, Resources};
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
fn hint(plugin: Plugin, profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let is_own = |other: &PodInfo| other.id == pod.id;
    if let Some((old, new)) = nodes(event) {
        let is_taint = matches!(event, ClusterEvent::NodeUpdate { change: NodeChange::Taint, .. });
        return match (plugin, new) {
            (Plugin::TaintToleration, Some(new)) => tolerates_only_now(pod.spec(), old, new),
            (Plugin::NodeUnschedulable, Some(new)) => !new.unschedulable,
            (Plugin::NodeResourcesFit, Some(new)) if !is_taint => fits_only_now(pod, old, new),
            (Plugin::NodeAffinity, Some(new)) if !is_taint => affinity_matches_only_now(profile, pod, old, new),
            (Plugin::PodTopologySpread, _) => {
                spread_domains_changed(&hard_constraints(profile, listers, pod), old, new)
            }
            (Plugin::InterPodAffinity, Some(new)) if !is_taint => affinity_domains_changed(listers, pod, old, new),
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
        (Plugin::VolumeRestrictions, ClusterEvent::AssignedPodDelete(gone)) => {
            let shares_claim = || gone.claim_names().any(|claim| pod.claim_names().any(|own| own == claim));
            gone.namespace == pod.namespace && (volume_restrictions::conflicts(pod, gone) || shares_claim())
        }
        (Plugin::NodeVolumeLimits, ClusterEvent::AssignedPodDelete(gone)) => !node_volume_limits::skips(gone),
        (_, ClusterEvent::Storage(StorageEvent::ClaimAdd(claim) | StorageEvent::ClaimUpdate(claim))) => {
            let is_own = |volume| pod.claim_name(volume).is_some_and(|name| name == claim.name);
            claim.namespace == pod.namespace && pod.spec().volumes.iter().any(is_own)
        }
        (Plugin::PodTopologySpread, _) => {
            spread_counts_changed(profile, &hard_constraints(profile, listers, pod), pod, event)
        }
        (Plugin::InterPodAffinity, _) => affinity_counts_changed(profile, listers, pod, event),
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
    use crate::scheduler::plugins::node_affinity::matches_required;
    let added = profile.args.added_affinity.as_ref().and_then(|added| added.required.as_ref());
    if added.is_some_and(|added| !added.matches(&new.meta.name, &new.meta.labels)) {
        return false;
    }
    matches_required(pod.spec(), new) && !old.is_some_and(|old| matches_required(pod.spec(), old))
}

/// The hard spread constraints of a pod, its own or by default.
fn hard_constraints(profile: &Profile, listers: &Listers, pod: &PodInfo) -> Vec<Constraint> {
    pod_topology_spread::constraints(profile, listers, pod, UnsatisfiableConstraintAction::DoNotSchedule)
}

/// PodTopologySpread: a node with all topology keys came or went, gained or lost them, or changed a domain or taints.
fn spread_domains_changed(constraints: &[Constraint], old: Option<&Node>, new: Option<&Node>) -> bool {
    let has_keys = |node: &Node| has_all_keys(constraints, &node.meta.labels);
    match (old, new) {
        (Some(old), Some(new)) if has_keys(old) != has_keys(new) => true,
        (Some(old), Some(new)) => {
            let moved = |constraint: &Constraint| {
                old.meta.labels.get(&constraint.topology_key) != new.meta.labels.get(&constraint.topology_key)
            };
            has_keys(new)
                && (constraints.iter().any(moved) || old.taints != new.taints || old.unschedulable != new.unschedulable)
        }
        (node, None) | (None, node) => node.is_some_and(has_keys),
    }
}

/// PodTopologySpread: the pods that a constraint counts changed, or the pod's own tolerations.
fn spread_counts_changed(profile: &Profile, constraints: &[Constraint], pod: &PodInfo, event: &ClusterEvent) -> bool {
    // A pod counts once it is on a node, or (from 1.36 on) is nominated to one.
    let counts = |other: &PodInfo, assigned: bool| {
        other.namespace == pod.namespace
            && (assigned || (profile.version.spread_hints_see_nominated_pods() && other.nominated_node_name.is_some()))
    };
    let selected = |other: &PodInfo| constraints.iter().all(|constraint| constraint.selects(&other.labels));
    let changed = |old: &PodInfo, new: &PodInfo| {
        constraints.iter().any(|constraint| constraint.selects(&old.labels) != constraint.selects(&new.labels))
    };
    match event {
        ClusterEvent::PendingPodUpdate { new, change: PodChange::Tolerations, .. } => {
            new.id == pod.id && constraints.iter().any(|constraint| constraint.honors_taints)
        }
        ClusterEvent::AssignedPodAdd(other) | ClusterEvent::AssignedPodDelete(other) => {
            counts(other, true) && selected(other)
        }
        ClusterEvent::AssignedPodUpdate { old, new, .. } => counts(new, true) && changed(old, new),
        ClusterEvent::PendingPodUpdate { old, new, .. } => counts(new, false) && changed(old, new),
        _ => true,
    }
}

/// InterPodAffinity: a node gained a topology key that the pod's affinity needs, or left a domain that its anti-affinity
/// forbids.
fn affinity_domains_changed(listers: &Listers, pod: &PodInfo, old: Option<&Node>, new: &Node) -> bool {
    let value = |node: &Node, key: &str| node.meta.labels.get(key).cloned();
    let terms = |anti| inter_pod_affinity::required_terms(listers, pod, anti);
    let Some(old) = old else {
        return terms(false).iter().any(|term| new.meta.labels.contains_key(&term.topology_key))
            || !terms(true).is_empty();
    };
    let gained = |key: &str| value(new, key).is_some() && value(new, key) != value(old, key);
    let left = |key: &str| value(old, key).is_some() && value(new, key) != value(old, key);
    terms(false).iter().any(|term| gained(&term.topology_key))
        || terms(true).iter().any(|term| left(&term.topology_key))
}

/// InterPodAffinity: a pod that the affinity needs came, or one that anti-affinity forbids went.
fn affinity_counts_changed(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let attracts = |other: &PodInfo| all_match(&required_terms(listers, pod, false), other);
    let repels = |other: &PodInfo| all_match(&required_terms(listers, pod, true), other);
    let sees_existing = profile.version.inter_pod_affinity_hints_see_existing_anti_affinity();
    match event {
        ClusterEvent::PendingPodUpdate { new, .. } => new.id == pod.id && sees_existing,
        ClusterEvent::AssignedPodUpdate { old, new, .. } => {
            (!attracts(old) && attracts(new)) || (repels(old) && !repels(new))
        }
        ClusterEvent::AssignedPodAdd(other) => attracts(other),
        ClusterEvent::AssignedPodDelete(other) => {
            let repelled = || {
                let labels = listers.namespace_labels(&pod.namespace);
                let terms = other.affinity().map_or(&[][..], |affinity| &affinity.pod_anti_required);
                !terms.is_empty() && terms.iter().all(|term| existing_term_matches(term, other, pod, &labels))
            };
            repels(other) || (sees_existing && repelled())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Container, Labels, PodTemplate, ResourceList, Taint, TaintEffect, Toleration};
    use crate::cluster::PodId;
    use crate::scheduler::config::KubernetesVersion;
    use crate::scheduler::view::{PodOrigin, PodTraits};
    use std::sync::Arc;

    fn pod(spec: PodSpec) -> PodInfo {
        let traits = Arc::new(PodTraits::of(&spec));
        let template = Arc::new(PodTemplate { spec, ..PodTemplate::default() });
        let pod = crate::api::Pod { template, ..crate::api::Pod::default() };
        PodInfo::new(PodId::from_index(0), &pod, traits, KubernetesVersion::V1_36)
    }

    fn node(cpu: i64, pods: i64, taint: bool) -> Arc<Node> {
        let own = || Taint { key: "t".into(), value: "".into(), effect: TaintEffect::NoSchedule, time_added: None };
        Arc::new(Node {
            allocatable: ResourceList { cpu: Some(MilliCpu::new(cpu)), pods: Some(pods), ..ResourceList::default() },
            taints: taint.then(own).into_iter().collect(),
            ..Node::default()
        })
    }

    fn hints(plugin: Plugin, pod: &PodInfo, event: &ClusterEvent) -> bool {
        let context = HintContext { listers: &Listers::default(), profiles: &[Profile::default()] };
        may_become_schedulable(&context, PluginSet::of(&[plugin]), pod, event)
    }

    #[test]
    fn nodes_that_help_and_nodes_that_do_not() {
        let requests = ResourceList { cpu: Some(MilliCpu::new(500)), ..ResourceList::default() };
        let small =
            pod(PodSpec { containers: vec![Container { requests, ..Container::default() }], ..PodSpec::default() });
        let update = |old, new, change| ClusterEvent::NodeUpdate { old, new, change };
        let cases = [
            (Plugin::NodeResourcesFit, ClusterEvent::NodeAdd(node(1000, 10, false)), true, "fits when empty"),
            (Plugin::NodeResourcesFit, ClusterEvent::NodeAdd(node(400, 10, false)), false, "too small"),
            (
                Plugin::NodeResourcesFit,
                update(node(600, 10, false), node(600, 11, false), NodeChange::Allocatable),
                true,
                "more pods are allowed",
            ),
            (
                Plugin::NodeResourcesFit,
                update(node(600, 10, false), node(550, 10, false), NodeChange::Allocatable),
                false,
                "nothing grew",
            ),
            (
                Plugin::NodeResourcesFit,
                update(node(100, 10, true), node(100, 10, false), NodeChange::Taint),
                true,
                "taint changes always re-queue",
            ),
            (Plugin::TaintToleration, ClusterEvent::NodeAdd(node(1, 1, true)), false, "not tolerated"),
            (
                Plugin::TaintToleration,
                update(node(1, 1, true), node(1, 1, false), NodeChange::Taint),
                true,
                "the taint went",
            ),
            (Plugin::NodeResourcesFit, ClusterEvent::NodeDelete(node(1, 1, false)), false, "nobody fits a lost node"),
        ];
        for (plugin, event, expected, why) in cases {
            assert_eq!(hints(plugin, &small, &event), expected, "{plugin}: {why}");
        }
    }

    #[test]
    fn an_update_concerns_the_pod_itself() {
        let own = pod(PodSpec::default());
        let tolerant = PodSpec { tolerations: vec![Toleration::default()], ..PodSpec::default() };
        let mut other = pod(tolerant.clone());
        other.id = PodId::from_index(1);
        other.origin = Arc::new(PodOrigin { labels: Labels::default(), ..PodOrigin::clone(&other.origin) });
        let event = |new: PodInfo| ClusterEvent::PendingPodUpdate {
            old: Arc::new(own.clone()),
            new: Arc::new(new),
            change: PodChange::Tolerations,
        };
        assert!(hints(Plugin::TaintToleration, &own, &event(pod(tolerant))));
        assert!(!hints(Plugin::TaintToleration, &own, &event(other)));
    }
}
