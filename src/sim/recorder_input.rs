//! What the recorder is told, because it does not see it in the cluster.

use crate::api::Name;
use crate::record::{CallRecord, DecisionRecord, RecommendationRecord, TrafficRecord};
use crate::units::{SimDuration, SimTime};

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
    /// The requests of each traffic entry.
    pub traffic: Vec<TrafficRecord>,
    /// The calls among them.
    pub calls: Vec<CallRecord>,
    /// Names of the arrival streams.
    pub arrivals: Vec<Name>,
    /// Decisions of the autoscalers of nodes and of pods' sizes.
    pub decisions: Vec<DecisionRecord>,
    /// What the Vertical Pod Autoscaler recommends at the end.
    pub recommendations: Vec<RecommendationRecord>,
    /// Remarks for the user.
    pub remarks: Vec<String>,
}
