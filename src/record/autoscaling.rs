//! HorizontalPodAutoscalers and their decisions.

use crate::units::SimTime;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::Arc;

/// What the decisions of a HorizontalPodAutoscaler have in common as long as its spec stays the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AutoscalerSpec {
    /// Namespace.
    pub namespace: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// What it scales, as `Deployment/web`.
    pub target: SmolStr,
    /// Its metrics in the order of the spec.
    pub metrics: Vec<MetricSpecRecord>,
}

/// A metric of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSpecRecord {
    /// Name as the controller reports it, for example `cpu resource utilization (percentage of request)`.
    pub name: SmolStr,
    /// Target in percent, cores, bytes or the metric's own unit.
    pub target: f64,
}

/// A HorizontalPodAutoscaler as it is at the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoscalerRecord {
    /// Name, target and metrics.
    pub spec: Arc<AutoscalerSpec>,
    /// Creation in the API.
    pub created: SimTime,
    /// Whether it was deleted during the run.
    pub removed: bool,
    /// `spec.minReplicas`.
    pub min_replicas: i32,
    /// `spec.maxReplicas`.
    pub max_replicas: i32,
    /// All of its decisions, counted.
    pub decisions: DecisionCounts,
    /// Its last decision.
    pub last: Option<AutoscalingRecord>,
}

/// The decisions of one HorizontalPodAutoscaler, counted; kept or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecisionCounts {
    /// All.
    pub all: usize,
    /// Those that raised the replicas.
    pub scale_ups: usize,
    /// Those that lowered the replicas.
    pub scale_downs: usize,
    /// Those that minReplicas, maxReplicas or a scaling policy held back.
    pub limited: usize,
    /// Those that maxReplicas held back.
    pub at_max: usize,
    /// Least and most replicas that were wanted.
    pub desired: Option<(i32, i32)>,
}

impl DecisionCounts {
    /// Counts a decision.
    pub(super) fn add(&mut self, decision: &AutoscalingRecord) {
        let desired = decision.desired_replicas;
        self.all += 1;
        self.scale_ups += usize::from(desired > decision.current_replicas);
        self.scale_downs += usize::from(desired < decision.current_replicas);
        self.limited += usize::from(decision.is_bound());
        self.at_max += usize::from(decision.scaling_limited_reason == "TooManyReplicas");
        let (least, most) = self.desired.unwrap_or((desired, desired));
        self.desired = Some((least.min(desired), most.max(desired)));
    }
}

/// What a decision found of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricRecord {
    /// Current value in the target's unit; absent when it failed.
    pub current: Option<f64>,
    /// Replicas that this metric alone asks for; absent when it failed.
    pub proposal: Option<i32>,
}

/// One decision of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoscalingRecord {
    /// When.
    pub at: SimTime,
    /// Whose decision it is.
    pub autoscaler: Arc<AutoscalerSpec>,
    /// `spec.replicas` before.
    pub current_replicas: i32,
    /// Ready pods as the metrics saw them.
    pub ready_pods: u32,
    /// The metrics of the spec, in its order, as far as the decision got to them.
    pub metrics: SmallVec<[MetricRecord; 1]>,
    /// Proposal of all metrics together, before stabilisation, rate and bounds; absent when none was computed.
    pub proposed_replicas: Option<i32>,
    /// `spec.replicas` after.
    pub desired_replicas: i32,
    /// Reason of condition AbleToScale, for example `ScaleDownStabilized`.
    pub able_to_scale_reason: &'static str,
    /// Reason of condition ScalingActive, for example `FailedGetResourceMetric`.
    pub scaling_active_reason: &'static str,
    /// Reason of condition ScalingLimited, for example `TooManyReplicas`; empty if it was not set.
    pub scaling_limited_reason: &'static str,
}

impl AutoscalingRecord {
    /// The reason that held the decision back, or `None` where the replicas are what the metrics proposed.
    ///
    /// Bounds and scaling policies (condition ScalingLimited) are applied after stabilisation (condition AbleToScale) and
    /// so win; a metric that could not be read (condition ScalingActive) comes last. The reasons are those of
    /// `pkg/controller/podautoscaler/horizontal.go`.
    #[must_use]
    pub fn limited_by(&self) -> Option<&'static str> {
        let bound = self.is_bound().then_some(self.scaling_limited_reason);
        let stabilized = matches!(self.able_to_scale_reason, "ScaleDownStabilized" | "ScaleUpStabilized")
            .then_some(self.able_to_scale_reason);
        let failed = self.scaling_active_reason.starts_with("Failed").then_some(self.scaling_active_reason);
        bound.or(stabilized).or(failed)
    }

    /// Whether minReplicas, maxReplicas or a scaling policy held the decision back.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(self.scaling_limited_reason, "TooManyReplicas" | "TooFewReplicas" | "ScaleUpLimit" | "ScaleDownLimit")
    }

    /// Whether it changed the replicas.
    #[must_use]
    pub const fn changes_replicas(&self) -> bool {
        self.desired_replicas != self.current_replicas
    }

    /// Whether somebody who looks at the object sees the same decision, whatever the numbers behind it: replicas wanted,
    /// conditions, and which metrics could be read.
    pub(super) fn decides_as(&self, earlier: &Self) -> bool {
        !self.changes_replicas()
            && self.desired_replicas == earlier.desired_replicas
            && self.able_to_scale_reason == earlier.able_to_scale_reason
            && self.scaling_active_reason == earlier.scaling_active_reason
            && self.scaling_limited_reason == earlier.scaling_limited_reason
            && self.metrics.len() == earlier.metrics.len()
            && self.metrics.iter().zip(&earlier.metrics).all(|(now, before)| now.failed() == before.failed())
            && (Arc::ptr_eq(&self.autoscaler, &earlier.autoscaler) || self.autoscaler == earlier.autoscaler)
    }

    /// Whether the numbers are the same, too.
    pub(super) fn has_values_of(&self, earlier: &Self) -> bool {
        self.current_replicas == earlier.current_replicas
            && self.ready_pods == earlier.ready_pods
            && self.proposed_replicas == earlier.proposed_replicas
            && self.metrics == earlier.metrics
    }
}

impl MetricRecord {
    /// Whether the metric could not be read.
    const fn failed(&self) -> bool {
        self.proposal.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                autoscaler: Arc::default(),
                current_replicas: 1,
                ready_pods: 1,
                metrics: SmallVec::new(),
                proposed_replicas: None,
                desired_replicas: 1,
                able_to_scale_reason,
                scaling_active_reason,
                scaling_limited_reason,
            };
            assert_eq!(decision.limited_by(), expected, "{able_to_scale_reason} {scaling_limited_reason}");
        }
    }
}
