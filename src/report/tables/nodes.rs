//! `nodes.csv`: one row per node; `cost.csv`: one row per node pool and kind of machine in it.

use super::{ReportError, Table, TableForm, extended};
use crate::record::{Facts, NodeRecord};
use crate::report::cost;
use crate::report::node_price::{hourly_price, paid_for};
use crate::report::numbers;
use crate::stats;
use crate::units::{NanoDollars, SimDuration, SimTime};
use std::path::Path;

const NODE_COLUMNS: &[&str] = &[
    "name",
    "pool",
    "zone",
    "instance_type",
    "created_seconds",
    "deleted_seconds",
    "lifetime_seconds",
    "ready_seconds",
    "cpu_allocatable_cores",
    "memory_allocatable_bytes",
    "pods_allocatable",
    "extended_allocatable",
    "cpu_requested_ratio_mean",
    "memory_requested_ratio_mean",
    "cpu_used_ratio_mean",
    "pods_bound",
    "pods_max",
    "pods_last",
    "faults",
    "capacity_type",
    "price_per_hour_dollars",
    "cost_dollars",
    "status",
    "created_by",
    "created_reason",
    "deleted_by",
    "deleted_reason",
];

const COST_COLUMNS: &[&str] = &[
    "pool",
    "instance_type",
    "capacity_type",
    "region",
    "nodes_max",
    "node_hours",
    "list_price_per_hour_dollars",
    "price_per_hour_dollars",
    "fees_per_hour_dollars",
    "cost_dollars",
    "cpu_requested_ratio_mean",
    "idle_dollars",
];

/// The time that a node was in the API within the run.
fn lifetime(node: &NodeRecord, end: SimTime) -> SimDuration {
    (node.deleted.unwrap_or(end).min(end) - node.created.max(SimTime::ZERO)).max_zero()
}

/// Writes every node, in order of creation. Means are over the node's life within the run.
pub(in crate::report) fn write_nodes(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, NODE_COLUMNS)?;
    for node in &facts.nodes {
        let pool = facts.pools.get(node.pool as usize);
        let life = lifetime(node, facts.end);
        let ratio = |integral: i128, allocatable: i64| {
            stats::ratio_of_totals(integral, i128::from(allocatable) * i128::from(life.as_nanos()))
        };
        table.text(&node.name)?;
        table.text(pool.map_or("", |pool| &pool.name))?;
        table.text(&node.zone)?;
        table.text(&node.instance_type)?;
        table.instant(Some(node.created))?;
        table.instant(node.deleted)?;
        table.span(Some(life))?;
        table.span(Some(node.ready_for))?;
        table.thousandths(Some(node.cpu_allocatable.get()))?;
        table.integer(node.memory_allocatable.get())?;
        table.integer(node.pods_allocatable)?;
        table.text(&extended(&node.extended_allocatable))?;
        table.float(ratio(node.cpu_requested_integral, node.cpu_allocatable.get()))?;
        table.float(ratio(node.memory_requested_integral, node.memory_allocatable.get()))?;
        table.float(ratio(node.cpu_used_integral, node.cpu_allocatable.get()))?;
        table.integer(node.pods_bound)?;
        table.integer(node.pods_max)?;
        table.integer(node.pods_last)?;
        table.integer(node.faults)?;
        table.text(node.capacity_type)?;
        let price = hourly_price(facts, node);
        dollars(&mut table, price)?;
        dollars(&mut table, price.map(|price| price.per_hour_over(paid_for(node, facts.end))))?;
        table.text(&node.status_last)?;
        let instance = node.instance.and_then(|instance| facts.instances.get(instance as usize));
        table.text(instance.map_or("", |instance| instance.created_by))?;
        table.text(instance.map_or("", |instance| &instance.created_reason))?;
        table.text(instance.map_or("", |instance| instance.deleted_by))?;
        table.text(instance.map_or("", |instance| &instance.deleted_reason))?;
        table.end_row()?;
    }
    table.finish()
}

/// An amount, or the word `unknown`.
fn dollars(table: &mut Table, amount: Option<NanoDollars>) -> Result<(), ReportError> {
    match amount {
        Some(amount) => table.float(Some(amount.as_dollars())),
        None => table.text(UNKNOWN),
    }
}

/// What stands for a price that is not known. It is no number, so that nobody takes it for nothing.
const UNKNOWN: &str = "unknown";

/// Writes every pool, in order of the scenario, and in it the machines that cost alike, in order of their first launch; then
/// what is paid besides the machines. `idle_dollars` is the part of the cost that paid for CPU which no pod requested.
pub(in crate::report) fn write_cost(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COST_COLUMNS)?;
    for (index, pool) in facts.pools.iter().enumerate() {
        let of_pool = facts.machine_types.iter().enumerate().filter(|(_, record)| record.pool as usize == index);
        for (place, record) in of_pool {
            let cost = cost::type_cost(record, facts.end);
            let most = record.machines.points().iter().map(|(_, machines)| *machines).max().unwrap_or(0);
            let nodes = facts.nodes.iter().filter(|node| node.machine_type.is_some_and(|of| of as usize == place));
            let requested = cost::requested_ratio(nodes, facts.end);
            table.text(&pool.name)?;
            table.text(&record.instance_type)?;
            table.text(record.capacity_type)?;
            table.text(&record.region)?;
            table.integer(most)?;
            table.text(&numbers::shortest(cost::hours(cost.machine_nanos)))?;
            dollars(&mut table, record.list_price)?;
            dollars(&mut table, record.price)?;
            dollars(&mut table, Some(record.fee))?;
            dollars(&mut table, cost.total)?;
            table.float(requested)?;
            match cost.total {
                Some(total) => table.float(Some(total.as_dollars() * (1.0 - requested.unwrap_or(0.0))))?,
                None => table.text(UNKNOWN)?,
            }
            table.end_row()?;
        }
    }
    for commitment in &facts.commitments {
        // What it costs more than the machines that it covers would, or saves.
        let net = commitment.paid - commitment.covered;
        let unused = commitment.paid - commitment.used;
        write_besides(&mut table, (&commitment.name, commitment.kind), net, unused)?;
    }
    if facts.cluster_fee > NanoDollars::ZERO {
        let fee = facts.cluster_fee.per_hour_over(facts.end - SimTime::ZERO);
        write_besides(&mut table, ("", "cluster-fee"), fee, NanoDollars::ZERO)?;
    }
    table.finish()
}

/// A row of what is paid besides machines: its name and kind, what it costs and how much of that was for nothing.
fn write_besides(
    table: &mut Table,
    (name, kind): (&str, &str),
    cost: NanoDollars,
    unused: NanoDollars,
) -> Result<(), ReportError> {
    table.text("")?;
    table.text(name)?;
    table.text(kind)?;
    for _ in 3..COST_COLUMNS.len() - 3 {
        table.text("")?;
    }
    dollars(table, Some(cost))?;
    table.text("")?;
    dollars(table, Some(unused))?;
    table.end_row()
}
