//! InterPodAffinity: required and preferred (anti-)affinity between pods, of the pod itself and of those that are there.

use super::pod_memo::PodMemo;
use super::topology_counts::TopologyCounts;
use crate::api::{Affinity, LabelSelector, Labels, Name, PodAffinityTerm, WeightedPodAffinityTerm};
use crate::scheduler::config::InterPodAffinityArgs;
use crate::scheduler::framework::{Context, Failure, MAX_NODE_SCORE};
use crate::scheduler::view::{Listers, NodeInfo, PodInfo, Topology, TopologyKey};
use std::sync::Arc;

/// A term of the incoming pod, with the namespaces that its selector stands for looked up.
#[derive(Clone, Debug)]
pub struct OwnTerm {
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

impl OwnTerm {
    /// Looks up the namespaces of a term of `pod` (`mergeAffinityTermNamespacesIfNotEmpty`).
    pub fn new(listers: &Listers, pod: &PodInfo, term: &PodAffinityTerm, weight: i64) -> Self {
        let mut namespaces = term.namespaces.clone();
        let selector = term.namespace_selector.as_ref();
        if namespaces.is_empty() && selector.is_none() {
            namespaces.push(pod.namespace.clone());
        }
        if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
            let matching = listers.namespaces.iter().filter(|(_, labels)| selector.matches(labels));
            namespaces.extend(matching.map(|(name, _)| name.clone()));
        }
        Self {
            weight,
            topology_key: term.topology_key.clone(),
            selector: term.label_selector.clone(),
            namespaces,
            every_namespace: selector.is_some_and(|selector| selector.matches(&Labels::default())),
        }
    }

    /// Whether the term selects `other`.
    pub fn matches(&self, other: &PodInfo) -> bool {
        (self.every_namespace || self.namespaces.contains(&other.namespace))
            && self.selector.as_ref().is_some_and(|selector| selector.matches(&other.labels))
    }
}

/// Whether all terms select `other`; without terms none does.
pub fn all_match(terms: &[OwnTerm], other: &PodInfo) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(other))
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
pub fn required_terms(listers: &Listers, pod: &PodInfo, anti: bool) -> Vec<OwnTerm> {
    let terms = |affinity: &Affinity| {
        let terms = if anti { &affinity.pod_anti_required } else { &affinity.pod_required };
        terms.iter().map(|term| OwnTerm::new(listers, pod, term, 0)).collect()
    };
    pod.affinity().map(terms).unwrap_or_default()
}

/// Preferred terms of the incoming pod; those of anti-affinity count against a node.
pub fn preferred_terms(listers: &Listers, pod: &PodInfo) -> Vec<OwnTerm> {
    let own = |sign: i64, terms: &[WeightedPodAffinityTerm]| -> Vec<OwnTerm> {
        let term = |own: &WeightedPodAffinityTerm| OwnTerm::new(listers, pod, &own.term, sign * i64::from(own.weight));
        terms.iter().map(term).collect()
    };
    let mut preferred = Vec::new();
    if let Some(affinity) = pod.affinity() {
        preferred = own(1, &affinity.pod_preferred);
        preferred.extend(own(-1, &affinity.pod_anti_preferred));
    }
    preferred
}

/// Calls `each` with the topology key and the weight of every term of `other`, a pod that is there, that counts in the
/// score of the incoming pod.
pub fn for_each_existing_score(
    args: InterPodAffinityArgs,
    other: &PodInfo,
    pod: &PodInfo,
    namespace_labels: &Labels,
    each: &mut dyn FnMut(&Name, i64),
) {
    let Some(affinity) = other.affinity() else { return };
    let selects = |term: &PodAffinityTerm| existing_term_matches(term, other, pod, namespace_labels);
    if args.hard_pod_affinity_weight > 0 {
        for term in affinity.pod_required.iter().filter(|term| selects(term)) {
            each(&term.topology_key, i64::from(args.hard_pod_affinity_weight));
        }
    }
    for (sign, terms) in [(1, &affinity.pod_preferred), (-1, &affinity.pod_anti_preferred)] {
        for own in terms.iter().filter(|own| selects(&own.term)) {
            each(&own.term.topology_key, sign * i64::from(own.weight));
        }
    }
}

/// A required term of the incoming pod and its topology key, which is `None` where no node has that label.
#[derive(Clone, Debug)]
struct RequiredTerm {
    term: OwnTerm,
    key: Option<TopologyKey>,
}

/// What PreFilter finds for the filter.
#[derive(Clone, Debug, Default)]
pub struct FilterState {
    affinity: Vec<RequiredTerm>,
    anti_affinity: Vec<RequiredTerm>,
    selects_itself: bool,
    namespace_labels: Labels,
    topology: Arc<Topology>,
    affinity_counts: TopologyCounts,
    anti_affinity_counts: TopologyCounts,
    existing_anti_affinity_counts: TopologyCounts,
}

/// What one more pod on a node counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Effect {
    /// All affinity terms of the incoming pod select it.
    attracts: bool,
    /// Keys of the incoming pod's anti-affinity terms that select it.
    repels: Vec<TopologyKey>,
    /// Keys of its own anti-affinity terms that select the incoming pod.
    is_repelled: Vec<TopologyKey>,
}

impl FilterState {
    /// Counts a pod on `node`, or with `amount` -1 takes it out.
    pub fn count(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, amount: i64) {
        let effect = self.effect(pod, other);
        self.apply(&effect, node, amount);
    }

    fn effect(&self, pod: &PodInfo, other: &PodInfo) -> Effect {
        let existing = other.affinity().into_iter().flat_map(|affinity| &affinity.pod_anti_required);
        Effect {
            attracts: !self.affinity.is_empty() && self.affinity.iter().all(|own| own.term.matches(other)),
            repels: self.anti_affinity.iter().filter(|own| own.term.matches(other)).filter_map(|own| own.key).collect(),
            is_repelled: existing
                .filter(|term| existing_term_matches(term, other, pod, &self.namespace_labels))
                .filter_map(|term| self.topology.key(&term.topology_key))
                .collect(),
        }
    }

    fn apply(&mut self, effect: &Effect, node: &NodeInfo, amount: i64) {
        if effect.attracts {
            for key in self.affinity.iter().filter_map(|own| own.key) {
                self.affinity_counts.add(key, node, amount);
            }
        }
        for key in &effect.repels {
            self.anti_affinity_counts.add(*key, node, amount);
        }
        for key in &effect.is_repelled {
            self.existing_anti_affinity_counts.add(*key, node, amount);
        }
    }
}

/// Counts the pods that matter; `None` where the filter has nothing to look at.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo) -> Option<FilterState> {
    let topology = context.snapshot.topology();
    let required = |anti: bool| -> Vec<RequiredTerm> {
        let terms = required_terms(context.listers, pod, anti).into_iter();
        terms.map(|term| RequiredTerm { key: topology.key(&term.topology_key), term }).collect()
    };
    let affinity = required(false);
    let mut state = FilterState {
        selects_itself: !affinity.is_empty() && affinity.iter().all(|own| own.term.matches(pod)),
        affinity,
        anti_affinity: required(true),
        namespace_labels: context.listers.namespace_labels(&pod.namespace),
        topology: Arc::clone(topology),
        ..FilterState::default()
    };
    let has_own = !state.affinity.is_empty() || !state.anti_affinity.is_empty();
    if !has_own && !context.snapshot.has_required_anti_affinity() {
        return None;
    }
    let mut effects = vec![Effect::default()];
    let mut memo = PodMemo::new();
    for node in context.snapshot.nodes() {
        if !has_own && !node.has_pods_with_required_anti_affinity() {
            continue;
        }
        for other in node.pods() {
            let position = memo.answer(other, || {
                let effect = state.effect(pod, other);
                if effect == effects[0] {
                    return 0;
                }
                effects.push(effect);
                effects.len() - 1
            });
            if position != 0 {
                state.apply(&effects[position], node, 1);
            }
        }
    }
    (has_own || !state.existing_anti_affinity_counts.is_empty()).then_some(state)
}

/// Rejects a node by the pod's affinity, its anti-affinity, or the anti-affinity of pods that are there, in this order.
pub fn filter(state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    let domain = |own: &RequiredTerm| Some((own.key?, node.domains().get(own.key?)?));
    let mut all_exist = true;
    for own in &state.affinity {
        let Some((key, domain)) = domain(own) else { return Err(Failure::PodAffinity) };
        all_exist &= state.affinity_counts.get(key, domain) > 0;
    }
    // The first of a group of pods with affinity to each other finds nobody, and goes anywhere.
    let is_first = state.affinity_counts.is_empty() && state.selects_itself;
    if !all_exist && !is_first {
        return Err(Failure::PodAffinity);
    }
    let blocked =
        |own: &RequiredTerm| domain(own).is_some_and(|(key, domain)| state.anti_affinity_counts.get(key, domain) > 0);
    if state.anti_affinity.iter().any(blocked) {
        return Err(Failure::PodAntiAffinity);
    }
    if state.existing_anti_affinity_counts.of_node(node).any(|count| count > 0) {
        return Err(Failure::ExistingPodAntiAffinity);
    }
    Ok(())
}

/// Fills the score of each topology pair; false where nothing was recorded, so that there is nothing to score by.
pub fn pre_score(
    context: &Context<'_>,
    args: InterPodAffinityArgs,
    pod: &PodInfo,
    scores: &mut TopologyCounts,
) -> bool {
    scores.clear();
    let preferred = preferred_terms(context.listers, pod);
    if args.ignore_preferred_terms_of_existing_pods && preferred.is_empty() {
        return false;
    }
    let namespace_labels = context.listers.namespace_labels(&pod.namespace);
    let topology = context.snapshot.topology();
    let mut recorded = false;
    let mut effects: Vec<Vec<(TopologyKey, i64)>> = vec![Vec::new()];
    let mut memo = PodMemo::new();
    for node in context.snapshot.nodes() {
        if preferred.is_empty() && !node.has_pods_with_scored_affinity() {
            continue;
        }
        for other in node.pods() {
            let position = memo.answer(other, || {
                let mut effect = Vec::new();
                let mut note = |key: &Name, weight: i64| effect.extend(topology.key(key).map(|key| (key, weight)));
                for term in preferred.iter().filter(|term| term.matches(other)) {
                    note(&term.topology_key, term.weight);
                }
                for_each_existing_score(args, other, pod, &namespace_labels, &mut note);
                if effect.is_empty() {
                    return 0;
                }
                effects.push(effect);
                effects.len() - 1
            });
            for (key, weight) in &effects[position] {
                recorded |= scores.add(*key, node, *weight);
            }
        }
    }
    recorded
}

/// The sum of the scores of the node's topology pairs.
pub fn score(scores: &TopologyCounts, node: &NodeInfo) -> i64 {
    scores.of_node(node).sum()
}

/// Spreads the scores over 0 to 100, in floating point with the operations in kube-scheduler's order.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler divides as float64")]
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
pub fn normalize(scores: &mut [i64]) {
    let min = scores.iter().copied().min().unwrap_or(0);
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        *score =
            if max == min { 0 } else { (MAX_NODE_SCORE as f64 * ((*score - min) as f64 / (max - min) as f64)) as i64 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalization_truncates_after_the_division() {
        let cases = [
            (vec![0, 29, 100], vec![0, 28, 100], "29/100 is a little less than 0.29"),
            (vec![5, 5], vec![0, 0], "all equal"),
            (vec![-10, 0, 10], vec![0, 50, 100], "negative scores"),
        ];
        for (mut scores, expected, why) in cases {
            normalize(&mut scores);
            assert_eq!(scores, expected, "{why}");
        }
    }
}
