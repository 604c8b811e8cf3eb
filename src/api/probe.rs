//! Container probes: when the kubelet asks, and how many answers it takes.

use crate::units::SimDuration;

/// Timing of one probe, with the API server's defaults (period 10 s, timeout 1 s, success 1, failure 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Delay after the container's start before the first check.
    pub initial_delay: SimDuration,
    /// Time between checks.
    pub period: SimDuration,
    /// Time after which a check counts as failed.
    pub timeout: SimDuration,
    /// Consecutive successes that count as success.
    pub success_threshold: i32,
    /// Consecutive failures that count as failure.
    pub failure_threshold: i32,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            initial_delay: SimDuration::ZERO,
            period: SimDuration::from_secs(10),
            timeout: SimDuration::from_secs(1),
            success_threshold: 1,
            failure_threshold: 3,
        }
    }
}

/// The probes of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Probes {
    /// Holds back the other two until it succeeds.
    pub startup: Option<Probe>,
    /// Decides whether the pod gets traffic.
    pub readiness: Option<Probe>,
    /// Decides whether the container is restarted.
    pub liveness: Option<Probe>,
}
