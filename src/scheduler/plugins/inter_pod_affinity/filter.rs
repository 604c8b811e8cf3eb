//! Required (anti-)affinity, of the incoming pod and of those that are there.

use super::super::plugin::Plugin;
use super::super::pod_memo::PodMemo;
use super::super::topology_counts::TopologyCounts;
use super::terms::{Term, existing_term_matches, required_terms};
use crate::api::Labels;
use crate::scheduler::framework::{Context, Failure, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo, Topology, TopologyKey};
use std::sync::Arc;

/// The pod's required affinity finds nobody in the node's domain.
pub static ERR_REASON_AFFINITY_RULES_NOT_MATCH: Reason =
    Reason::unresolvable(Plugin::InterPodAffinity, Words::Fixed("node(s) didn't match pod affinity rules"));
/// The pod's required anti-affinity finds a pod in the node's domain.
pub static ERR_REASON_ANTI_AFFINITY_RULES_NOT_MATCH: Reason =
    Reason::unschedulable(Plugin::InterPodAffinity, Words::Fixed("node(s) didn't match pod anti-affinity rules"));
/// The required anti-affinity of a pod in the node's domain selects the incoming pod.
pub static ERR_REASON_EXISTING_ANTI_AFFINITY_RULES_NOT_MATCH: Reason = Reason::unschedulable(
    Plugin::InterPodAffinity,
    Words::Fixed("node(s) didn't satisfy existing pods anti-affinity rules"),
);

/// A required term of the incoming pod and its topology key, which is `None` where no node has that label.
#[derive(Clone, Debug)]
struct RequiredTerm {
    term: Term,
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
    /// Keys of its anti-affinity terms that select the incoming pod.
    is_repelled: Vec<TopologyKey>,
}

impl FilterState {
    /// Counts a pod on `node`, or with `amount` -1 takes it out.
    pub fn count(&mut self, pod: &PodInfo, counted: &PodInfo, node: &NodeInfo, amount: i64) {
        let effect = self.effect(pod, counted);
        self.apply(&effect, node, amount);
    }

    fn effect(&self, pod: &PodInfo, placed: &PodInfo) -> Effect {
        let existing = placed.affinity().into_iter().flat_map(|affinity| &affinity.pod_anti_required);
        Effect {
            attracts: !self.affinity.is_empty() && self.affinity.iter().all(|required| required.term.matches(placed)),
            repels: self
                .anti_affinity
                .iter()
                .filter(|required| required.term.matches(placed))
                .filter_map(|required| required.key)
                .collect(),
            is_repelled: existing
                .filter(|term| existing_term_matches(term, placed, pod, &self.namespace_labels))
                .filter_map(|term| self.topology.key(&term.topology_key))
                .collect(),
        }
    }

    fn apply(&mut self, effect: &Effect, node: &NodeInfo, amount: i64) {
        if effect.attracts {
            for key in self.affinity.iter().filter_map(|required| required.key) {
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
        selects_itself: !affinity.is_empty() && affinity.iter().all(|required| required.term.matches(pod)),
        affinity,
        anti_affinity: required(true),
        namespace_labels: context.listers.namespace_labels(&pod.namespace),
        topology: Arc::clone(topology),
        ..FilterState::default()
    };
    let has_terms = !state.affinity.is_empty() || !state.anti_affinity.is_empty();
    if !has_terms && !context.snapshot.has_required_anti_affinity() {
        return None;
    }
    let mut effects = vec![Effect::default()];
    let mut memo = PodMemo::new();
    for node in context.snapshot.nodes() {
        if !has_terms && !node.has_pods_with_required_anti_affinity() {
            continue;
        }
        for placed in node.pods() {
            let position = memo.answer(placed, || {
                let effect = state.effect(pod, placed);
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
    (has_terms || !state.existing_anti_affinity_counts.is_empty()).then_some(state)
}

/// Rejects a node by the pod's affinity, its anti-affinity, or the anti-affinity of pods that are there, in this order.
pub fn filter(state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    let domain = |required: &RequiredTerm| Some((required.key?, node.domains().get(required.key?)?));
    let mut all_exist = true;
    for required in &state.affinity {
        let Some((key, domain)) = domain(required) else {
            return Err(Failure::of(&ERR_REASON_AFFINITY_RULES_NOT_MATCH));
        };
        all_exist &= state.affinity_counts.get(key, domain) > 0;
    }
    // The first of a group of pods with affinity to each placed finds nobody, and goes anywhere.
    let is_first = state.affinity_counts.is_empty() && state.selects_itself;
    if !all_exist && !is_first {
        return Err(Failure::of(&ERR_REASON_AFFINITY_RULES_NOT_MATCH));
    }
    let blocked = |required: &RequiredTerm| {
        domain(required).is_some_and(|(key, domain)| state.anti_affinity_counts.get(key, domain) > 0)
    };
    if state.anti_affinity.iter().any(blocked) {
        return Err(Failure::of(&ERR_REASON_ANTI_AFFINITY_RULES_NOT_MATCH));
    }
    if state.existing_anti_affinity_counts.of_node(node).any(|count| count > 0) {
        return Err(Failure::of(&ERR_REASON_EXISTING_ANTI_AFFINITY_RULES_NOT_MATCH));
    }
    Ok(())
}
