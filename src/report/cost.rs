//! What the machines of a run cost.
//!
//! Sums are over machines whose price is known. How long machines ran whose price is not known is a metric of its own: a
//! cost beside it is a lower bound.

use super::cost_split;
use super::node_price::{hourly_price, paid_for};
use crate::record::{Facts, MachineTypeRecord, NodeRecord};
use crate::stats;
use crate::units::{NanoDollars, SimTime};

/// Machines of one type: how long they ran and what they cost.
pub(super) struct TypeCost {
    /// Machine-nanoseconds.
    pub machine_nanos: i128,
    /// Price and fees of them all; `None` if the price is not known.
    pub total: Option<NanoDollars>,
    /// Their fees, known price or not.
    pub fees: NanoDollars,
}

/// What the machines of a type cost up to the end of the run.
pub(super) fn type_cost(record: &MachineTypeRecord, end: SimTime) -> TypeCost {
    let machine_nanos = record.machines.integral(SimTime::ZERO, end);
    let fees = record.fee.per_hour_over_nanos(machine_nanos);
    let total = record.price.map(|price| (price + record.fee).per_hour_over_nanos(machine_nanos));
    TypeCost { machine_nanos, total, fees }
}

/// Share of a node's allocatable CPU that was requested over its life in the run.
pub(super) fn requested_ratio<'a>(nodes: impl Iterator<Item = &'a NodeRecord>, end: SimTime) -> Option<f64> {
    let (mut requested, mut allocatable) = (0, 0);
    for node in nodes {
        let life = (node.deleted.unwrap_or(end).min(end) - node.created.max(SimTime::ZERO)).max_zero();
        requested += node.cpu_requested_integral;
        allocatable += i128::from(node.cpu_allocatable.get()) * i128::from(life.as_nanos());
    }
    stats::ratio_of_totals(requested, allocatable).map(|ratio| ratio.clamp(0.0, 1.0))
}

/// Whether anybody knows what something costs, or could: a price, a fee or a commitment is known.
fn is_priced(facts: &Facts) -> bool {
    facts.machine_types.iter().any(|record| record.price.is_some() || record.fee > NanoDollars::ZERO)
        || !facts.commitments.is_empty()
        || facts.cluster_fee > NanoDollars::ZERO
}

/// The metrics of cost.
pub(super) fn metrics(facts: &Facts) -> Vec<(&'static str, f64)> {
    let mut metrics = Vec::new();
    let end = facts.end;
    let unknown: i128 = facts
        .machine_types
        .iter()
        .filter(|record| record.price.is_none() && (is_priced(facts) || !record.instance_type.is_empty()))
        .map(|record| record.machines.integral(SimTime::ZERO, end))
        .sum();
    if unknown > 0 {
        metrics.push(("node_hours_of_unknown_price", hours(unknown)));
    }
    if !is_priced(facts) {
        return metrics;
    }
    let of_types: NanoDollars = facts
        .machine_types
        .iter()
        .map(|record| {
            let cost = type_cost(record, end);
            cost.total.unwrap_or(cost.fees)
        })
        .sum();
    let span = end - SimTime::ZERO;
    let fee = facts.cluster_fee.per_hour_over(span);
    let committed: NanoDollars = facts.commitments.iter().map(|commitment| commitment.paid).sum();
    let covered: NanoDollars = facts.commitments.iter().map(|commitment| commitment.covered).sum();
    let total = of_types + fee + committed - covered;
    metrics.push(("cost_dollars", total.as_dollars()));
    if end > SimTime::ZERO {
        metrics.push(("cost_dollars_per_hour", total.as_dollars() / (end.as_secs_f64() / 3600.0)));
    }
    let price = |node: &NodeRecord| hourly_price(facts, node).unwrap_or_default();
    let used: NanoDollars = facts.nodes.iter().map(|node| price(node).per_hour_over(node.used_for)).sum();
    metrics.push(("cost_used_dollars", used.as_dollars()));
    // Summed in ascending order: the order of the nodes must not show in the last digit.
    let mut idle: Vec<f64> = facts
        .nodes
        .iter()
        .map(|node| {
            let cost = price(node).per_hour_over(paid_for(node, end)).as_dollars();
            cost * (1.0 - requested_ratio(std::iter::once(node), end).unwrap_or(0.0))
        })
        .collect();
    idle.sort_unstable_by(f64::total_cmp);
    metrics.push(("cost_idle_dollars", idle.iter().sum()));
    metrics.extend(cost_split::split(facts).parts());
    if !facts.commitments.is_empty() {
        let used: NanoDollars = facts.commitments.iter().map(|commitment| commitment.used).sum();
        metrics.push(("cost_committed_dollars", committed.as_dollars()));
        metrics.push(("cost_committed_unused_dollars", (committed - used).as_dollars()));
    }
    metrics
}

/// Nanoseconds of many machines in hours.
#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
pub(super) fn hours(nanos: i128) -> f64 {
    nanos as f64 / 3.6e12
}
