//! What is accounted for of a node while it runs: requests, use, time in use.

use crate::units::{SimDuration, SimTime};

/// What is accounted for of a node.
#[derive(Clone, Debug, Default)]
pub struct NodeState {
    pub exists: bool,
    pub ready: bool,
    /// Index of its pool.
    pub pool: u32,
    /// What is allocatable, in millicores and bytes.
    pub cpu_allocatable: i64,
    pub memory_allocatable: i64,
    pub cpu_requested: i64,
    pub memory_requested: i64,
    pub since: SimTime,
    pub cpu_integral: i128,
    pub memory_integral: i128,
    pub cpu_stranded: i64,
    pub memory_stranded: i64,
    pub pods: u32,
    pub pods_bound: u32,
    pub pods_max: u32,
    /// Pods that no DaemonSet owns.
    pub own_pods: u32,
    pub ready_since: SimTime,
    pub ready_for: SimDuration,
    pub cpu_used_integral: i128,
    pub used_since: SimTime,
    pub used_for: SimDuration,
    pub faults: u32,
}

impl NodeState {
    /// Whether the node is there with a pod that no DaemonSet owns.
    pub const fn is_used(&self) -> bool {
        self.exists && self.own_pods > 0
    }

    /// Accounts for the time in use when that changes: `before` is whether it was.
    pub fn account_use(&mut self, before: bool, now: SimTime) {
        match (before, self.is_used()) {
            (false, true) => self.used_since = now,
            (true, false) => self.used_for += now - self.used_since,
            _ => {}
        }
    }

    pub fn account(&mut self, now: SimTime) {
        let span = i128::from((now - self.since).as_nanos());
        self.cpu_integral += span * i128::from(self.cpu_requested);
        self.memory_integral += span * i128::from(self.memory_requested);
        self.since = now;
    }
}
