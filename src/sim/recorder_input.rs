//! What the recorder is told, because it does not see it in the cluster.

use crate::api::Name;
use crate::units::{Bytes, MilliCpu, NanoDollars, SimDuration, SimTime};

/// A pool of nodes as the recorder sees it.
#[derive(Clone, Debug)]
pub struct PoolInfo {
    /// Name; empty for nodes that manifests or traces define.
    pub name: Name,
    /// Instance type.
    pub instance_type: Name,
    /// Price of a node for an hour.
    pub price_per_hour: NanoDollars,
}

/// The load on a workload at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkloadLoad {
    /// Offered load in thousandths of a request per second.
    pub rate_milli: i64,
    /// Load beyond what the ready pods can take, in thousandths of a request per second.
    pub unserved_milli: i64,
    /// CPU used by the pods together.
    pub cpu_used: MilliCpu,
    /// Memory used by the pods together.
    pub memory_used: Bytes,
    /// Memory used before this change.
    pub memory_used_before: Bytes,
}

/// What the recorder does not see for itself.
#[derive(Clone, Debug)]
pub struct RunHeader {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Calendar time of the start.
    pub start_unix_seconds: Option<i64>,
    /// Duration asked for.
    pub planned_duration: SimDuration,
    /// How far the run came.
    pub end: SimTime,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Events handled.
    pub events_handled: u64,
    /// Checksum over all events and their times.
    pub checksum: u64,
    /// Scheduling attempts.
    pub scheduling_attempts: u64,
    /// Scheduling attempts that the index could not decide.
    pub framework_attempts: u64,
    /// Names of the arrival streams.
    pub arrivals: Vec<Name>,
    /// Remarks for the user.
    pub remarks: Vec<String>,
}
