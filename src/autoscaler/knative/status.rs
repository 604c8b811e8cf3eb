//! Active, activating or inactive (`computeActiveCondition` of `pkg/reconciler/autoscaling/kpa/kpa.go`).

use super::config::KpaConfig;
use super::decider::DeciderSpec;
use super::pod_autoscaler::PodAutoscaler;
use crate::api::ConditionStatus;
use crate::autoscaler::go_number::int32;
use crate::units::SimTime;

/// Activators that are always there (`minActivators`).
const MIN_ACTIVATORS: f64 = 2.0;

/// The status of a PodAutoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KpaStatus {
    /// Condition `Active`: unknown is activating.
    pub active: ConditionStatus,
    /// Its reason.
    pub reason: &'static str,
    /// Since when it has been like this.
    pub since: SimTime,
    /// Condition `ScaleTargetInitialized`: the initial scale has been reached once.
    pub is_initialized: bool,
}

impl KpaStatus {
    /// Of a new object.
    #[must_use]
    pub const fn new(now: SimTime) -> Self {
        Self { active: ConditionStatus::Unknown, reason: "", since: now, is_initialized: false }
    }

    fn mark(&mut self, status: ConditionStatus, reason: &'static str, now: SimTime) {
        if self.active != status || self.reason != reason {
            (self.active, self.reason, self.since) = (status, reason, now);
        }
    }
}

/// The ready pods from which on a revision is active (`activeThreshold`).
#[must_use]
pub fn active_threshold(revision: &PodAutoscaler, config: &KpaConfig, status: &KpaStatus) -> i32 {
    let (min, _) = revision.scale_bounds(config);
    min.max(if status.is_initialized { 1 } else { revision.initial_scale(config) })
}

/// Writes the conditions after a reconcile that wants so many pods; `has_service` is whether the revision can be reached.
pub fn compute_active_condition(
    revision: &PodAutoscaler,
    config: &KpaConfig,
    status: &mut KpaStatus,
    (want, ready): (i32, i32),
    has_service: bool,
    now: SimTime,
) {
    let threshold = active_threshold(revision, config, status);
    if ready >= threshold && has_service {
        status.is_initialized = true;
    }
    let is_inactive = status.active == ConditionStatus::False;
    if want == 0 || threshold == 0 {
        let is_activating = status.active == ConditionStatus::Unknown;
        let reason = if is_activating && threshold > 0 { "TimedOut" } else { "NoTraffic" };
        status.mark(ConditionStatus::False, reason, now);
    } else if ready < threshold {
        if want > 0 || !is_inactive {
            status.mark(ConditionStatus::Unknown, "Queued", now);
        } else {
            status.mark(ConditionStatus::False, "NoTraffic", now);
        }
    } else if want > 0 || !is_inactive {
        status.mark(ConditionStatus::True, "", now);
    }
}

/// Activators in the path of a revision (`computeNumActivators`).
#[must_use]
pub fn activators(ready: i32, spec: &DeciderSpec) -> i32 {
    let burst = spec.target_burst_capacity;
    if burst == 0.0 {
        return int32(MIN_ACTIVATORS);
    }
    let capacity = f64::from(ready) * spec.total_value + if burst > 0.0 { burst } else { 0.0 };
    int32((capacity / spec.activator_capacity).ceil().max(MIN_ACTIVATORS))
}
