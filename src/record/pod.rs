//! One pod's life as a fact.

use crate::units::{Bytes, MilliCpu, SimTime};
use smol_str::SmolStr;
use std::ops::Deref;
use std::sync::Arc;

/// How a pod ended, or where it stood at the end of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodOutcome {
    /// Ended with success.
    Succeeded,
    /// Ended with failure.
    Failed,
    /// Deleted while it ran (scaled down, rolled over, drained).
    Deleted,
    /// Deleted before it was bound.
    DeletedWhilePending,
    /// Evicted by a taint, lost with its node, or otherwise removed because of a fault.
    Evicted,
    /// Bound and not ended at the end of the run.
    Running,
    /// Not bound at the end of the run; nodes exist on which it fits when they are empty enough.
    Pending,
    /// Not bound at the end of the run, and no node could ever take it.
    Impossible,
}

/// What pods that were made alike have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodGroup {
    /// Namespace.
    pub namespace: SmolStr,
    /// Workload that they belong to, as `Deployment/web`; empty for bare pods.
    pub workload: SmolStr,
    /// Name of the arrival stream or trace; empty for other pods.
    pub arrival: SmolStr,
    /// Priority.
    pub priority: i32,
    /// CPU request.
    pub cpu_request: MilliCpu,
    /// Memory request.
    pub memory_request: Bytes,
    /// Extended resources requested, by name.
    pub extended_requests: Arc<[(SmolStr, i64)]>,
    /// Containers of the spec.
    pub containers: u16,
}

/// One pod's life. Absent times did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRecord {
    /// What it has in common with others, whose fields are read as if they were its own.
    pub group: Arc<PodGroup>,
    /// Name.
    pub name: SmolStr,
    /// Index into [`Facts::nodes`](super::Facts::nodes).
    pub node: Option<u32>,
    /// Creation in the API.
    pub created: SimTime,
    /// Binding.
    pub scheduled: Option<SimTime>,
    /// First moment in phase Running.
    pub running: Option<SimTime>,
    /// First moment with condition Ready.
    pub ready: Option<SimTime>,
    /// Deletion requested.
    pub deletion_requested: Option<SimTime>,
    /// Who or what asked for it: `deletion`, `eviction` (through the API), `taint`, `pod-gc`, `preemption`; empty if nobody
    /// did.
    pub deleted_as: &'static str,
    /// Ended, or gone from the API.
    pub ended: Option<SimTime>,
    /// How it ended.
    pub outcome: PodOutcome,
    /// Containers that were ready at the end of the run, or when the pod ended.
    pub containers_ready_last: u16,
    /// Whether it is in the API at the end of the run.
    pub is_listed_last: bool,
    /// Status at the end as kubectl shows it, for example `Running`, `CrashLoopBackOff` or `Terminating`.
    pub status_last: &'static str,
    /// Container restarts.
    pub restarts: u32,
    /// Scheduling attempts.
    pub scheduling_attempts: u32,
    /// Why it is not running: the last `FailedScheduling` message, or the reason of the failure or eviction.
    pub reason: SmolStr,
}

impl Deref for PodRecord {
    type Target = PodGroup;

    fn deref(&self) -> &PodGroup {
        &self.group
    }
}
