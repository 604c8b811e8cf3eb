//! The consolidation policy Balanced: a saving must be worth the disruption
//! (`pkg/controllers/disruption/balanced.go`, `designs/balanced-consolidation.md`).

use super::candidate::Candidate;
use crate::api::Name;
use crate::api::karpenter::ConsolidationPolicy;
use crate::autoscaler::karpenter::state::ClusterState;
use std::collections::BTreeMap;

/// A move is made if it saves a part of the pool's cost that is at least one K-th of the part of the pool's disruption that
/// it brings.
pub const K: i32 = 2;

/// What all nodes of a pool cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Dollars an hour.
    pub cost: f64,
    /// Disruption, if all were removed.
    pub disruption: f64,
}

/// How a move scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Part of the pool's cost that is saved.
    pub savings: f64,
    /// Part of the pool's disruption that it brings.
    pub disruption: f64,
    /// What the score is measured by.
    pub k: i32,
}

impl Score {
    /// Of a move that saves and disrupts so much.
    pub fn new(savings: f64, disruption: f64, totals: Totals, k: i32) -> Self {
        if totals.cost <= 0.0 || totals.disruption <= 0.0 {
            return Self { savings: 0.0, disruption: 0.0, k };
        }
        Self { savings: savings / totals.cost, disruption: disruption / totals.disruption, k }
    }

    /// Saving by disruption.
    pub fn value(self) -> f64 {
        if self.savings <= 0.0 {
            0.0
        } else if self.disruption == 0.0 {
            f64::INFINITY
        } else {
            self.savings / self.disruption
        }
    }

    /// What the value must be at least.
    pub fn threshold(self) -> f64 {
        1.0 / f64::from(self.k)
    }

    /// Whether the move is made.
    pub fn is_approved(self) -> bool {
        self.value() >= self.threshold()
    }
}

/// The totals of each pool that has a candidate (`computeNodePoolTotals`). Nodes that are no candidates count too.
pub fn totals(state: &ClusterState, candidates: &[Candidate<'_>]) -> BTreeMap<Name, Totals> {
    let by_key: BTreeMap<&Name, &Candidate<'_>> =
        candidates.iter().map(|candidate| (candidate.key, candidate)).collect();
    let mut totals: BTreeMap<Name, Totals> = BTreeMap::new();
    for candidate in candidates {
        totals.entry(candidate.pool_name().clone()).or_default().cost += candidate.price;
    }
    for (key, node) in state.nodes() {
        let Some(totals) = node.pool().and_then(|pool| totals.get_mut(pool)) else { continue };
        totals.disruption += match by_key.get(key) {
            Some(candidate) => candidate.reschedule_cost,
            None => state.disruption_cost(node),
        };
    }
    totals
}

/// How a move scores in each pool with the policy Balanced (`EvaluateBalancedMove`): a saving is shared by what the pools'
/// nodes cost.
pub fn scores(candidates: &[&Candidate<'_>], savings: f64, totals: &BTreeMap<Name, Totals>) -> Vec<(Name, Score)> {
    let mut pools: BTreeMap<&Name, (f64, f64, ConsolidationPolicy)> = BTreeMap::new();
    for candidate in candidates {
        let policy = candidate.pool.spec.disruption.consolidation_policy;
        let (price, disruption, _) = pools.entry(candidate.pool_name()).or_insert((0.0, 0.0, policy));
        *price += candidate.price;
        *disruption += candidate.reschedule_cost;
    }
    let all = candidates.iter().fold(0.0, |sum, candidate| sum + candidate.price);
    let number = pools.len();
    let balanced = pools.into_iter().filter(|(_, (_, _, policy))| *policy == ConsolidationPolicy::Balanced);
    balanced
        .map(|(pool, (price, disruption, _))| {
            let part = if all > 0.0 && number > 1 { savings * (price / all) } else { savings };
            (pool.clone(), Score::new(part, disruption, totals.get(pool).copied().unwrap_or_default(), K))
        })
        .collect()
}

/// Whether removing a node without a replacement would be worth it; if not, nothing else about it would.
pub fn can_pass(candidate: &Candidate<'_>, totals: &BTreeMap<Name, Totals>) -> bool {
    if candidate.pool.spec.disruption.consolidation_policy != ConsolidationPolicy::Balanced {
        return true;
    }
    let totals = totals.get(candidate.pool_name()).filter(|totals| totals.cost > 0.0);
    totals.is_none_or(|totals| Score::new(candidate.price, candidate.reschedule_cost, *totals, K).is_approved())
}
