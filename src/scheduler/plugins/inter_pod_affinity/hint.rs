//! Which events may satisfy required affinity, or end what anti-affinity forbids.

use super::terms::{all_match, existing_term_matches, required_terms};
use crate::api::Node;
use crate::scheduler::config::Profile;
use crate::scheduler::framework::ClusterEvent;
use crate::scheduler::view::{Listers, PodInfo};

/// A domain changed, or a pod that the terms select.
pub fn hint(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    match event.nodes() {
        Some((old, Some(new))) => domains_changed(listers, pod, old, new),
        Some((_, None)) => true,
        None => counts_changed(profile, listers, pod, event),
    }
}

/// A node gained a topology key that the pod's affinity needs, or left a domain that its anti-affinity forbids.
fn domains_changed(listers: &Listers, pod: &PodInfo, old: Option<&Node>, new: &Node) -> bool {
    let value = |node: &Node, key: &str| node.meta.labels.get(key).cloned();
    let terms = |anti| required_terms(listers, pod, anti);
    let Some(old) = old else {
        return terms(false).iter().any(|term| new.meta.labels.contains_key(&term.topology_key))
            || !terms(true).is_empty();
    };
    let gained = |key: &str| value(new, key).is_some() && value(new, key) != value(old, key);
    let left = |key: &str| value(old, key).is_some() && value(new, key) != value(old, key);
    terms(false).iter().any(|term| gained(&term.topology_key))
        || terms(true).iter().any(|term| left(&term.topology_key))
}

/// A pod that the affinity needs came, or one that anti-affinity forbids went.
fn counts_changed(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let attracts = |placed: &PodInfo| all_match(&required_terms(listers, pod, false), placed);
    let repels = |placed: &PodInfo| all_match(&required_terms(listers, pod, true), placed);
    let sees_existing = profile.version.inter_pod_affinity_hints_see_existing_anti_affinity();
    match event {
        ClusterEvent::PendingPodUpdate { new, .. } => new.id == pod.id && sees_existing,
        ClusterEvent::AssignedPodUpdate { old, new, .. } => {
            (!attracts(old) && attracts(new)) || (repels(old) && !repels(new))
        }
        ClusterEvent::AssignedPodAdd(placed) => attracts(placed),
        ClusterEvent::AssignedPodDelete(gone) => {
            let repelled = || {
                let labels = listers.namespace_labels(&pod.namespace);
                let terms = gone.affinity().map_or(&[][..], |affinity| &affinity.pod_anti_required);
                !terms.is_empty() && terms.iter().all(|term| existing_term_matches(term, gone, pod, &labels))
            };
            repels(gone) || (sees_existing && repelled())
        }
        _ => true,
    }
}
