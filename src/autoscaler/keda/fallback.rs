//! Replicas for when a source of metrics fails (`GetMetricsWithFallback` of `pkg/fallback/fallback.go`).

use super::executor::KedaCondition;
use super::value::MetricValue;
use crate::api::keda::{Fallback, FallbackBehavior, ScaledObjectSpec, ScalingModifiers, TriggerMetricType};
use crate::api::{ConditionStatus, MetricTarget, Name};
use crate::autoscaler::go_number::int64;
use std::collections::BTreeMap;

/// The name of the metric that a formula makes.
pub const COMPOSITE_METRIC: &str = "composite-metric";

/// `status.health` of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricHealth {
    /// Whether its source failed last.
    pub is_failing: bool,
    /// `numberOfFailures` in a row.
    pub failures: i32,
}

/// What of a ScaledObject's status tells of failing sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthStatus {
    /// `status.health` by metric.
    pub metrics: BTreeMap<Name, MetricHealth>,
    /// Whether a fallback is in force.
    pub fallback: KedaCondition,
}

/// A value of `external.metrics.k8s.io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalMetric {
    /// `metricName`.
    pub name: Name,
    /// `value`.
    pub value: MetricValue,
}

/// Replicas of the target at the time.
#[derive(Clone, Copy, Debug)]
pub struct TargetReplicas {
    /// `spec.replicas`.
    pub current: i32,
    /// Pods that are ready.
    pub ready: i32,
}

/// The metrics with a fallback in place of a failure, and whether that is so.
///
/// # Errors
/// The failure, where there is no fallback for it.
pub fn metrics_with_fallback(
    spec: &ScaledObjectSpec,
    (name, target): (&Name, MetricTarget),
    answer: Result<Vec<ExternalMetric>, String>,
    replicas: TargetReplicas,
    status: &mut HealthStatus,
) -> Result<(Vec<ExternalMetric>, bool), String> {
    let valid = spec.fallback.filter(|fallback| is_valid(fallback, spec.scaling_modifiers.as_ref()));
    let mut health = status.metrics.get(name).copied().unwrap_or_default();
    let keep = |health: MetricHealth, status: &mut HealthStatus| {
        let Some(fallback) = valid else { return };
        // The condition tells of the health before this answer.
        let exceeds = |health: &MetricHealth| health.is_failing && health.failures > fallback.failure_threshold;
        status.fallback = if status.metrics.values().any(exceeds) {
            KedaCondition::new(ConditionStatus::True, "FallbackExists")
        } else {
            KedaCondition::new(ConditionStatus::False, "NoFallbackFound")
        };
        status.metrics.insert(name.clone(), health);
    };
    let failure = match answer {
        Ok(metrics) => {
            keep(MetricHealth::default(), status);
            return Ok((metrics, false));
        }
        Err(failure) => failure,
    };
    health.is_failing = true;
    health.failures = health.failures.saturating_add(1);
    keep(health, status);
    let Some(fallback) = valid.filter(|fallback| health.failures > fallback.failure_threshold) else {
        return Err(failure);
    };
    match fallback_metric(spec, fallback, (name, target), replicas) {
        Some(metric) => Ok((vec![metric], true)),
        None => Err("error performing fallback".to_owned()),
    }
}

/// Whether a fallback can be calculated with (`HasValidFallback`).
fn is_valid(fallback: &Fallback, modifiers: Option<&ScalingModifiers>) -> bool {
    let is_positive = |modifiers: &ScalingModifiers| modifiers.target.parse::<i64>().is_ok_and(|target| target > 0);
    fallback.failure_threshold >= 0 && fallback.replicas >= 0 && modifiers.is_none_or(is_positive)
}

/// The value at which the HorizontalPodAutoscaler comes to the fallback's replicas (`doFallback`); `None` where the target is a
/// value as a whole and no pod is ready.
fn fallback_metric(
    spec: &ScaledObjectSpec,
    fallback: Fallback,
    (name, target): (&Name, MetricTarget),
    replicas: TargetReplicas,
) -> Option<ExternalMetric> {
    let count = match fallback.behavior {
        FallbackBehavior::Static => fallback.replicas,
        FallbackBehavior::CurrentReplicas => replicas.current,
        FallbackBehavior::CurrentReplicasIfHigher => replicas.current.max(fallback.replicas),
        FallbackBehavior::CurrentReplicasIfLower => replicas.current.min(fallback.replicas),
    };
    let modifiers = spec.scaling_modifiers.as_ref();
    let is_whole = match modifiers {
        Some(modifiers) => modifiers.metric_type == Some(TriggerMetricType::Value),
        None => matches!(target, MetricTarget::Value(_)),
    };
    let mut count = f64::from(count);
    if is_whole {
        if replicas.ready == 0 {
            return None;
        }
        count /= f64::from(replicas.ready);
    }
    let (per_replica, name) = match modifiers {
        Some(modifiers) => (modifiers.target.parse().unwrap_or(0.0), Name::from(COMPOSITE_METRIC)),
        None => {
            let per_replica = match target {
                MetricTarget::AverageValue(value) | MetricTarget::Value(value) => {
                    MetricValue::from_quantity(value).as_f64()
                }
                MetricTarget::Utilization(_) => 0.0,
            };
            (per_replica, name.clone())
        }
    };
    let value = MetricValue::from_milli(int64(per_replica * 1000.0 * count));
    Some(ExternalMetric { name, value })
}
