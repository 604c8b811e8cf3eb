//! What is accounted for of a node while it runs: requests, use, time in use.

use super::known_shapes::KnownShapes;
use crate::units::{SimDuration, SimTime};

/// What becomes of what is free on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Free {
    /// A pod of a size that the run has seen has room.
    #[default]
    Usable,
    /// It is too small for every such pod.
    Fragmented,
    /// The node has as many pods as it may have.
    PodCap,
}

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
    pub pods_allocatable: i64,
    /// Requests of pods of DaemonSets, and their integrals.
    pub cpu_daemons: i64,
    pub memory_daemons: i64,
    pub cpu_daemons_integral: i128,
    pub memory_daemons_integral: i128,
    /// What becomes of what is free, and the integrals of what is of no use.
    pub free: Free,
    pub cpu_fragmented_integral: i128,
    pub memory_fragmented_integral: i128,
    pub cpu_pod_cap_integral: i128,
    pub memory_pod_cap_integral: i128,
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

    /// What is free, in millicores and bytes.
    fn free_amounts(&self) -> (i64, i64) {
        let left = |whole: i64, taken: i64| (whole - taken).max(0);
        (left(self.cpu_allocatable, self.cpu_requested), left(self.memory_allocatable, self.memory_requested))
    }

    /// Finds what becomes of what is free now. The time before is accounted for.
    pub fn classify(&mut self, shapes: &KnownShapes) {
        self.free = if i64::from(self.pods) >= self.pods_allocatable {
            Free::PodCap
        } else if shapes.fit(self.free_amounts()) {
            Free::Usable
        } else {
            Free::Fragmented
        };
    }

    /// Accounts for the time up to `now`, for which all was as it is.
    pub fn account(&mut self, now: SimTime) {
        if !self.exists {
            self.since = now;
            return;
        }
        let span = i128::from((now - self.since).as_nanos());
        let (cpu, memory) = self.free_amounts();
        let free = (span * i128::from(cpu), span * i128::from(memory));
        match self.free {
            Free::Usable => {}
            Free::Fragmented => {
                self.cpu_fragmented_integral += free.0;
                self.memory_fragmented_integral += free.1;
            }
            Free::PodCap => {
                self.cpu_pod_cap_integral += free.0;
                self.memory_pod_cap_integral += free.1;
            }
        }
        self.cpu_daemons_integral += span * i128::from(self.cpu_daemons);
        self.memory_daemons_integral += span * i128::from(self.memory_daemons);
        self.cpu_integral += span * i128::from(self.cpu_requested);
        self.memory_integral += span * i128::from(self.memory_requested);
        self.since = now;
    }
}
