//! `status` of a HorizontalPodAutoscaler.

use crate::units::SimTime;

/// An amount in thousandths of its metric's unit, as `Quantity.MilliValue` gives it: millicores of cpu, thousandths of
/// a byte of memory. The HorizontalPodAutoscaler compares metrics in this form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MilliValue(i64);

impl MilliValue {
    /// An amount in thousandths.
    #[must_use]
    pub const fn new(milli: i64) -> Self {
        Self(milli)
    }

    /// The amount in thousandths.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount in units, for output.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
    pub fn as_units(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

/// `current` of a metric's status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricValueStatus {
    /// `averageUtilization`, in percent of the requests.
    pub average_utilization: Option<i32>,
    /// `averageValue`, per pod.
    pub average_value: Option<MilliValue>,
    /// `value`, as a whole.
    pub value: Option<MilliValue>,
}
/// `type` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HpaConditionType {
    /// The scale can be read and written, and no back-off or window holds it.
    AbleToScale,
    /// The metrics give a number of replicas.
    ScalingActive,
    /// The wanted number lies outside what bounds and policies allow.
    ScalingLimited,
    /// The controller itself scaled to zero (gate `HPAScaleToZero`).
    ScaledToZero,
}

impl HpaConditionType {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AbleToScale => "AbleToScale",
            Self::ScalingActive => "ScalingActive",
            Self::ScalingLimited => "ScalingLimited",
            Self::ScaledToZero => "ScaledToZero",
        }
    }
}

/// `reason` of a condition; the variants are the API's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the API's reason of the same name")]
pub enum HpaConditionReason {
    SucceededGetScale,
    FailedGetScale,
    SucceededRescale,
    ReadyForNewScale,
    ScaleUpStabilized,
    ScaleDownStabilized,
    ValidMetricFound,
    ScalingDisabled,
    InvalidSelector,
    AmbiguousSelector,
    FailedGetResourceMetric,
    FailedGetContainerResourceMetric,
    FailedGetPodsMetric,
    FailedGetObjectMetric,
    FailedGetExternalMetric,
    DesiredWithinRange,
    TooFewReplicas,
    TooManyReplicas,
    ScaleUpLimit,
    ScaleDownLimit,
    ScaledToZero,
    NotScaledToZero,
}

impl HpaConditionReason {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SucceededGetScale => "SucceededGetScale",
            Self::FailedGetScale => "FailedGetScale",
            Self::SucceededRescale => "SucceededRescale",
            Self::ReadyForNewScale => "ReadyForNewScale",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::ValidMetricFound => "ValidMetricFound",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::InvalidSelector => "InvalidSelector",
            Self::AmbiguousSelector => "AmbiguousSelector",
            Self::FailedGetResourceMetric => "FailedGetResourceMetric",
            Self::FailedGetContainerResourceMetric => "FailedGetContainerResourceMetric",
            Self::FailedGetPodsMetric => "FailedGetPodsMetric",
            Self::FailedGetObjectMetric => "FailedGetObjectMetric",
            Self::FailedGetExternalMetric => "FailedGetExternalMetric",
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::TooFewReplicas => "TooFewReplicas",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::ScaledToZero => "ScaledToZero",
            Self::NotScaledToZero => "NotScaledToZero",
        }
    }
}

/// One condition; the controller sets `True` or `False` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HpaCondition {
    /// `type`.
    pub condition_type: HpaConditionType,
    /// `status`.
    pub status: bool,
    /// `reason`.
    pub reason: HpaConditionReason,
    /// `lastTransitionTime`: when `status` last changed.
    pub last_transition: SimTime,
}

/// All conditions in the order in which they were first set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HpaConditions([Option<HpaCondition>; 4]);

impl HpaConditions {
    /// Sets a condition: in its place if its type is there, else as the last.
    pub fn set(&mut self, condition_type: HpaConditionType, status: bool, reason: HpaConditionReason, now: SimTime) {
        let is_its =
            |slot: &&mut Option<HpaCondition>| slot.is_none_or(|condition| condition.condition_type == condition_type);
        if let Some(slot) = self.0.iter_mut().find(is_its) {
            let unchanged = slot.filter(|before| before.status == status);
            let last_transition = unchanged.map_or(now, |before| before.last_transition);
            *slot = Some(HpaCondition { condition_type, status, reason, last_transition });
        }
    }

    /// The condition of a type.
    #[must_use]
    pub fn get(&self, condition_type: HpaConditionType) -> Option<HpaCondition> {
        self.iter().find(|condition| condition.condition_type == condition_type)
    }

    /// The reason of a condition, for a table of decisions; empty where the condition was never set.
    #[must_use]
    pub fn reason(&self, condition_type: HpaConditionType) -> &'static str {
        self.get(condition_type).map_or("", |condition| condition.reason.as_str())
    }

    /// All conditions in order.
    pub fn iter(&self) -> impl Iterator<Item = HpaCondition> {
        self.0.iter().flatten().copied()
    }
}

/// `status` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HpaStatus {
    /// `currentReplicas`: what the target's scale asked for when it was last looked at.
    pub current_replicas: i32,
    /// `desiredReplicas`: what it asks for since.
    pub desired_replicas: i32,
    /// `lastScaleTime`.
    pub last_scale_time: Option<SimTime>,
    /// `currentMetrics`: for each of `spec.metrics` its value, empty where it could not be read.
    pub current_metrics: Vec<MetricValueStatus>,
    /// `conditions`.
    pub conditions: HpaConditions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_place() {
        let mut conditions = HpaConditions::default();
        conditions.set(HpaConditionType::AbleToScale, true, HpaConditionReason::SucceededGetScale, SimTime::ZERO);
        conditions.set(HpaConditionType::ScalingActive, true, HpaConditionReason::ValidMetricFound, SimTime::ZERO);
        conditions.set(HpaConditionType::AbleToScale, true, HpaConditionReason::ReadyForNewScale, SimTime::ZERO);
        let reasons: Vec<_> = conditions.iter().map(|condition| condition.reason.as_str()).collect();
        assert_eq!(reasons, ["ReadyForNewScale", "ValidMetricFound"]);
        assert_eq!(conditions.reason(HpaConditionType::ScalingLimited), "");
    }
}
