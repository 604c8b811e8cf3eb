//! `nodes.csv`: one row per node; `cost.csv`: one row per node pool.

use super::{ReportError, Table, extended};
use crate::record::{Facts, NodeRecord};
use crate::report::numbers;
use crate::report::summary::pool_cost;
use crate::stats;
use crate::units::{SimDuration, SimTime};
use std::path::{Path, PathBuf};

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
    "nodes_max",
    "node_hours",
    "price_per_hour_dollars",
    "cost_dollars",
    "cpu_requested_ratio_mean",
    "idle_dollars",
];

/// The time that a node was in the API within the run.
fn lifetime(node: &NodeRecord, end: SimTime) -> SimDuration {
    (node.deleted.unwrap_or(end).min(end) - node.created.max(SimTime::ZERO)).max_zero()
}

/// Writes every node, in order of creation. Means are over the node's life within the run.
pub(in crate::report) fn write_nodes(path: &Path, facts: &Facts) -> Result<PathBuf, ReportError> {
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
        table.float(pool.map(|pool| pool.price_per_hour.per_hour_over(life).as_dollars()))?;
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

/// Writes every pool, in order of the scenario. `idle_dollars` is the part of the cost that paid for CPU which no pod
/// requested.
pub(in crate::report) fn write_cost(path: &Path, facts: &Facts) -> Result<PathBuf, ReportError> {
    let mut table = Table::create(path, COST_COLUMNS)?;
    for pool in &facts.pools {
        let cost = pool_cost(pool, facts.end);
        let most = pool.nodes.points().iter().map(|(_, nodes)| *nodes).max().unwrap_or(0);
        table.text(&pool.name)?;
        table.text(&pool.instance_type)?;
        table.integer(most)?;
        table.text(&numbers::shortest(node_hours(cost.node_nanos)))?;
        table.float(Some(pool.price_per_hour.as_dollars()))?;
        table.float(Some(cost.total.as_dollars()))?;
        table.float(cost.requested_ratio)?;
        table.float(Some(cost.idle_dollars))?;
        table.end_row()?;
    }
    table.finish()
}

#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
fn node_hours(node_nanos: i128) -> f64 {
    node_nanos as f64 / 3.6e12
}
