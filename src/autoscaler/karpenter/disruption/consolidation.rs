//! Whether some nodes can be done without, or replaced by one that is cheaper
//! (`pkg/controllers/disruption/consolidation.go`).

use super::candidate::Candidate;
use super::command::Command;
use super::method::Method;
use super::pass::{Pass, Simulated};
use crate::api::CapacityType;
use crate::autoscaler::karpenter::instance_type::{InstanceType, min_values, order_by_price};
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::new_node::NewNode;
use crate::autoscaler::karpenter::options::Options;

/// A spot node is replaced by another only if there are so many cheaper types, so that the next one is not replaced again.
const MIN_TYPES_FOR_SPOT_TO_SPOT: usize = 15;

/// A move that would save something.
pub struct Move {
    /// The node to be made, if one is.
    pub replacement: Option<NewNode>,
    simulated: Simulated,
}

/// Works out what could be done about some nodes; if nothing, why not.
pub fn compute(pass: &Pass<'_>, candidates: &[&Candidate<'_>]) -> Result<Move, String> {
    let mut simulated = pass.simulate(candidates);
    if !simulated.unplaced.is_empty() {
        return Err(pass.describe(&simulated.unplaced));
    }
    if simulated.new_nodes.len() > 1 {
        return Err(format!("Can't remove without creating {} candidates", simulated.new_nodes.len()));
    }
    let Some(mut node) = simulated.new_nodes.pop() else { return Ok(Move { replacement: None, simulated }) };
    let options = pass.base.options;
    let types = pass.base.templates[node.template].types;
    let known = &options.well_known;
    let price = total_price(candidates, options);
    order_by_price(&mut node.options, types, &node.requirements, known);
    let all_spot = candidates
        .iter()
        .all(|candidate| candidate.capacity_type().is_some_and(|of| of == CapacityType::Spot.as_str()));
    if all_spot && node.may_be(CapacityType::Spot) {
        spot_to_spot(&mut node, types, price, candidates.len(), options)?;
    } else {
        keep_cheaper(&mut node, types, price, options)?;
        // On-demand capacity would be dearer than what it is to replace, if no spot capacity can be had.
        if node.may_be(CapacityType::Spot) && node.may_be(CapacityType::OnDemand) {
            node.must_be(CapacityType::Spot);
        }
    }
    Ok(Move { replacement: Some(node), simulated })
}

fn keep_cheaper(node: &mut NewNode, types: &[InstanceType], price: f64, options: &Options) -> Result<(), String> {
    if !node.keep_cheaper(types, price, &options.well_known) {
        return Err("Filtering by price: minValues requirement is not met".into());
    }
    if node.options.is_empty() { Err("Can't replace with a cheaper node".into()) } else { Ok(()) }
}

fn spot_to_spot(
    node: &mut NewNode,
    types: &[InstanceType],
    price: f64,
    candidates: usize,
    options: &Options,
) -> Result<(), String> {
    if !options.spot_to_spot_consolidation {
        return Err("SpotToSpotConsolidation is disabled, can't replace a spot node with a spot node".into());
    }
    node.must_be(CapacityType::Spot);
    let requirements = &node.requirements;
    node.options.retain(|index| types[*index as usize].has_offering(requirements, &options.well_known));
    keep_cheaper(node, types, price, options)?;
    if candidates > 1 {
        return Ok(());
    }
    let found = node.options.len();
    if found < MIN_TYPES_FOR_SPOT_TO_SPOT {
        return Err(format!(
            "SpotToSpotConsolidation requires {MIN_TYPES_FOR_SPOT_TO_SPOT} cheaper instance type options than the current \
             candidate to consolidate, got {found}"
        ));
    }
    let needed = min_values(node.options.iter().map(|index| &types[*index as usize]), &node.requirements).needed;
    node.options.truncate(needed.max(MIN_TYPES_FOR_SPOT_TO_SPOT));
    Ok(())
}

/// What the nodes cost together; nothing if one has no price any more, in versions that look at its labels.
fn total_price(candidates: &[&Candidate<'_>], options: &Options) -> f64 {
    if options.version.ranks_by_savings() {
        return candidates.iter().fold(0.0, |sum, candidate| sum + candidate.price);
    }
    let prices = candidates.iter().map(|candidate| candidate.lowest_price(options).filter(|price| *price < f64::MAX));
    prices.sum::<Option<f64>>().unwrap_or(0.0)
}

impl Move {
    /// Of several nodes that are replaced by one of a type that is among them, the others could be removed alone: leaves the
    /// types that are cheaper than the cheapest such node (`filterOutSameInstanceType`). Says whether any is left.
    pub fn leave_out_same_types(&mut self, pass: &Pass<'_>, candidates: &[&Candidate<'_>]) -> bool {
        let Some(node) = &mut self.replacement else { return true };
        let options = pass.base.options;
        let types = pass.base.templates[node.template].types;
        let mut price = f64::MAX;
        for index in &node.options {
            let name = &types[*index as usize].name;
            let same = candidates.iter().filter(|candidate| candidate.instance_type.is_some_and(|of| of.name == *name));
            let mut any = false;
            let lowest = same.filter_map(|candidate| {
                any = true;
                candidate.lowest_price(options)
            });
            let lowest = lowest.reduce(f64::min);
            if any {
                price = price.min(lowest.unwrap_or(0.0));
            }
        }
        node.keep_cheaper(types, price, &options.well_known) && !node.options.is_empty()
    }

    /// Dollars an hour that are saved, by estimate (`EstimatedSavings`).
    pub fn savings(&self, pass: &Pass<'_>, candidates: &[&Candidate<'_>]) -> f64 {
        estimated_savings(pass, candidates, self.replacement.as_slice())
    }

    /// As a command.
    pub fn into_command(self, method: Method, pass: &Pass<'_>, candidates: &[&Candidate<'_>]) -> Command {
        let savings = self.savings(pass, candidates);
        let replacements = self.replacement.into_iter().map(|node| NewClaim::new(node, &pass.base)).collect();
        Command {
            method,
            candidates: candidates.iter().map(|candidate| candidate.key.clone()).collect(),
            replacements,
            existing: self.simulated.existing,
            savings,
            scores: Vec::new(),
        }
    }
}

/// What the nodes cost less the cheapest offering of the first type of each new one.
pub fn estimated_savings(pass: &Pass<'_>, candidates: &[&Candidate<'_>], replacements: &[NewNode]) -> f64 {
    let options = pass.base.options;
    let of_new = replacements.iter().filter_map(|node| {
        let types = pass.base.templates[node.template].types;
        let first = &types[*node.options.first()? as usize];
        if options.version.ranks_by_savings() {
            first.lowest_available_price()
        } else {
            first.offerings.iter().map(|offering| offering.price).reduce(f64::min)
        }
    });
    total_price(candidates, options) - of_new.fold(0.0, |sum, price| sum + price)
}
