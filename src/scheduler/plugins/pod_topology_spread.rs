//! PodTopologySpread: hard and soft spread constraints, of the pod or by default.

use super::pod_memo::PodMemo;
use super::{node_affinity, taint_toleration};
use crate::api::{
    LabelSelector, Labels, Name, Node, NodeInclusionPolicy, SelectorOperator, SelectorRequirement,
    TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known,
};
use crate::cluster::NodeId;
use crate::scheduler::config::{DefaultSpreadConstraints, Profile, system_default_constraints};
use crate::scheduler::framework::{Context, Failure, MAX_NODE_SCORE};
use crate::scheduler::view::{Domain, Listers, NodeInfo, PodInfo, TopologyKey};
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

    /// Whether `other` counts: of the pod's namespace, not terminating, selected. As in kube-scheduler, an empty selector
    /// selects none.
    pub fn counts(&self, pod: &PodInfo, other: &PodInfo) -> bool {
        !other.terminating && self.counts_while_it_runs(pod, other)
    }

    fn counts_while_it_runs(&self, pod: &PodInfo, other: &PodInfo) -> bool {
        let selector = self.selector.as_ref().filter(|selector| !selector.is_empty());
        other.namespace == pod.namespace && selector.is_some_and(|selector| selector.matches(&other.labels))
    }

    /// How many pods of the node count.
    fn count<'pods>(&self, pod: &PodInfo, node: &'pods NodeInfo, memo: &mut PodMemo<'pods, bool>) -> i64 {
        let counted = |other: &&'pods std::sync::Arc<PodInfo>| {
            memo.answer(other, || self.counts_while_it_runs(pod, other)) && !other.terminating
        };
        i64::try_from(node.pods().iter().filter(counted).count()).unwrap_or(i64::MAX)
    }
}

/// Counted pods by domain of one topology key; a domain is absent until a node that counts is seen.
#[derive(Clone, Debug, Default)]
struct DomainCounts {
    counts: Vec<Option<i64>>,
    /// How many domains are present.
    present: usize,
}

impl DomainCounts {
    fn get(&self, domain: Domain) -> Option<i64> {
        self.counts.get(domain.index()).copied().flatten()
    }

    fn get_mut(&mut self, domain: Domain) -> Option<&mut i64> {
        self.counts.get_mut(domain.index())?.as_mut()
    }

    fn add(&mut self, domain: Domain, amount: i64) {
        if self.counts.len() <= domain.index() {
            self.counts.resize(domain.index() + 1, None);
        }
        let count = &mut self.counts[domain.index()];
        self.present += usize::from(count.is_none());
        *count = Some(count.unwrap_or(0) + amount);
    }

    fn minimum(&self) -> i64 {
        self.counts.iter().copied().flatten().min().unwrap_or(0)
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
    for labels in listers.service_selectors(&pod.namespace) {
        if labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value)) {
            selector.requirements.extend(LabelSelector::from_match_labels(labels).requirements);
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
    constraints: Vec<HardConstraint>,
}

/// A hard constraint with what is counted for it.
#[derive(Clone, Debug)]
struct HardConstraint {
    constraint: Constraint,
    /// `None` where no node has the label.
    key: Option<TopologyKey>,
    domains: DomainCounts,
    /// What the smallest domain counts as.
    minimum: i64,
    /// Whether the pod counts itself.
    selects_itself: bool,
}

impl HardConstraint {
    fn update_minimum(&mut self) {
        let enough = self.domains.present >= self.constraint.min_domains;
        self.minimum = if enough { self.domains.minimum() } else { 0 };
    }

    fn domain_of(&self, node: &NodeInfo) -> Option<Domain> {
        node.domains().get(self.key?)
    }
}

impl FilterState {
    fn all_have_domains(&self, node: &NodeInfo) -> bool {
        self.constraints.iter().all(|own| own.domain_of(node).is_some())
    }

    /// Counts a pod that comes to `node`, or with `amount` -1 goes. Unlike PreFilter, kube-scheduler counts terminating
    /// pods here, and lets an empty selector select all.
    pub fn count(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, amount: i64) {
        if other.namespace != pod.namespace || !self.all_have_domains(node) {
            return;
        }
        for own in &mut self.constraints {
            if !own.constraint.selects(&other.labels) || !own.constraint.includes(pod, node.node()) {
                continue;
            }
            if let Some(domain) = own.domain_of(node) {
                own.domains.add(domain, amount);
                own.update_minimum();
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
    let topology = context.snapshot.topology();
    let with_counts = |constraint: Constraint| HardConstraint {
        key: topology.key(&constraint.topology_key),
        domains: DomainCounts::default(),
        minimum: 0,
        selects_itself: constraint.selects(&pod.labels),
        constraint,
    };
    let mut state = FilterState { constraints: constraints.into_iter().map(with_counts).collect() };
    let mut memos: Vec<PodMemo<'_, bool>> = state.constraints.iter().map(|_| PodMemo::new()).collect();
    for node in context.snapshot.nodes() {
        if !state.all_have_domains(node) {
            continue;
        }
        for (own, memo) in state.constraints.iter_mut().zip(&mut memos) {
            let Some(domain) = own.domain_of(node) else { continue };
            if own.constraint.includes(pod, node.node()) {
                own.domains.add(domain, own.constraint.count(pod, node, memo));
            }
        }
    }
    for own in &mut state.constraints {
        own.update_minimum();
    }
    Some(state)
}

/// Rejects a node whose domain would hold too many pods more than the smallest.
pub fn filter(state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    for own in &state.constraints {
        let Some(domain) = own.domain_of(node) else { return Err(Failure::TopologySpreadMissingLabel) };
        let skew = own.domains.get(domain).unwrap_or(0) + i64::from(own.selects_itself) - own.minimum;
        if skew > own.constraint.max_skew {
            return Err(Failure::TopologySpread);
        }
    }
    Ok(())
}

/// What PreScore finds for the score.
#[derive(Clone, Debug, Default)]
pub struct ScoreState {
    constraints: Vec<SoftConstraint>,
    /// Feasible nodes that lack a topology key.
    ignored: FxHashSet<NodeId>,
}

/// A soft constraint with what is counted for it.
#[derive(Clone, Debug)]
struct SoftConstraint {
    constraint: Constraint,
    is_hostname: bool,
    /// `None` where no node has the label.
    key: Option<TopologyKey>,
    /// The domain of nodes whose label has an empty value; a missing label is the same domain.
    empty: Option<Domain>,
    /// By domain; on the host name by node, see `by_node`.
    domains: DomainCounts,
    /// Counted pods of nodes without the label or with an empty one, once such a node is feasible.
    absent: Option<i64>,
    /// On the host name: counted pods of each feasible node.
    by_node: FxHashMap<NodeId, i64>,
    /// ln(domains + 2).
    weight: f64,
}

impl SoftConstraint {
    /// The domain of the node; `None` is the one of nodes without the label or with an empty one.
    fn domain_of(&self, node: &NodeInfo) -> Option<Domain> {
        self.key.and_then(|key| node.domains().get(key)).filter(|domain| Some(*domain) != self.empty)
    }

    fn add_domain_of(&mut self, node: &NodeInfo) {
        match self.domain_of(node) {
            Some(domain) => self.domains.add(domain, 0),
            None => self.absent = Some(0),
        }
    }

    fn count_of(&self, node: &NodeInfo) -> i64 {
        if self.is_hostname {
            return self.by_node.get(&node.id()).copied().unwrap_or(0);
        }
        self.domain_of(node).map_or(self.absent, |domain| self.domains.get(domain)).unwrap_or(0)
    }
}

/// Counts pods by domain; `None` where the pod has no soft constraint.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler takes the logarithm of a float64")]
pub fn pre_score(context: &Context<'_>, pod: &PodInfo, feasible: &[NodeId]) -> Option<ScoreState> {
    let soft = UnsatisfiableConstraintAction::ScheduleAnyway;
    let constraints = constraints(context.profile, context.listers, pod, soft);
    if constraints.is_empty() {
        return None;
    }
    let topology = context.snapshot.topology();
    let needs_all_keys = !pod.spread_constraints().is_empty()
        || context.profile.args.default_spread_constraints != DefaultSpreadConstraints::System;
    let with_counts = |constraint: Constraint| SoftConstraint {
        is_hostname: *constraint.topology_key == *well_known::HOSTNAME,
        key: topology.key(&constraint.topology_key),
        empty: topology.domain(&constraint.topology_key, ""),
        domains: DomainCounts::default(),
        absent: None,
        by_node: FxHashMap::default(),
        weight: 0.0,
        constraint,
    };
    let mut constraints: Vec<SoftConstraint> = constraints.into_iter().map(with_counts).collect();
    let has_key = |own: &SoftConstraint, node: &NodeInfo| own.key.is_some_and(|key| node.domains().get(key).is_some());
    let lacks_key = |constraints: &[SoftConstraint], node: &NodeInfo| {
        needs_all_keys && !constraints.iter().all(|own| has_key(own, node))
    };
    let mut memos: Vec<PodMemo<'_, bool>> = constraints.iter().map(|_| PodMemo::new()).collect();
    let mut ignored = FxHashSet::default();
    for node in feasible.iter().filter_map(|id| context.snapshot.node(*id)) {
        if lacks_key(&constraints, node) {
            ignored.insert(node.id());
            continue;
        }
        for (own, memo) in constraints.iter_mut().zip(&mut memos) {
            if own.is_hostname {
                own.by_node.insert(node.id(), own.constraint.count(pod, node, memo));
            } else {
                // Without the system defaults' leniency no node lacks the key; with it, a missing one is a domain too.
                own.add_domain_of(node);
            }
        }
    }
    for node in context.snapshot.nodes() {
        if lacks_key(&constraints, node) {
            continue;
        }
        for (own, memo) in constraints.iter_mut().zip(&mut memos) {
            let domain = own.domain_of(node);
            let count = match domain {
                Some(domain) => own.domains.get_mut(domain),
                None => own.absent.as_mut(),
            };
            if let Some(count) = count
                && own.constraint.includes(pod, node.node())
            {
                *count += own.constraint.count(pod, node, memo);
            }
        }
    }
    for own in &mut constraints {
        let domains = own.domains.present + usize::from(own.absent.is_some());
        let size = if own.is_hostname { feasible.len() - ignored.len() } else { domains };
        own.weight = ((size + 2) as f64).ln();
    }
    Some(ScoreState { constraints, ignored })
}

/// How many pods are in the node's domains, weighted; fewer is better.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler multiplies as float64")]
#[expect(clippy::cast_possible_truncation, reason = "counts of pods, far from the limits")]
pub fn score(state: &ScoreState, node: &NodeInfo) -> i64 {
    if state.ignored.contains(&node.id()) {
        return 0;
    }
    let mut score = 0.0;
    for own in &state.constraints {
        if own.key.is_none_or(|key| node.domains().get(key).is_none()) {
            continue;
        }
        score += own.count_of(node) as f64 * own.weight + (own.constraint.max_skew - 1) as f64;
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
