//! Terms of (anti-)affinity: which pods they select.

use crate::api::scheduler_config::InterPodAffinityArgs;
use crate::api::{LabelSelector, Labels, Name, PodAffinityTerm, WeightedPodAffinityTerm};
use crate::scheduler::view::{Listers, PodInfo};

/// A term of the incoming pod, with the namespaces that its selector stands for looked up.
#[derive(Clone, Debug)]
pub struct Term {
    /// What a match counts in the score.
    pub weight: i64,
    /// Node label that defines the domain.
    pub topology_key: Name,
    selector: Option<LabelSelector>,
    namespaces: Vec<Name>,
    /// The namespace selector matches a namespace without labels. kube-scheduler evaluates it once more, against no
    /// labels, so that such a selector covers every namespace.
    every_namespace: bool,
}

impl Term {
    /// A term of `pod`, with the namespaces of its selector looked up (`mergeAffinityTermNamespacesIfNotEmpty`).
    pub fn new(listers: &Listers, pod: &PodInfo, term: &PodAffinityTerm, weight: i64) -> Self {
        let mut resolved = Self { weight, ..Self::unresolved(pod, term) };
        if let Some(selector) = term.namespace_selector.as_ref().filter(|selector| !selector.is_empty()) {
            let matching = listers.namespaces.iter().filter(|(_, labels)| selector.matches(labels));
            resolved.namespaces.extend(matching.map(|(name, _)| name.clone()));
        }
        resolved
    }

    /// A term of `pod` as the queueing hints see it (`GetAffinityTerms`): only the namespaces that it lists count, and
    /// every one where its selector matches no labels.
    pub fn unresolved(pod: &PodInfo, term: &PodAffinityTerm) -> Self {
        let mut namespaces = term.namespaces.clone();
        let selector = term.namespace_selector.as_ref();
        if namespaces.is_empty() && selector.is_none() {
            namespaces.push(pod.namespace.clone());
        }
        Self {
            weight: 0,
            topology_key: term.topology_key.clone(),
            selector: term.label_selector.clone(),
            namespaces,
            every_namespace: selector.is_some_and(|selector| selector.matches(&Labels::default())),
        }
    }

    /// What it selects by labels; `None` selects none.
    pub const fn selector(&self) -> Option<&LabelSelector> {
        self.selector.as_ref()
    }

    /// Whether the term selects `placed`.
    pub fn matches(&self, placed: &PodInfo) -> bool {
        (self.every_namespace || self.namespaces.contains(&placed.namespace))
            && self.selector.as_ref().is_some_and(|selector| selector.matches(&placed.labels))
    }
}

/// Whether all terms select `placed`; without terms none does.
pub fn all_match(terms: &[Term], placed: &PodInfo) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(placed))
}

/// Whether one of the terms selects `placed`.
pub fn any_matches(terms: &[Term], placed: &PodInfo) -> bool {
    terms.iter().any(|term| term.matches(placed))
}

/// Whether a term of `owner`, a pod that is there, selects the incoming `pod`, whose namespace has these labels.
pub fn existing_term_matches(
    term: &PodAffinityTerm,
    owner: &PodInfo,
    pod: &PodInfo,
    namespace_labels: &Labels,
) -> bool {
    let in_namespace = match (&term.namespace_selector, term.namespaces.is_empty()) {
        (None, true) => owner.namespace == pod.namespace,
        (selector, _) => {
            term.namespaces.contains(&pod.namespace)
                || selector.as_ref().is_some_and(|selector| selector.matches(namespace_labels))
        }
    };
    in_namespace && term.label_selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
}

/// Required terms of the incoming pod.
pub fn required_terms(listers: &Listers, pod: &PodInfo, anti: bool) -> Vec<Term> {
    required(pod, anti).iter().map(|term| Term::new(listers, pod, term, 0)).collect()
}

/// Required terms of a pod that waits, as the queueing hints see them.
pub fn unresolved_required_terms(pod: &PodInfo, anti: bool) -> Vec<Term> {
    required(pod, anti).iter().map(|term| Term::unresolved(pod, term)).collect()
}

fn required(pod: &PodInfo, anti: bool) -> &[PodAffinityTerm] {
    match pod.affinity() {
        Some(affinity) if anti => &affinity.pod_anti_required,
        Some(affinity) => &affinity.pod_required,
        None => &[],
    }
}

/// Preferred terms of the incoming pod; those of anti-affinity count against a node.
pub fn preferred_terms(listers: &Listers, pod: &PodInfo) -> Vec<Term> {
    let weighted = |sign: i64, terms: &[WeightedPodAffinityTerm]| -> Vec<Term> {
        let term = |preferred: &WeightedPodAffinityTerm| {
            Term::new(listers, pod, &preferred.term, sign * i64::from(preferred.weight))
        };
        terms.iter().map(term).collect()
    };
    let mut preferred = Vec::new();
    if let Some(affinity) = pod.affinity() {
        preferred = weighted(1, &affinity.pod_preferred);
        preferred.extend(weighted(-1, &affinity.pod_anti_preferred));
    }
    preferred
}

/// Calls `each` with the topology key and the weight of every term of `placed`, a pod that is there, that counts in the
/// score of the incoming pod.
pub fn for_each_existing_score(
    args: InterPodAffinityArgs,
    placed: &PodInfo,
    pod: &PodInfo,
    namespace_labels: &Labels,
    each: &mut dyn FnMut(&Name, i64),
) {
    let Some(affinity) = placed.affinity() else { return };
    let selects = |term: &PodAffinityTerm| existing_term_matches(term, placed, pod, namespace_labels);
    if args.hard_pod_affinity_weight > 0 {
        for term in affinity.pod_required.iter().filter(|term| selects(term)) {
            each(&term.topology_key, i64::from(args.hard_pod_affinity_weight));
        }
    }
    for (sign, terms) in [(1, &affinity.pod_preferred), (-1, &affinity.pod_anti_preferred)] {
        for preferred in terms.iter().filter(|preferred| selects(&preferred.term)) {
            each(&preferred.term.topology_key, sign * i64::from(preferred.weight));
        }
    }
}
