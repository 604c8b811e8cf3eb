//! PodTopologySpread: hard and soft spread constraints, of the pod or by default.

use super::{node_affinity, taint_toleration};
use crate::api::{
    LabelSelector, Labels, Name, Node, NodeInclusionPolicy, SelectorOperator, SelectorRequirement,
    TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known,
};
use crate::cluster::NodeId;
use crate::scheduler::profile::{DefaultSpreadConstraints, system_default_constraints};
use crate::scheduler::{Context, Failure, Listers, MAX_NODE_SCORE, NodeInfo, PodInfo, Profile};
use rustc_hash::{FxHashMap, FxHashSet};

/// A constraint with its selector completed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constraint {
    /// Largest difference between domains.
    pub max_skew: i64,
    /// Node label that defines the domains.
    pub topology_key: Name,
    /// Which pods count; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// With fewer domains the smallest counts as empty.
    pub min_domains: usize,
    honors_affinity: bool,
    /// `nodeTaintsPolicy: Honor`.
    pub honors_taints: bool,
}

impl Constraint {
    fn new(own: &TopologySpreadConstraint, pod: &PodInfo) -> Self {
        let mut selector = own.label_selector.clone();
        for key in &own.match_label_keys {
            let Some(value) = pod.labels.get(key) else { continue };
            // As in kube-scheduler, a selector that selects nothing comes to select the values of the keys.
            selector.get_or_insert_default().requirements.push(SelectorRequirement {
                key: key.clone(),
                operator: SelectorOperator::In,
                values: vec![value.clone()],
            });
        }
        Self {
            max_skew: i64::from(own.max_skew),
            topology_key: own.topology_key.clone(),
            selector,
            min_domains: usize::try_from(own.min_domains.unwrap_or(1)).unwrap_or(0),
            honors_affinity: own.node_affinity_policy == NodeInclusionPolicy::Honor,
            honors_taints: own.node_taints_policy == NodeInclusionPolicy::Honor,
        }
    }

    /// Whether the selector selects pods with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }

    /// Whether the node counts (`matchNodeInclusionPolicies`).
    pub fn includes(&self, pod: &PodInfo, node: &Node) -> bool {
        (!self.honors_affinity || node_affinity::matches_required(pod.spec(), node))
            && (!self.honors_taints
                || taint_toleration::first_untolerated(&pod.spec().tolerations, &node.taints).is_none())
    }

    /// How many pods of the node count: of the pod's namespace, not terminating, selected. As in kube-scheduler, an
    /// empty selector counts none.
    fn count(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let Some(selector) = self.selector.as_ref().filter(|selector| !selector.is_empty()) else { return 0 };
        let counted = |other: &&std::sync::Arc<PodInfo>| {
            !other.terminating && other.namespace == pod.namespace && selector.matches(&other.labels)
        };
        i64::try_from(node.pods().iter().filter(counted).count()).unwrap_or(i64::MAX)
    }

    /// Whether `other` counts: of the pod's namespace, not terminating, selected by a selector that is not empty.
    pub fn counts(&self, pod: &PodInfo, other: &PodInfo) -> bool {
        let selector = self.selector.as_ref().filter(|selector| !selector.is_empty());
        !other.terminating
            && other.namespace == pod.namespace
            && selector.is_some_and(|selector| selector.matches(&other.labels))
    }
}

/// Whether the node has the topology key of every constraint.
pub fn has_all_keys(constraints: &[Constraint], labels: &Labels) -> bool {
    constraints.iter().all(|constraint| labels.contains_key(&constraint.topology_key))
}

/// The pod's own constraints with this action, or the default ones if it has no constraint at all.
pub fn constraints(
    profile: &Profile,
    listers: &Listers,
    pod: &PodInfo,
    action: UnsatisfiableConstraintAction,
) -> Vec<Constraint> {
    let of = |list: &[TopologySpreadConstraint]| -> Vec<Constraint> {
        let wanted = list.iter().filter(|own| own.when_unsatisfiable == action);
        wanted.map(|own| Constraint::new(own, pod)).collect()
    };
    if !pod.spread_constraints().is_empty() {
        return of(pod.spread_constraints());
    }
    let mut defaults = match &profile.args.default_spread_constraints {
        DefaultSpreadConstraints::System if action == UnsatisfiableConstraintAction::DoNotSchedule => Vec::new(),
        DefaultSpreadConstraints::System => of(&system_default_constraints()),
        DefaultSpreadConstraints::List(list) => of(list),
    };
    if defaults.is_empty() {
        return defaults;
    }
    let selector = default_selector(listers, pod);
    if selector.is_empty() {
        return Vec::new();
    }
    for constraint in &mut defaults {
        constraint.selector = Some(selector.clone());
    }
    defaults
}

/// The AND of the selectors of the pod's Services and of its controlling owner (`helper.DefaultSelector`).
fn default_selector(listers: &Listers, pod: &PodInfo) -> LabelSelector {
    let mut selector = LabelSelector::default();
    for service in listers.services.iter().filter(|service| service.namespace == pod.namespace) {
        let Some(own) = &service.selector else { continue };
        if own.iter().all(|(key, value)| pod.labels.get(key) == Some(value)) {
            selector.requirements.extend(LabelSelector::from_match_labels(own).requirements);
        }
    }
    if let Some(own) = pod.owner.as_ref().and_then(|owner| listers.owner_selector(&pod.namespace, owner)) {
        selector.requirements.extend(own.requirements.iter().cloned());
    }
    selector
}

/// What PreFilter finds for the filter.
#[derive(Clone, Debug, Default)]
pub struct FilterState {
    constraints: Vec<Constraint>,
    /// Counted pods by domain, for each constraint.
    domains: Vec<FxHashMap<Name, i64>>,
    /// What the smallest domain counts as, for each constraint.
    minimum: Vec<i64>,
    /// Whether the pod counts itself, for each constraint.
    selects_itself: Vec<bool>,
}

impl FilterState {
    fn update_minimum(&mut self, index: usize) {
        let domains = &self.domains[index];
        let enough = domains.len() >= self.constraints[index].min_domains;
        // The minimum does not depend on the order of iteration.
        self.minimum[index] = if enough { domains.values().copied().min().unwrap_or(0) } else { 0 };
    }

    /// Counts a pod that comes to `node`, or with `amount` -1 goes. Unlike PreFilter, kube-scheduler counts terminating
    /// pods here, and lets an empty selector select all.
    pub fn count(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, amount: i64) {
        let node = node.node();
        if other.namespace != pod.namespace || !has_all_keys(&self.constraints, &node.meta.labels) {
            return;
        }
        for index in 0..self.constraints.len() {
            let constraint = &self.constraints[index];
            if !constraint.selects(&other.labels) || !constraint.includes(pod, node) {
                continue;
            }
            if let Some(value) = node.meta.labels.get(&constraint.topology_key) {
                *self.domains[index].entry(value.clone()).or_insert(0) += amount;
                self.update_minimum(index);
            }
        }
    }
}

/// Counts pods by domain; `None` where the pod has no hard constraint.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo) -> Option<FilterState> {
    let hard = UnsatisfiableConstraintAction::DoNotSchedule;
    let constraints = constraints(context.profile, context.listers, pod, hard);
    if constraints.is_empty() {
        return None;
    }
    let mut state = FilterState {
        domains: vec![FxHashMap::default(); constraints.len()],
        minimum: vec![0; constraints.len()],
        selects_itself: constraints.iter().map(|constraint| constraint.selects(&pod.labels)).collect(),
        constraints,
    };
    for node in context.snapshot.nodes() {
        let labels = &node.node().meta.labels;
        if !has_all_keys(&state.constraints, labels) {
            continue;
        }
        for (constraint, domains) in state.constraints.iter().zip(&mut state.domains) {
            let Some(value) = labels.get(&constraint.topology_key) else { continue };
            if constraint.includes(pod, node.node()) {
                *domains.entry(value.clone()).or_insert(0) += constraint.count(pod, node);
            }
        }
    }
    for index in 0..state.constraints.len() {
        state.update_minimum(index);
    }
    Some(state)
}

/// Rejects a node whose domain would hold too many pods more than the smallest.
pub fn filter(state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    let labels = &node.node().meta.labels;
    for (index, constraint) in state.constraints.iter().enumerate() {
        let Some(value) = labels.get(&constraint.topology_key) else {
            return Err(Failure::TopologySpreadMissingLabel);
        };
        let count = state.domains[index].get(value).copied().unwrap_or(0);
        let skew = count + i64::from(state.selects_itself[index]) - state.minimum[index];
        if skew > constraint.max_skew {
            return Err(Failure::TopologySpread);
        }
    }
    Ok(())
}

/// What PreScore finds for the score.
#[derive(Clone, Debug, Default)]
pub struct ScoreState {
    constraints: Vec<Constraint>,
    /// Counted pods by domain, for each constraint but those on the host name.
    domains: Vec<FxHashMap<Name, i64>>,
    /// ln(domains + 2), for each constraint.
    weights: Vec<f64>,
    /// Feasible nodes that lack a topology key.
    ignored: FxHashSet<NodeId>,
}

/// Counts pods by domain; `None` where the pod has no soft constraint.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler takes the logarithm of a float64")]
pub fn pre_score(context: &Context<'_>, pod: &PodInfo, feasible: &[NodeId]) -> Option<ScoreState> {
    let soft = UnsatisfiableConstraintAction::ScheduleAnyway;
    let constraints = constraints(context.profile, context.listers, pod, soft);
    if constraints.is_empty() {
        return None;
    }
    let needs_all_keys = !pod.spread_constraints().is_empty()
        || context.profile.args.default_spread_constraints != DefaultSpreadConstraints::System;
    let lacks_key = |labels: &Labels| needs_all_keys && !has_all_keys(&constraints, labels);
    let is_hostname = |constraint: &Constraint| *constraint.topology_key == *well_known::HOSTNAME;
    let absent = Name::from("");
    let mut domains: Vec<FxHashMap<Name, i64>> = vec![FxHashMap::default(); constraints.len()];
    let mut ignored = FxHashSet::default();
    for node in feasible.iter().filter_map(|id| context.snapshot.node(*id)) {
        let labels = &node.node().meta.labels;
        if lacks_key(labels) {
            ignored.insert(node.id());
            continue;
        }
        for (constraint, domains) in constraints.iter().zip(&mut domains) {
            if !is_hostname(constraint) {
                // Without the system defaults' leniency no node lacks the key; with it, a missing one is a domain too.
                domains.entry(labels.get(&constraint.topology_key).unwrap_or(&absent).clone()).or_insert(0);
            }
        }
    }
    for node in context.snapshot.nodes() {
        let labels = &node.node().meta.labels;
        if lacks_key(labels) {
            continue;
        }
        for (constraint, domains) in constraints.iter().zip(&mut domains) {
            let value = labels.get(&constraint.topology_key).unwrap_or(&absent);
            if let Some(count) = domains.get_mut(value)
                && constraint.includes(pod, node.node())
            {
                *count += constraint.count(pod, node);
            }
        }
    }
    let weights = constraints
        .iter()
        .zip(&domains)
        .map(|(constraint, domains)| {
            let size = if is_hostname(constraint) { feasible.len() - ignored.len() } else { domains.len() };
            ((size + 2) as f64).ln()
        })
        .collect();
    Some(ScoreState { constraints, domains, weights, ignored })
}

/// How many pods are in the node's domains, weighted; fewer is better.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler multiplies as float64")]
#[expect(clippy::cast_possible_truncation, reason = "counts of pods, far from the limits")]
pub fn score(state: &ScoreState, pod: &PodInfo, node: &NodeInfo) -> i64 {
    if state.ignored.contains(&node.id()) {
        return 0;
    }
    let labels = &node.node().meta.labels;
    let mut score = 0.0;
    for (index, constraint) in state.constraints.iter().enumerate() {
        let Some(value) = labels.get(&constraint.topology_key) else { continue };
        let count = if *constraint.topology_key == *well_known::HOSTNAME {
            constraint.count(pod, node)
        } else {
            state.domains[index].get(value).copied().unwrap_or(0)
        };
        score += count as f64 * state.weights[index] + (constraint.max_skew - 1) as f64;
    }
    // Rounds half away from zero, as Go does.
    score.round() as i64
}

/// The emptiest domain's nodes become 100; ignored nodes 0.
pub fn normalize(state: &ScoreState, feasible: &[NodeId], scores: &mut [i64]) {
    let is_ignored = |node: &NodeId| state.ignored.contains(node);
    let counted = || feasible.iter().zip(scores.iter()).filter(|(node, _)| !is_ignored(node)).map(|(_, score)| *score);
    let (min, max) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
    for (node, score) in feasible.iter().zip(scores) {
        *score = if is_ignored(node) { 0 } else { normalized(*score, min, max) };
    }
}

/// The score of a node that is not ignored, between the lowest and the highest among such nodes.
pub const fn normalized(score: i64, min: i64, max: i64) -> i64 {
    if max == 0 { MAX_NODE_SCORE } else { MAX_NODE_SCORE * (max + min - score) / max }
}
