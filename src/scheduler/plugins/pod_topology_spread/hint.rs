//! Which events may make room under a hard constraint.

use super::constraint::{Constraint, constraints, has_all_keys};
use crate::api::{Node, UnsatisfiableConstraintAction};
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{ClusterEvent, PodChange};
use crate::scheduler::view::{Listers, PodInfo};

/// A domain changed, or the pods that a constraint counts.
pub fn hint(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let constraints = constraints(profile, listers, pod, UnsatisfiableConstraintAction::DoNotSchedule);
    match event.nodes() {
        Some((old, new)) => domains_changed(&constraints, old, new),
        None => counts_changed(profile, &constraints, pod, event),
    }
}

/// A node with all topology keys came or went, gained or lost them, or changed a domain or taints.
fn domains_changed(constraints: &[Constraint], old: Option<&Node>, new: Option<&Node>) -> bool {
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

/// The pods that a constraint counts changed, or the tolerations of the pod itself.
fn counts_changed(profile: &Profile, constraints: &[Constraint], pod: &PodInfo, event: &ClusterEvent) -> bool {
    // A pod counts once it is on a node, or (from 1.36 on) is nominated to one.
    let counts = |changed: &PodInfo, assigned: bool| {
        let is_nominated =
            || profile.version.spread_hints_see_nominated_pods() && changed.nominated_node_name.is_some();
        changed.namespace == pod.namespace && (assigned || is_nominated())
    };
    let selected = |placed: &PodInfo| constraints.iter().all(|constraint| constraint.selects(&placed.labels));
    let changed = |old: &PodInfo, new: &PodInfo| {
        constraints.iter().any(|constraint| constraint.selects(&old.labels) != constraint.selects(&new.labels))
    };
    match event {
        ClusterEvent::PendingPodUpdate { new, change: PodChange::Tolerations, .. } => {
            new.id == pod.id && constraints.iter().any(|constraint| constraint.honors_taints)
        }
        ClusterEvent::AssignedPodAdd(placed) | ClusterEvent::AssignedPodDelete(placed) => {
            counts(placed, true) && selected(placed)
        }
        ClusterEvent::AssignedPodUpdate { old, new, .. } => counts(new, true) && changed(old, new),
        ClusterEvent::PendingPodUpdate { old, new, .. } => counts(new, false) && changed(old, new),
        _ => true,
    }
}
