//! The load on a workload as it was measured.

use crate::cluster::WorkloadId;
use crate::units::SimTime;

/// The load on a workload over a span that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeasuredLoad {
    /// Requests per second that were sent.
    pub rate: f64,
    /// Requests per second that failed.
    pub failed: f64,
    /// CPU used by the pods together, in millicores.
    pub cpu: f64,
    /// Memory used by the pods together, in bytes.
    pub memory: f64,
}

/// The load on a workload was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// The workload.
    pub workload: WorkloadId,
    /// Start of the span.
    pub since: SimTime,
    /// The load over the span before.
    pub before: MeasuredLoad,
    /// The load over the span.
    pub load: MeasuredLoad,
}
