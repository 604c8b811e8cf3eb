//! Hard constraints: no domain may hold too many pods more than the smallest.

use super::super::plugin::Plugin;
use super::super::pod_memo::PodMemo;
use super::constraint::{Constraint, constraints};
use super::domain_counts::DomainCounts;
use crate::api::UnsatisfiableConstraintAction;
use crate::scheduler::framework::{Context, Failure, Reason, Words};
use crate::scheduler::view::{Domain, NodeInfo, PodInfo, TopologyKey};

/// The skew would be too large.
pub static ERR_REASON_CONSTRAINTS_NOT_MATCH: Reason = Reason::unschedulable(
    Plugin::PodTopologySpread,
    Words::Fixed("node(s) didn't match pod topology spread constraints"),
);
/// The node lacks a topology key.
pub static ERR_REASON_NODE_LABEL_NOT_MATCH: Reason = Reason::unresolvable(
    Plugin::PodTopologySpread,
    Words::Fixed("node(s) didn't match pod topology spread constraints (missing required label)"),
);

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
        self.constraints.iter().all(|hard| hard.domain_of(node).is_some())
    }

    /// Counts a pod that comes to `node`, or with `amount` -1 goes. Unlike PreFilter, kube-scheduler counts terminating
    /// pods here, and lets an empty selector select all.
    pub fn count(&mut self, pod: &PodInfo, counted: &PodInfo, node: &NodeInfo, amount: i64) {
        if counted.namespace != pod.namespace || !self.all_have_domains(node) {
            return;
        }
        for hard in &mut self.constraints {
            if !hard.constraint.selects(&counted.labels) || !hard.constraint.includes(pod, node.node()) {
                continue;
            }
            if let Some(domain) = hard.domain_of(node) {
                hard.domains.add(domain, amount);
                hard.update_minimum();
            }
        }
    }
}

/// Counts pods by domain; `None` where the pod has no hard constraint.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo) -> Option<FilterState> {
    let action = UnsatisfiableConstraintAction::DoNotSchedule;
    let constraints = constraints(context.profile, context.listers, pod, action);
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
        for (hard, memo) in state.constraints.iter_mut().zip(&mut memos) {
            let Some(domain) = hard.domain_of(node) else { continue };
            if hard.constraint.includes(pod, node.node()) {
                hard.domains.add(domain, hard.constraint.count(pod, node, memo));
            }
        }
    }
    for hard in &mut state.constraints {
        hard.update_minimum();
    }
    Some(state)
}

/// Rejects a node whose domain would hold too many pods more than the smallest.
pub fn filter(state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    for hard in &state.constraints {
        let Some(domain) = hard.domain_of(node) else { return Err(Failure::of(&ERR_REASON_NODE_LABEL_NOT_MATCH)) };
        let skew = hard.domains.get(domain).unwrap_or(0) + i64::from(hard.selects_itself) - hard.minimum;
        if skew > hard.constraint.max_skew {
            return Err(Failure::of(&ERR_REASON_CONSTRAINTS_NOT_MATCH));
        }
    }
    Ok(())
}
