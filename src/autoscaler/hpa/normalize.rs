//! From a proposal to the wanted replicas where the object has no `behavior` (`normalizeDesiredReplicas`, Kubernetes
//! 1.36 `podautoscaler/horizontal.go`): one window against scaling down, and at most double (or 4) per reconcile.

use super::history::HpaHistory;
use crate::api::HpaConditionReason;
use crate::autoscaler::go_number::int32;
use crate::units::{SimDuration, SimTime};

/// A wanted number of replicas and the conditions' reasons on the way there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Normalized {
    /// Wanted replicas.
    pub replicas: i32,
    /// Reason of `AbleToScale`: whether a window changed the proposal.
    pub able_to_scale: HpaConditionReason,
    /// Reason of `ScalingLimited`.
    pub scaling_limited: HpaConditionReason,
    /// Status of `ScalingLimited`: whether a bound or policy changed the stabilised number.
    pub is_limited: bool,
}

/// Bounds and state of one normalisation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// `scale.spec.replicas`.
    pub current: i32,
    /// `spec.minReplicas`.
    pub min: i32,
    /// `spec.maxReplicas`.
    pub max: i32,
}

/// Normalises a proposal and records it. A recommendation exactly as old as the window still counts.
pub(super) fn normalize(
    proposal: i32,
    bounds: Bounds,
    window: SimDuration,
    history: &mut HpaHistory,
    now: SimTime,
) -> Normalized {
    let cutoff = now - window;
    let mut stabilized = proposal;
    let mut expired = None;
    for (slot, recommendation) in history.recommendations.iter().enumerate() {
        if recommendation.time < cutoff {
            expired = Some(slot);
        } else {
            stabilized = stabilized.max(recommendation.replicas);
        }
    }
    history.record_recommendation(expired, proposal, now);
    let able_to_scale = if stabilized == proposal {
        HpaConditionReason::ReadyForNewScale
    } else {
        HpaConditionReason::ScaleDownStabilized
    };
    let (replicas, scaling_limited) = limit(stabilized, bounds);
    Normalized { replicas, able_to_scale, scaling_limited, is_limited: replicas != stabilized }
}

/// Applies the bounds and the scale-up limit (`convertDesiredReplicasWithRules`).
fn limit(desired: i32, bounds: Bounds) -> (i32, HpaConditionReason) {
    let scale_up_limit = int32((2.0 * f64::from(bounds.current)).max(4.0));
    let (allowed, reason) = if bounds.max > scale_up_limit {
        (scale_up_limit, HpaConditionReason::ScaleUpLimit)
    } else {
        (bounds.max, HpaConditionReason::TooManyReplicas)
    };
    if desired < bounds.min {
        (bounds.min, HpaConditionReason::TooFewReplicas)
    } else if desired > allowed {
        (allowed, reason)
    } else {
        (desired, HpaConditionReason::DesiredWithinRange)
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::TimedReplicas;
    use super::*;
    use HpaConditionReason as Reason;

    #[test]
    fn bounds_and_scale_up_limit() {
        let cases = [
            (10, 3, 1, 50, 6, Reason::ScaleUpLimit, "at most double"),
            (10, 1, 1, 50, 4, Reason::ScaleUpLimit, "at most 4 from few"),
            (10, 5, 1, 8, 8, Reason::TooManyReplicas, "max is lower than double"),
            (20, 5, 1, 10, 10, Reason::TooManyReplicas, "max equals double"),
            (1, 5, 2, 10, 2, Reason::TooFewReplicas, "min"),
            (7, 5, 2, 10, 7, Reason::DesiredWithinRange, "within"),
        ];
        for (desired, current, min, max, expected, reason, why) in cases {
            assert_eq!(limit(desired, Bounds { current, min, max }), (expected, reason), "{why}");
        }
    }

    #[test]
    fn the_window_includes_its_end() {
        let bounds = Bounds { current: 5, min: 1, max: 10 };
        let cases = [
            (300, 5, Reason::ScaleDownStabilized, 2, "exactly as old as the window"),
            (301, 2, Reason::ReadyForNewScale, 1, "older: does not count, and its slot is written again"),
        ];
        for (age, expected, reason, entries, why) in cases {
            let recommendation = TimedReplicas { time: SimTime::from_secs(-age), replicas: 5 };
            let mut history = HpaHistory { recommendations: vec![recommendation], ..HpaHistory::default() };
            let result = normalize(2, bounds, SimDuration::from_secs(300), &mut history, SimTime::ZERO);
            assert_eq!((result.replicas, result.able_to_scale), (expected, reason), "{why}");
            assert_eq!(history.recommendations.len(), entries, "{why}");
            assert_eq!(history.recommendations.last().map(|recommendation| recommendation.replicas), Some(2), "{why}");
        }
    }
}
