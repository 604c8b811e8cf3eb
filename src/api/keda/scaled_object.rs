//! ScaledObjects.

use super::ScaleTrigger;
use super::trigger::TriggerMetricType;
use crate::api::{
    ApiObject, CrossVersionObjectReference, HpaScalingPolicy, HpaScalingRules, Kind, Name, ObjectMeta, Quantity,
    ScalingPolicySelect,
};
use crate::units::SimDuration;

/// One direction of `advanced.horizontalPodAutoscalerConfig.behavior`, as far as it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HpaRules {
    /// `stabilizationWindowSeconds`.
    pub stabilization_window: Option<SimDuration>,
    /// `selectPolicy`.
    pub select_policy: Option<ScalingPolicySelect>,
    /// `policies`.
    pub policies: Option<Vec<HpaScalingPolicy>>,
    /// `tolerance`.
    pub tolerance: Option<Quantity>,
}

impl HpaRules {
    /// What the API server makes of the rules: what is not given is taken from its defaults, policies as a whole.
    #[must_use]
    pub fn with_defaults(&self, defaults: HpaScalingRules) -> HpaScalingRules {
        HpaScalingRules {
            stabilization_window: self.stabilization_window.or(defaults.stabilization_window),
            select_policy: self.select_policy.unwrap_or(defaults.select_policy),
            policies: self.policies.clone().unwrap_or(defaults.policies),
            tolerance: self.tolerance.or(defaults.tolerance),
        }
    }
}

/// `advanced.horizontalPodAutoscalerConfig.behavior`, as far as it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HpaBehavior {
    /// Scaling up.
    pub scale_up: Option<HpaRules>,
    /// Scaling down.
    pub scale_down: Option<HpaRules>,
}

/// Whose replicas a fallback takes: `fallback.behavior`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FallbackBehavior {
    /// `fallback.replicas`.
    #[default]
    Static,
    /// Those that the target has.
    CurrentReplicas,
    /// The higher of both.
    CurrentReplicasIfHigher,
    /// The lower of both.
    CurrentReplicasIfLower,
}

/// `spec.fallback`: the replicas to go to when a source of metrics fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// `failureThreshold`: failures in a row that are passed on first.
    pub failure_threshold: i32,
    /// `replicas`.
    pub replicas: i32,
    /// `behavior`.
    pub behavior: FallbackBehavior,
}

/// A number that `scalingModifiers` has as a text. It is kept as one: KEDA reads it each time that it needs it.
pub type ModifierTarget = Name;

/// `advanced.scalingModifiers`: one metric that a formula makes of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalingModifiers {
    /// `formula`, in the language of expr-lang/expr.
    pub formula: Name,
    /// `target`.
    pub target: ModifierTarget,
    /// `activationTarget`; empty is 0.
    pub activation_target: ModifierTarget,
    /// `metricType`.
    pub metric_type: Option<TriggerMetricType>,
}

/// The spec of a `ScaledObject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaledObjectSpec {
    /// `pollingInterval`, 30 s.
    pub polling_interval: SimDuration,
    /// `initialCooldownPeriod`, 0 s.
    pub initial_cooldown_period: SimDuration,
    /// `cooldownPeriod`, 300 s.
    pub cooldown_period: SimDuration,
    /// `idleReplicaCount`.
    pub idle_replica_count: Option<i32>,
    /// `minReplicaCount`.
    pub min_replica_count: Option<i32>,
    /// `maxReplicaCount`.
    pub max_replica_count: Option<i32>,
    /// `advanced.horizontalPodAutoscalerConfig.name`; empty is KEDA's own.
    pub hpa_name: Name,
    /// `advanced.horizontalPodAutoscalerConfig.behavior`.
    pub hpa_behavior: Option<HpaBehavior>,
    /// `advanced.restoreToOriginalReplicaCount`.
    pub restore_to_original_replica_count: bool,
    /// `advanced.scalingModifiers`, if any of it is given.
    pub scaling_modifiers: Option<ScalingModifiers>,
    /// `triggers`.
    pub triggers: Vec<ScaleTrigger>,
    /// `fallback`.
    pub fallback: Option<Fallback>,
}

impl ScaledObjectSpec {
    /// `spec.maxReplicas` of the HorizontalPodAutoscaler (`GetHPAMaxReplicas`).
    #[must_use]
    pub fn hpa_max_replicas(&self) -> i32 {
        self.max_replica_count.unwrap_or(100)
    }

    /// `spec.minReplicas` of the HorizontalPodAutoscaler, which never scales to zero (`GetHPAMinReplicas`).
    #[must_use]
    pub fn hpa_min_replicas(&self) -> i32 {
        self.min_replica_count.filter(|count| *count > 0).unwrap_or(1)
    }

    /// What is wrong with the bounds (`CheckReplicaCountBoundsAreValid`, which the admission webhook asks).
    #[must_use]
    pub fn bounds_problem(&self) -> Option<String> {
        let min = self.min_replica_count.map_or(0, |_| self.hpa_min_replicas());
        let max = self.hpa_max_replicas();
        if min > max {
            return Some(format!("MinReplicaCount={min} must be less than MaxReplicaCount={max}"));
        }
        let idle = self.idle_replica_count.filter(|idle| *idle >= min)?;
        Some(format!("IdleReplicaCount={idle} must be less than MinReplicaCount={min}"))
    }
}

/// A `ScaledObject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaledObject {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.scaleTargetRef`.
    pub target: CrossVersionObjectReference,
    /// `apiVersion` of the target, as Events tell it: `apps/v1`.
    pub target_version: Name,
    /// The rest of the spec.
    pub spec: ScaledObjectSpec,
}

impl ApiObject for ScaledObject {
    fn kind(&self) -> Kind {
        Kind::ScaledObject
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
