//! Emptiness, drift, multi-node and single-node consolidation
//! (`pkg/controllers/disruption/{emptiness,drift,multinodeconsolidation,singlenodeconsolidation}.go`).
//!
//! The real ones give up after one and three minutes of computing; here they never do.

use super::balanced::{self, Totals, can_pass};
use super::budgets::{Clock, allowed};
use super::candidate::{Blocked, BlockedEvent, Candidate, all_candidates, candidates, sort};
use super::command::Command;
use super::consolidation::{compute, estimated_savings};
use super::method::Method;
use super::pass::Pass;
use crate::api::Name;
use crate::api::karpenter::NodeClaimConditionType;
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::options::Options;
use crate::autoscaler::karpenter::state::ClusterState;
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// At most so many nodes are consolidated at once.
const MAX_TOGETHER: usize = 100;

/// What a method looks at.
pub struct Situation<'s> {
    /// The cluster.
    pub state: &'s ClusterState,
    /// The settings.
    pub options: &'s Options,
    /// The calendar.
    pub clock: Clock,
    /// The time.
    pub now: SimTime,
    /// Nodes that are being disrupted already.
    pub queued: &'s BTreeSet<Name>,
}

/// What a method found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What to do, if anything.
    pub command: Option<Command>,
    /// Nodes that are not disrupted, and why.
    pub blocked: Vec<Blocked>,
    /// Whether a node was left alone because of a budget only: the method has something to do later.
    pub constrained_by_budgets: bool,
    /// How many more nodes of each pool may be disrupted.
    pub budgets: BTreeMap<Name, i32>,
}

/// What a method would do, before it is validated.
pub fn compute_command(situation: &Situation<'_>, method: Method) -> Outcome {
    let Situation { state, options, clock, now, queued } = *situation;
    let (mut found, blocked) = candidates(state, options, now, method, queued);
    let budgets = allowed(state, clock, now, method.reason());
    let mut outcome = Outcome { blocked, budgets, ..Outcome::default() };
    if found.is_empty() {
        return outcome;
    }
    match method {
        Method::Emptiness => emptiness(situation, &mut found, &mut outcome),
        Method::StaticDrift => {}
        Method::Drift => drift(situation, found, &mut outcome),
        Method::MultiNode => multi_node(situation, &mut found, &mut outcome),
        Method::SingleNode => single_node(situation, &mut found, &mut outcome),
    }
    outcome
}

/// Takes one from the budget of a pool, if there is one.
fn take(budgets: &mut BTreeMap<Name, i32>, pool: &Name) -> bool {
    match budgets.get_mut(pool) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn emptiness(situation: &Situation<'_>, found: &mut [Candidate<'_>], outcome: &mut Outcome) {
    sort(found, situation.options);
    let mut budgets = outcome.budgets.clone();
    let (empty, left): (Vec<&Candidate<'_>>, Vec<_>) =
        found.iter().partition(|candidate| take(&mut budgets, candidate.pool_name()));
    outcome.constrained_by_budgets = !left.is_empty();
    if empty.is_empty() {
        return;
    }
    let savings = if situation.options.version.ranks_by_savings() {
        empty.iter().fold(0.0, |sum, candidate| sum + candidate.price)
    } else {
        let prices = empty.iter().map(|candidate| candidate.lowest_price(situation.options));
        prices.sum::<Option<f64>>().unwrap_or(0.0)
    };
    outcome.command = Some(Command {
        method: Method::Emptiness,
        candidates: empty.iter().map(|candidate| candidate.key.clone()).collect(),
        replacements: Vec::new(),
        existing: Vec::new(),
        savings,
        scores: Vec::new(),
    });
}

fn drift<'s>(situation: &Situation<'s>, mut found: Vec<Candidate<'s>>, outcome: &mut Outcome) {
    let order = situation.options.map_order;
    let since = |candidate: &Candidate<'_>| {
        let status = candidate.node.claim.as_ref().map(|claim| &claim.status);
        status
            .and_then(|status| status.condition(NodeClaimConditionType::Drifted))
            .map(|drifted| drifted.last_transition)
    };
    // Empty nodes first: otherwise pods of others would move to them, only to move again.
    found.sort_by_key(|candidate| {
        (!candidate.reschedulable.is_empty(), since(candidate), order.rank(candidate.key), candidate.key.clone())
    });
    let Some(pass) = pass(situation, &found, false) else { return };
    for candidate in &found {
        if outcome.budgets.get(candidate.pool_name()).is_none_or(|left| *left == 0) {
            outcome.constrained_by_budgets = true;
            continue;
        }
        let simulated = pass.simulate(&[candidate]);
        if !simulated.unplaced.is_empty() {
            let message = pass.describe(&simulated.unplaced);
            outcome.blocked.push(Blocked {
                node: candidate.key.clone(),
                event: BlockedEvent::DisruptionBlocked,
                message,
            });
            continue;
        }
        let savings = estimated_savings(&pass, &[candidate], &simulated.new_nodes);
        outcome.command = Some(Command {
            method: Method::Drift,
            candidates: vec![candidate.key.clone()],
            replacements: simulated.new_nodes.into_iter().map(|node| NewClaim::new(node, &pass.base)).collect(),
            existing: simulated.existing,
            savings,
            scores: Vec::new(),
        });
        return;
    }
}

fn pass<'s>(situation: &Situation<'s>, found: &[Candidate<'s>], spares: bool) -> Option<Pass<'s>> {
    Pass::new(situation.state, situation.options, situation.now, found, spares)
}

/// The totals of pools, if any has the policy Balanced.
fn pool_totals(situation: &Situation<'_>, method: Method) -> BTreeMap<Name, Totals> {
    let is_balanced = |pool: &crate::autoscaler::karpenter::state::Pool| {
        pool.spec.disruption.consolidation_policy == crate::api::karpenter::ConsolidationPolicy::Balanced
    };
    if !situation.state.pools.values().any(is_balanced) {
        return BTreeMap::new();
    }
    let all = all_candidates(situation.state, situation.now, method, situation.queued, &mut Vec::new());
    balanced::totals(situation.state, &all)
}

fn multi_node<'s>(situation: &Situation<'s>, found: &mut [Candidate<'s>], outcome: &mut Outcome) {
    let options = situation.options;
    sort(found, options);
    let mut budgets = outcome.budgets.clone();
    let mut together: Vec<&Candidate<'s>> = Vec::new();
    for candidate in &*found {
        if budgets.get(candidate.pool_name()).is_none_or(|left| *left == 0) {
            outcome.constrained_by_budgets = true;
        } else if !candidate.is_empty(options) {
            take(&mut budgets, candidate.pool_name());
            together.push(candidate);
        }
    }
    if together.len() < 2 {
        return;
    }
    let Some(pass) = pass(situation, found, true) else { return };
    let totals = pool_totals(situation, Method::MultiNode);
    let (mut low, mut high) = (1, MAX_TOGETHER.min(together.len() - 1));
    while low <= high {
        let middle = usize::midpoint(low, high);
        match try_together(&pass, &together[..=middle], &totals) {
            Some(command) => {
                outcome.command = Some(command);
                low = middle + 1;
            }
            None => high = middle - 1,
        }
    }
}

fn try_together(pass: &Pass<'_>, candidates: &[&Candidate<'_>], totals: &BTreeMap<Name, Totals>) -> Option<Command> {
    let mut found = compute(pass, candidates).ok()?;
    if !found.leave_out_same_types(pass, candidates) {
        return None;
    }
    let scores = balanced::scores(candidates, found.savings(pass, candidates), totals);
    let is_approved = scores.iter().all(|(_, score)| score.is_approved());
    is_approved.then(|| Command { scores, ..found.into_command(Method::MultiNode, pass, candidates) })
}

fn single_node<'s>(situation: &Situation<'s>, found: &mut [Candidate<'s>], outcome: &mut Outcome) {
    let options = situation.options;
    sort(found, options);
    let Some(pass) = pass(situation, found, true) else { return };
    let totals = pool_totals(situation, Method::SingleNode);
    for candidate in interleaved(found, options) {
        if outcome.budgets.get(candidate.pool_name()).is_none_or(|left| *left == 0) {
            outcome.constrained_by_budgets = true;
            continue;
        }
        if candidate.is_empty(options) || !can_pass(candidate, &totals) {
            continue;
        }
        let alone = [candidate];
        match compute(&pass, &alone) {
            Ok(found) => {
                let scores = balanced::scores(&alone, found.savings(&pass, &alone), &totals);
                if scores.iter().all(|(_, score)| score.is_approved()) {
                    let command = found.into_command(Method::SingleNode, &pass, &alone);
                    outcome.command = Some(Command { scores, ..command });
                    return;
                }
            }
            Err(message) => {
                let event = BlockedEvent::Unconsolidatable;
                outcome.blocked.push(Blocked { node: candidate.key.clone(), event, message });
            }
        }
    }
}

/// The first of each pool, then the second of each, and so on. The pools are in the order of a Go map: as they first come,
/// most of the time.
fn interleaved<'c, 's>(found: &'c [Candidate<'s>], options: &Options) -> Vec<&'c Candidate<'s>> {
    let mut pools: Vec<Vec<&Candidate<'s>>> = Vec::new();
    for candidate in found {
        match pools.iter_mut().find(|pool| pool[0].pool_name() == candidate.pool_name()) {
            Some(pool) => pool.push(candidate),
            None => pools.push(vec![candidate]),
        }
    }
    options.map_order.arrange(&mut pools, |pool| pool[0].pool_name());
    let longest = pools.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|index| pools.iter().filter_map(move |pool| pool.get(index).copied())).collect()
}
