//! Which rule kept a HorizontalPodAutoscaler from doing what its metrics proposed.

use crate::record::AutoscalingRecord;

/// The reason that held a decision back, or `None` where the replicas are what the metrics proposed.
///
/// Bounds and scaling policies (condition ScalingLimited) are applied after stabilisation (condition AbleToScale) and
/// so win; a metric that could not be read (condition ScalingActive) comes last. The reasons are those of
/// `pkg/controller/podautoscaler/horizontal.go`.
#[must_use]
pub fn limited_by(decision: &AutoscalingRecord) -> Option<&'static str> {
    let bound = is_bound(decision).then_some(decision.scaling_limited_reason);
    let stabilized = matches!(decision.able_to_scale_reason, "ScaleDownStabilized" | "ScaleUpStabilized")
        .then_some(decision.able_to_scale_reason);
    let failed = decision.scaling_active_reason.starts_with("Failed").then_some(decision.scaling_active_reason);
    bound.or(stabilized).or(failed)
}

/// Whether minReplicas, maxReplicas or a scaling policy held the decision back.
pub(super) fn is_bound(decision: &AutoscalingRecord) -> bool {
    matches!(decision.scaling_limited_reason, "TooManyReplicas" | "TooFewReplicas" | "ScaleUpLimit" | "ScaleDownLimit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    #[test]
    fn bounds_win_over_stabilisation() {
        let cases = [
            ("ReadyForNewScale", "ValidMetricFound", "DesiredWithinRange", None),
            ("ScaleDownStabilized", "ValidMetricFound", "DesiredWithinRange", Some("ScaleDownStabilized")),
            ("ScaleDownStabilized", "ValidMetricFound", "TooFewReplicas", Some("TooFewReplicas")),
            ("SucceededRescale", "ValidMetricFound", "ScaleUpLimit", Some("ScaleUpLimit")),
            ("SucceededGetScale", "FailedGetResourceMetric", "", Some("FailedGetResourceMetric")),
        ];
        for (able_to_scale_reason, scaling_active_reason, scaling_limited_reason, expected) in cases {
            let decision = AutoscalingRecord {
                at: SimTime::ZERO,
                namespace: "default".into(),
                name: "web".into(),
                target: "Deployment/web".into(),
                current_replicas: 1,
                ready_pods: 1,
                metrics: Vec::new(),
                proposed_replicas: None,
                desired_replicas: 1,
                able_to_scale_reason,
                scaling_active_reason,
                scaling_limited_reason,
            };
            assert_eq!(limited_by(&decision), expected, "{able_to_scale_reason} {scaling_limited_reason}");
        }
    }
}
