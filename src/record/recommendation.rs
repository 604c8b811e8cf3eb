//! What the Vertical Pod Autoscaler recommends for a container at the end of a run, and what is known of its usage.

use crate::units::{Bytes, MilliCpu};
use smol_str::SmolStr;

/// Target, lower and upper bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds<T> {
    /// What the request should be.
    pub target: T,
    /// Requests below are too low.
    pub lower_bound: T,
    /// Requests above are too high.
    pub upper_bound: T,
}

/// A recommendation for a container of a workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecommendationRecord {
    /// Namespace.
    pub namespace: SmolStr,
    /// The workload, as `Deployment/web`.
    pub workload: SmolStr,
    /// The container.
    pub container: SmolStr,
    /// Pods that have it.
    pub pods: i64,
    /// CPU samples that it rests on.
    pub samples: u64,
    /// Request of CPU today; absent without one.
    pub cpu_request: Option<MilliCpu>,
    /// Request of memory today; absent without one.
    pub memory_request: Option<Bytes>,
    /// What is recommended of CPU; absent where it is not controlled.
    pub cpu: Option<Bounds<MilliCpu>>,
    /// What is recommended of memory.
    pub memory: Option<Bounds<Bytes>>,
    /// Share of the weight of the CPU samples above the target, to the width of a bucket of the histogram.
    pub cpu_above_target: f64,
    /// Share of the weight of the memory peaks above the target: how often a limit of that size would be reached.
    pub memory_above_target: f64,
}
