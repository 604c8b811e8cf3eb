//! Jobs, as a run leaves them.

use crate::units::SimTime;
use smol_str::SmolStr;

/// How a Job ended, or where it stood at the end of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobOutcome {
    /// Condition Complete.
    Complete,
    /// Condition Failed.
    Failed,
    /// Deleted before it had finished.
    Deleted,
    /// Suspended at the end of the run.
    Suspended,
    /// Not finished at the end of the run.
    Running,
}

/// One Job. Absent times did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Namespace.
    pub namespace: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// Kind and name of its owner, as `CronJob/report`; empty without one.
    pub owner: SmolStr,
    /// Creation in the API.
    pub created: SimTime,
    /// `status.startTime`.
    pub started: Option<SimTime>,
    /// When it got the condition Complete or Failed.
    pub finished: Option<SimTime>,
    /// When the object was removed.
    pub removed: Option<SimTime>,
    /// How it ended.
    pub outcome: JobOutcome,
    /// `reason` of the condition with which it ended; empty without one.
    pub reason: SmolStr,
    /// `status.succeeded`.
    pub succeeded: i32,
    /// `status.failed`.
    pub failed: i32,
    /// `spec.completions`.
    pub completions: Option<i32>,
    /// `spec.parallelism`.
    pub parallelism: i32,
}
