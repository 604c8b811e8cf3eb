//! Which events may satisfy required affinity, or end what anti-affinity forbids.

use super::terms::{all_match, any_matches, existing_term_matches, unresolved_required_terms};
use crate::api::Node;
use crate::scheduler::config::Profile;
use crate::scheduler::framework::ClusterEvent;
use crate::scheduler::view::{Listers, PodInfo};

/// A domain changed, or a pod that the terms select.
pub fn hint(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool {
    match event.nodes() {
        Some((old, Some(new))) => domains_changed(pod, old, new),
        Some((_, None)) => true,
        None => counts_changed(profile, listers, pod, event),
    }
}

/// A node gained a topology key that the pod's affinity needs, or left a domain that its anti-affinity forbids.
fn domains_changed(pod: &PodInfo, old: Option<&Node>, new: &Node) -> bool {
    let value = |node: &Node, key: &str| node.meta.labels.get(key).cloned();
    let terms = |anti| unresolved_required_terms(pod, anti);
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
    let each_term = profile.version.inter_pod_affinity_hints_see_each_anti_affinity_term();
    let attracts = |placed: &PodInfo| all_match(&unresolved_required_terms(pod, false), placed);
    let repels = |placed: &PodInfo| {
        let terms = unresolved_required_terms(pod, true);
        if each_term { any_matches(&terms, placed) } else { all_match(&terms, placed) }
    };
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
                let mut matches = terms.iter().map(|term| existing_term_matches(term, gone, pod, &labels));
                !terms.is_empty() && if each_term { matches.any(|one| one) } else { matches.all(|one| one) }
            };
            repels(gone) || (sees_existing && repelled())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::test_support::{labelled_pod, labels_of, pod};
    use super::*;
    use crate::api::{Affinity, LabelSelector, Name, PodAffinityTerm, PodSpec};
    use crate::scheduler::view::PodOrigin;
    use std::sync::Arc;

    #[test]
    fn a_namespace_selector_is_not_looked_up() {
        let selector = |key, value| LabelSelector::from_match_labels(&labels_of(&[(key, value)]));
        let in_namespace = |pod: PodInfo, name: &str| {
            let origin = PodOrigin { namespace: name.into(), ..(*pod.origin).clone() };
            PodInfo { origin: Arc::new(origin), ..pod }
        };
        let worker = in_namespace(labelled_pod(PodSpec::default(), &[("app", "worker")]), "ns-a");
        let event = ClusterEvent::AssignedPodAdd(Arc::new(worker));
        let mut listers = Listers::default();
        listers.namespaces.insert("ns-a".into(), labels_of(&[("team", "x")]));
        let cases = [
            ("ns-c", None, vec![], false, "the pod's namespace alone"),
            ("ns-a", None, vec![], true, "which is the worker's"),
            ("ns-c", Some(selector("team", "x")), vec![], false, "a selector that would match is not resolved"),
            ("ns-c", Some(selector("team", "x")), vec![Name::from("ns-a")], true, "a list counts beside it"),
            ("ns-c", Some(LabelSelector::default()), vec![], true, "an empty selector matches no labels too"),
        ];
        for (of_pod, namespace_selector, namespaces, expected, why) in cases {
            let term = PodAffinityTerm {
                topology_key: "kubernetes.io/hostname".into(),
                label_selector: Some(selector("app", "worker")),
                namespaces,
                namespace_selector,
                ..PodAffinityTerm::default()
            };
            let affinity = Affinity { pod_required: vec![term], ..Affinity::default() };
            let spec = PodSpec { affinity: Some(Box::new(affinity)), ..PodSpec::default() };
            let follower = in_namespace(pod(spec), of_pod);
            assert_eq!(hint(&Profile::default(), &listers, &follower, &event), expected, "{why}");
        }
    }
}
