//! Soft constraints: the fewer pods in a node's domains, the better.

use super::super::pod_memo::PodMemo;
use super::constraint::{Constraint, constraints};
use super::domain_counts::DomainCounts;
use crate::api::scheduler_config::DefaultSpreadConstraints;
use crate::api::{UnsatisfiableConstraintAction, well_known};
use crate::cluster::NodeId;
use crate::scheduler::framework::{Context, MAX_NODE_SCORE};
use crate::scheduler::view::{Domain, NodeInfo, PodInfo, TopologyKey};
use rustc_hash::{FxHashMap, FxHashSet};

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
    let action = UnsatisfiableConstraintAction::ScheduleAnyway;
    let constraints = constraints(context.profile, context.listers, pod, action);
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
    let has_key =
        |soft: &SoftConstraint, node: &NodeInfo| soft.key.is_some_and(|key| node.domains().get(key).is_some());
    let lacks_key = |constraints: &[SoftConstraint], node: &NodeInfo| {
        needs_all_keys && !constraints.iter().all(|soft| has_key(soft, node))
    };
    let mut memos: Vec<PodMemo<'_, bool>> = constraints.iter().map(|_| PodMemo::new()).collect();
    let mut ignored = FxHashSet::default();
    for node in feasible.iter().filter_map(|id| context.snapshot.node(*id)) {
        if lacks_key(&constraints, node) {
            ignored.insert(node.id());
            continue;
        }
        for (soft, memo) in constraints.iter_mut().zip(&mut memos) {
            if soft.is_hostname {
                soft.by_node.insert(node.id(), soft.constraint.count(pod, node, memo));
            } else {
                // Without the system defaults' leniency no node lacks the key; with it, a missing one is a domain too.
                soft.add_domain_of(node);
            }
        }
    }
    for node in context.snapshot.nodes() {
        if lacks_key(&constraints, node) {
            continue;
        }
        for (soft, memo) in constraints.iter_mut().zip(&mut memos) {
            let domain = soft.domain_of(node);
            let count = match domain {
                Some(domain) => soft.domains.get_mut(domain),
                None => soft.absent.as_mut(),
            };
            if let Some(count) = count
                && soft.constraint.includes(pod, node.node())
            {
                *count += soft.constraint.count(pod, node, memo);
            }
        }
    }
    for soft in &mut constraints {
        let domains = soft.domains.present + usize::from(soft.absent.is_some());
        let size = if soft.is_hostname { feasible.len() - ignored.len() } else { domains };
        soft.weight = ((size + 2) as f64).ln();
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
    for soft in &state.constraints {
        if soft.key.is_none_or(|key| node.domains().get(key).is_none()) {
            continue;
        }
        score += soft.count_of(node) as f64 * soft.weight + (soft.constraint.max_skew - 1) as f64;
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
