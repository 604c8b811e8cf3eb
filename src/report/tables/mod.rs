//! The tables of a run as CSV: one file per kind of fact, snake_case columns in base units with the unit in the name.
//!
//! An empty cell means that the thing did not happen or is not known. Times are exact seconds since the start of the
//! scenario; where the scenario pins its start, the column `time` holds the calendar time in RFC 3339 (UTC).

mod backends;
mod calls;
mod decisions;
mod incidents;
mod instances;
mod jobs;
mod machines_over_time;
mod nodes;
mod pods;
mod requests;
mod timeline;
mod workload_costs;
mod workloads;

pub(super) use backends::{write_backends, write_backends_over_time};
pub(super) use calls::write_calls;
pub(super) use decisions::{fault_word, write_actions, write_autoscaling, write_events, write_recovery};
pub(super) use incidents::write_incidents;
pub(super) use instances::write_instances;
pub(super) use jobs::write_jobs;
pub(super) use nodes::{write_cost, write_nodes};
pub(super) use pods::write_pods;
pub(super) use requests::{write_latency, write_requests};
pub(super) use timeline::{interval_mean, write_timeline};
pub(super) use workload_costs::{write_cost_by_namespace, write_cost_by_workload, write_node_waits};
pub(super) use workloads::write_workloads;

use super::files::{ReportError, Table};
use super::numbers;
use super::run_file::TableForm;
use crate::record::Facts;
use crate::units::SimTime;
use smol_str::SmolStr;

/// The calendar time; empty if the start is not pinned.
fn calendar(table: &mut Table, facts: &Facts, at: SimTime) -> Result<(), ReportError> {
    table.text(&numbers::calendar_time(facts.start_unix_seconds, at).unwrap_or_default())
}

/// Extended resources as `nvidia.com/gpu=1;example.com/nic=2`.
fn extended(amounts: &[(SmolStr, i64)]) -> String {
    let parts: Vec<String> = amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
    parts.join(";")
}
