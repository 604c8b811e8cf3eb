//! The consolidation policy Balanced: a saving must be worth the disruption
//! (`pkg/controllers/disruption/balanced.go`, `designs/balanced-consolidation.md`).

use super::candidate::{Candidate, price};
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

/// The totals of each pool that has a candidate (`computeNodePoolTotals`). Nodes that are no candidates count too, also those
/// that have not joined yet.
pub fn totals(state: &ClusterState, candidates: &[Candidate<'_>]) -> BTreeMap<Name, Totals> {
    let by_key: BTreeMap<&Name, &Candidate<'_>> =
        candidates.iter().map(|candidate| (candidate.key, candidate)).collect();
    let mut totals: BTreeMap<Name, Totals> = BTreeMap::new();
    for candidate in candidates {
        totals.entry(candidate.pool_name().clone()).or_default();
    }
    for (key, node) in state.nodes() {
        let Some(pool) = node.pool() else { continue };
        let Some(totals) = totals.get_mut(pool) else { continue };
        let candidate = by_key.get(key);
        totals.disruption +=
            candidate.map_or_else(|| state.disruption_cost(node), |candidate| candidate.reschedule_cost);
        totals.cost += match candidate {
            Some(candidate) => candidate.price,
            None => state.pools.get(pool).map_or(0.0, |pool| price(pool, node)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// On-demand prices of five sizes of c7i, m7i and r7i in us-east-1, in ten-thousandths of a dollar, as in
    /// `designs/scripts/balanced-consolidation-properties.py`.
    const PRICES: [f64; 15] = [
        446.0, 892.0, 1785.0, 3570.0, 7140.0, 504.0, 1008.0, 2016.0, 4032.0, 8064.0, 661.0, 1323.0, 2646.0, 5292.0,
        10584.0,
    ];

    /// Whether a node of a pool, whose other nodes cost `others`, may be replaced. All nodes have the same pods.
    fn may_replace(k: i32, price: f64, by: f64, others: f64, nodes: f64, disruption: f64) -> bool {
        let totals = Totals { cost: price + others, disruption: nodes * disruption };
        Score::new(price - by, disruption, totals, k).is_approved()
    }

    /// How many times a node may be replaced, one time after the other, at most.
    fn longest_chain(k: i32, price: f64, others: f64, nodes: f64, disruption: f64) -> usize {
        let cheaper = PRICES.into_iter().filter(|by| *by < price);
        let next = cheaper.filter(|by| may_replace(k, price, *by, others, nodes, disruption));
        next.map(|by| 1 + longest_chain(k, by, others, nodes, disruption)).max().unwrap_or(0)
    }

    /// The table of `designs/balanced-consolidation.md`: for k = 1 to 5, how many replacements within a pool of equal nodes
    /// are worth it, and how many can follow each other.
    #[test]
    fn replacements_and_chains_are_those_of_the_design() {
        let pairs = || PRICES.into_iter().flat_map(|price| PRICES.map(|by| (price, by)));
        let table: Vec<(i32, usize, usize)> = (1..=5)
            .map(|k| {
                let approved = pairs().filter(|(price, by)| by < price && may_replace(k, *price, *by, 0.0, 1.0, 3.0));
                let pools = (1_i32..=4).flat_map(|nodes| PRICES.map(|price| (f64::from(nodes), price)));
                let chains = pools.map(|(nodes, price)| longest_chain(k, price, (nodes - 1.0) * price, nodes, 2.0));
                (k, approved.count(), chains.max().unwrap_or(0))
            })
            .collect();
        assert_eq!(table, [(1, 0, 0), (2, 78, 4), (3, 86, 4), (4, 95, 9), (5, 100, 9)]);
    }

    #[test]
    fn scores_without_a_measure() {
        let totals = Totals { cost: 10.0, disruption: 5.0 };
        let cases = [
            (Score::new(1.0, 1.0, totals, K), 0.5, true),
            (Score::new(0.9, 1.0, totals, K), 0.45, false),
            (Score::new(0.0, 1.0, totals, K), 0.0, false),
            (Score::new(-1.0, 1.0, totals, K), 0.0, false),
            (Score::new(1.0, 0.0, totals, K), f64::INFINITY, true),
            (Score::new(1.0, 1.0, Totals::default(), K), 0.0, false),
        ];
        for (score, value, approved) in cases {
            assert!((score.value() - value).abs() < 1e-12 || score.value().total_cmp(&value).is_eq(), "{score:?}");
            assert_eq!(score.is_approved(), approved, "{score:?}");
        }
    }
}
