//! The decision on one HorizontalPodAutoscaler (`reconcileAutoscaler`, Kubernetes 1.36 `podautoscaler/horizontal.go`).

use super::behavior::{normalize_with_behavior, store_scale_event};
use super::history::HpaHistory;
use super::inputs::{HpaInputs, Scale, ScaleSelector};
use super::metric::{CombinedProposal, MetricFailure, MetricResult, combine};
use super::metric_name::MetricName;
use super::metrics_source::MetricsSource;
use super::normalize::{Bounds, normalize};
use crate::api::{HorizontalPodAutoscaler, HpaConditionReason, HpaConditionType, HpaConditions, HpaStatus, MetricSpec};
use crate::units::SimTime;

/// What stays of one object between reconciles: the controller's memory and the status that it writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HpaState {
    /// Recommendations and scale events.
    pub history: HpaHistory,
    /// `status.conditions`.
    pub conditions: HpaConditions,
    /// `status.lastScaleTime`.
    pub last_scale_time: Option<SimTime>,
}

/// Why the scale was written, fixed before normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RescaleReason {
    /// More replicas than `spec.maxReplicas`.
    AboveMaxReplicas,
    /// Fewer replicas than `spec.minReplicas`.
    BelowMinReplicas,
    /// This one of `spec.metrics` (by index) asks for more replicas than there are.
    MetricAboveTarget(usize),
    /// No metric asks for as many replicas as there are.
    AllMetricsBelowTarget,
}

impl RescaleReason {
    /// The text in the Event `SuccessfulRescale`, after `reason: `.
    #[must_use]
    pub fn text(self, hpa: &HorizontalPodAutoscaler) -> String {
        match self {
            Self::AboveMaxReplicas => "Current number of replicas above Spec.MaxReplicas".to_owned(),
            Self::BelowMinReplicas => "Current number of replicas below Spec.MinReplicas".to_owned(),
            Self::AllMetricsBelowTarget => "All metrics below target".to_owned(),
            Self::MetricAboveTarget(index) => match hpa.metrics.get(index) {
                Some(spec) => format!("{} above target", MetricName(spec)),
                None => " above target".to_owned(),
            },
        }
    }
}

/// The error that a reconcile returns; it may have acted all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReconcileError {
    /// The scale cannot be read.
    GetScale,
    /// The scale's selector does not do; see [`ScaleSelector`].
    Selector(ScaleSelector),
    /// A metric failed: the first that did.
    Metric(MetricFailure),
}

/// What is decided on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaDecision {
    /// `scale.spec.replicas` before; 0 where the scale cannot be read.
    pub current_replicas: i32,
    /// `scale.spec.replicas` after; 0 where the scale cannot be read.
    pub desired_replicas: i32,
    /// Whether the scale was written.
    pub rescaled: bool,
    /// Why, where the scale was written. `None` too where only a window, policy or bound made the difference: then the
    /// controller's Event has an empty reason.
    pub rescale_reason: Option<RescaleReason>,
    /// Each of `spec.metrics`, in order; `None` where the reconcile did not get as far.
    pub metrics: Option<Vec<MetricResult>>,
    /// The metrics' combined proposal before normalisation; `None` where it was not computed or failed.
    pub metric_desired: Option<i32>,
    /// Index of the metric that made the combined proposal.
    pub deciding_metric: Option<usize>,
    /// The error returned.
    pub error: Option<ReconcileError>,
    /// `status.conditions` after; why it was limited is the reason of `ScalingLimited`.
    pub conditions: HpaConditions,
}

impl HpaDecision {
    /// The status that is written after the reconcile.
    pub(super) fn status(&self, state: &HpaState) -> HpaStatus {
        let values = self.metrics.iter().flatten();
        let current_metrics = values.map(|metric| metric.as_ref().map(|found| found.current).unwrap_or_default());
        HpaStatus {
            current_replicas: self.current_replicas,
            desired_replicas: self.desired_replicas,
            last_scale_time: state.last_scale_time,
            current_metrics: current_metrics.collect(),
            conditions: state.conditions,
        }
    }
}

/// Decides how many replicas the target should have: reads the inputs, updates the object's state and says what becomes
/// of the scale.
pub fn desired_replicas<M: MetricsSource + ?Sized>(
    inputs: &HpaInputs<'_, M>,
    state: &mut HpaState,
    now: SimTime,
) -> HpaDecision {
    use HpaConditionReason as Reason;
    use HpaConditionType as Type;

    let mut decision = HpaDecision {
        current_replicas: 0,
        desired_replicas: 0,
        rescaled: false,
        rescale_reason: None,
        metrics: None,
        metric_desired: None,
        deciding_metric: None,
        error: None,
        conditions: HpaConditions::default(),
    };
    let Some(scale) = inputs.scale else {
        state.conditions.set(Type::AbleToScale, false, Reason::FailedGetScale, now);
        decision.error = Some(ReconcileError::GetScale);
        decision.conditions = state.conditions;
        return decision;
    };
    let current = scale.spec_replicas;
    state.conditions.set(Type::AbleToScale, true, Reason::SucceededGetScale, now);
    state.history.record_initial_recommendation(current, now);
    decision.current_replicas = current;

    let Bounds { min, max, .. } = bounds(inputs.hpa, current);
    let desired = if current == 0 && !may_scale_from_zero(inputs, &state.conditions) {
        state.conditions.set(Type::ScalingActive, false, Reason::ScalingDisabled, now);
        None
    } else if current > max {
        decision.rescale_reason = Some(RescaleReason::AboveMaxReplicas);
        Some(max)
    } else if current != 0 && current < min {
        decision.rescale_reason = Some(RescaleReason::BelowMinReplicas);
        Some(min)
    } else {
        desired_by_metrics(inputs, scale, state, &mut decision, now).filter(|desired| *desired != current)
    };
    decision.desired_replicas = desired.unwrap_or(current);
    if let Some(desired) = desired {
        rescale(inputs, state, current, desired, now);
        decision.rescaled = true;
    } else {
        decision.rescale_reason = None;
    }
    decision.conditions = state.conditions;
    decision
}

/// Bounds of the object.
fn bounds(hpa: &HorizontalPodAutoscaler, current: i32) -> Bounds {
    Bounds { current, min: hpa.min_replicas, max: hpa.max_replicas }
}

/// Whether a metric can be read without pods, so that a target at zero replicas can come back.
fn has_object_or_external_metric(hpa: &HorizontalPodAutoscaler) -> bool {
    hpa.metrics.iter().any(|spec| matches!(spec, MetricSpec::Object { .. } | MetricSpec::External { .. }))
}

/// Whether metrics are computed at zero replicas: only where the controller itself scaled to zero (gate
/// `HPAScaleToZero`); a target that somebody else scaled to zero stays there.
fn may_scale_from_zero<M: ?Sized>(inputs: &HpaInputs<'_, M>, conditions: &HpaConditions) -> bool {
    inputs.config.scale_to_zero
        && conditions.get(HpaConditionType::ScaledToZero).is_some_and(|condition| condition.status)
        && (inputs.hpa.min_replicas != 0 || has_object_or_external_metric(inputs.hpa))
}

/// The replicas that metrics, windows, policies and bounds come to; `None` where scaling is forbidden.
fn desired_by_metrics<M: MetricsSource + ?Sized>(
    inputs: &HpaInputs<'_, M>,
    scale: Scale,
    state: &mut HpaState,
    decision: &mut HpaDecision,
    now: SimTime,
) -> Option<i32> {
    use HpaConditionReason as Reason;
    use HpaConditionType as Type;

    let selector_failure = match scale.selector {
        ScaleSelector::Valid => None,
        ScaleSelector::Invalid => Some(Reason::InvalidSelector),
        ScaleSelector::Ambiguous => Some(Reason::AmbiguousSelector),
    };
    if let Some(reason) = selector_failure {
        state.conditions.set(Type::ScalingActive, false, reason, now);
        decision.error = Some(ReconcileError::Selector(scale.selector));
        return None;
    }
    let CombinedProposal { metrics, replicas, deciding_metric, first_failure } = combine(inputs, &scale, now);
    decision.metrics = Some(metrics);
    let reason = first_failure.as_ref().map(|failure| failure.reason);
    decision.error = first_failure.map(ReconcileError::Metric);
    let Some(proposal) = replicas else {
        let reason = reason.unwrap_or(Reason::FailedGetResourceMetric);
        state.conditions.set(Type::ScalingActive, false, reason, now);
        return None;
    };
    state.conditions.set(Type::ScalingActive, true, Reason::ValidMetricFound, now);
    decision.metric_desired = Some(proposal);
    decision.deciding_metric = deciding_metric;

    let proposal = proposal.max(0);
    let current = scale.spec_replicas;
    decision.rescale_reason = match proposal.cmp(&current) {
        std::cmp::Ordering::Greater => deciding_metric.map(RescaleReason::MetricAboveTarget),
        std::cmp::Ordering::Less => Some(RescaleReason::AllMetricsBelowTarget),
        std::cmp::Ordering::Equal => None,
    };
    let bounds = bounds(inputs.hpa, current);
    let window = inputs.config.downscale_stabilization;
    let normalized = match &inputs.hpa.behavior {
        None => normalize(proposal, bounds, window, &mut state.history, now),
        Some(behavior) => normalize_with_behavior(proposal, bounds, behavior, window, &mut state.history, now),
    };
    state.conditions.set(Type::AbleToScale, true, normalized.able_to_scale, now);
    state.conditions.set(Type::ScalingLimited, normalized.is_limited, normalized.scaling_limited, now);
    // From zero replicas a `behavior` allows fewer than the minimum, which may have been raised since.
    Some(if current == 0 { normalized.replicas.max(bounds.min) } else { normalized.replicas })
}

/// Notes that the scale was written.
fn rescale<M: ?Sized>(inputs: &HpaInputs<'_, M>, state: &mut HpaState, current: i32, desired: i32, now: SimTime) {
    use HpaConditionReason as Reason;
    use HpaConditionType as Type;

    state.conditions.set(Type::AbleToScale, true, Reason::SucceededRescale, now);
    if inputs.config.scale_to_zero {
        let to_zero =
            current > 0 && desired == 0 && inputs.hpa.min_replicas == 0 && has_object_or_external_metric(inputs.hpa);
        let reason = if to_zero { Reason::ScaledToZero } else { Reason::NotScaledToZero };
        state.conditions.set(Type::ScaledToZero, to_zero, reason, now);
    }
    state.last_scale_time = Some(now);
    if let Some(behavior) = &inputs.hpa.behavior {
        store_scale_event(behavior, current, desired, &mut state.history, now);
    }
}
