//! From the plain spec to what decisions read, with KEDA's defaults.

use super::plain;
use crate::api::keda::{
    Fallback, FallbackBehavior, HpaBehavior, HpaRules, MultipleScalersCalculation, ScaleTrigger, ScaledJobSpec,
    ScaledObjectSpec, ScalingModifiers, ScalingStrategy, TriggerMetricType,
};
use crate::api::{HpaScalingPolicy, HpaScalingPolicyType, Name, ScalingPolicySelect};
use crate::input::{FieldErrors, FieldPath};
use crate::units::SimDuration;
use k8s_openapi::api::autoscaling::v2;
use serde_json::Value;

/// Seconds between two polls (`defaultPollingInterval`).
const POLLING_INTERVAL: i32 = 30;
/// Seconds (`defaultCooldownPeriod`).
const COOLDOWN_PERIOD: i32 = 300;
/// Finished Jobs that are kept (`defaultSuccessfulJobsHistoryLimit`, `defaultFailedJobsHistoryLimit`).
const JOBS_HISTORY_LIMIT: i32 = 100;

/// Reads the `spec` of a ScaledObject that stands alone, as recordings have it.
///
/// # Errors
/// That the value has another form.
pub fn read_scaled_object_spec(spec: &Value, errors: &mut FieldErrors) -> Result<ScaledObjectSpec, serde_json::Error> {
    let plain: plain::ScaledObjectSpec = serde_json::from_value(spec.clone())?;
    Ok(scaled_object_spec(&plain, errors))
}

/// Reads the `spec` of a ScaledJob that stands alone, as recordings have it.
///
/// # Errors
/// That the value has another form.
pub fn read_scaled_job_spec(spec: &Value, errors: &mut FieldErrors) -> Result<ScaledJobSpec, serde_json::Error> {
    let plain: plain::ScaledJobSpec = serde_json::from_value(spec.clone())?;
    Ok(scaled_job_spec(&plain, errors))
}

/// Reads `triggers` that stand alone, as recordings have them.
///
/// # Errors
/// That the value has another form.
pub fn read_triggers(list: &Value, errors: &mut FieldErrors) -> Result<Vec<ScaleTrigger>, serde_json::Error> {
    let plain: Option<Vec<plain::ScaleTrigger>> = serde_json::from_value(list.clone())?;
    Ok(triggers(plain.as_deref().unwrap_or_default(), errors))
}

fn seconds(value: Option<i32>, default: i32) -> SimDuration {
    SimDuration::from_secs(value.unwrap_or(default).into())
}

/// Notes a period below zero.
fn check_period(value: Option<i32>, field: &str, least: i32, errors: &mut FieldErrors) {
    if let Some(value) = value.filter(|value| *value < least) {
        errors.push(field, format_args!("is {value} (expected at least {least})"));
    }
}

/// Converts the spec of a ScaledObject.
pub(super) fn scaled_object_spec(spec: &plain::ScaledObjectSpec, errors: &mut FieldErrors) -> ScaledObjectSpec {
    check_period(spec.polling_interval, "spec.pollingInterval", 1, errors);
    check_period(spec.initial_cooldown_period, "spec.initialCooldownPeriod", 0, errors);
    check_period(spec.cooldown_period, "spec.cooldownPeriod", 0, errors);
    let advanced = spec.advanced.clone().unwrap_or_default();
    let hpa = advanced.horizontal_pod_autoscaler_config.unwrap_or_default();
    ScaledObjectSpec {
        polling_interval: seconds(spec.polling_interval, POLLING_INTERVAL),
        initial_cooldown_period: seconds(spec.initial_cooldown_period, 0),
        cooldown_period: seconds(spec.cooldown_period, COOLDOWN_PERIOD),
        idle_replica_count: spec.idle_replica_count,
        min_replica_count: spec.min_replica_count,
        max_replica_count: spec.max_replica_count,
        hpa_name: hpa.name.as_deref().unwrap_or_default().into(),
        hpa_behavior: hpa.behavior.as_ref().map(|behavior| hpa_behavior(behavior, errors)),
        restore_to_original_replica_count: advanced.restore_to_original_replica_count.unwrap_or(false),
        scaling_modifiers: advanced.scaling_modifiers.and_then(|modifiers| scaling_modifiers(&modifiers, errors)),
        triggers: triggers(spec.triggers.as_deref().unwrap_or_default(), errors),
        fallback: spec.fallback.as_ref().map(|fallback| read_fallback(fallback, errors)),
    }
}

/// What of the modifiers is given; `None` if none of it is (`IsUsingModifiers`).
fn scaling_modifiers(plain: &plain::ScalingModifiers, errors: &mut FieldErrors) -> Option<ScalingModifiers> {
    let field = "spec.advanced.scalingModifiers.metricType";
    let modifiers = ScalingModifiers {
        formula: plain.formula.as_str().into(),
        target: plain.target.as_str().into(),
        activation_target: plain.activation_target.as_str().into(),
        metric_type: metric_type(plain.metric_type.as_deref(), || field.to_owned(), errors),
    };
    (modifiers != ScalingModifiers::default()).then_some(modifiers)
}

fn read_fallback(plain: &plain::Fallback, errors: &mut FieldErrors) -> Fallback {
    let behavior = match plain.behavior.as_deref() {
        None | Some("" | "static") => FallbackBehavior::Static,
        Some("currentReplicas") => FallbackBehavior::CurrentReplicas,
        Some("currentReplicasIfHigher") => FallbackBehavior::CurrentReplicasIfHigher,
        Some("currentReplicasIfLower") => FallbackBehavior::CurrentReplicasIfLower,
        Some(other) => {
            let expected = "expected static, currentReplicas, currentReplicasIfHigher or currentReplicasIfLower";
            errors.push("spec.fallback.behavior", format_args!("is `{other}` ({expected})"));
            FallbackBehavior::Static
        }
    };
    Fallback { failure_threshold: plain.failure_threshold, replicas: plain.replicas, behavior }
}

fn metric_type(text: Option<&str>, field: impl Fn() -> String, errors: &mut FieldErrors) -> Option<TriggerMetricType> {
    match text? {
        "" => None,
        "Utilization" => Some(TriggerMetricType::Utilization),
        "Value" => Some(TriggerMetricType::Value),
        "AverageValue" => Some(TriggerMetricType::AverageValue),
        other => {
            errors.push(field(), format_args!("is `{other}` (expected AverageValue, Value or Utilization)"));
            None
        }
    }
}

/// Converts triggers.
pub(super) fn triggers(plain: &[plain::ScaleTrigger], errors: &mut FieldErrors) -> Vec<ScaleTrigger> {
    let convert = |(index, trigger): (usize, &plain::ScaleTrigger)| {
        let field = || format!("spec.triggers[{index}].metricType");
        ScaleTrigger {
            trigger_type: trigger.type_.as_str().into(),
            name: trigger.name.as_deref().unwrap_or_default().into(),
            metadata: trigger
                .metadata
                .iter()
                .map(|(key, value)| (Name::from(key.as_str()), Name::from(value.as_str())))
                .collect(),
            metric_type: metric_type(trigger.metric_type.as_deref(), field, errors),
            use_cached_metrics: trigger.use_cached_metrics.unwrap_or(false),
        }
    };
    plain.iter().enumerate().map(convert).collect()
}

fn hpa_behavior(behavior: &v2::HorizontalPodAutoscalerBehavior, errors: &mut FieldErrors) -> HpaBehavior {
    let root = FieldPath::Root;
    let (spec, advanced, config, part) = ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior");
    let (spec_path, mut converted) = (root.key(spec), HpaBehavior::default());
    let advanced_path = spec_path.key(advanced);
    let config_path = advanced_path.key(config);
    let path = config_path.key(part);
    if let Some(rules) = &behavior.scale_up {
        converted.scale_up = Some(hpa_rules(rules, path.key("scaleUp"), errors));
    }
    if let Some(rules) = &behavior.scale_down {
        converted.scale_down = Some(hpa_rules(rules, path.key("scaleDown"), errors));
    }
    converted
}

fn hpa_rules(rules: &v2::HPAScalingRules, path: FieldPath<'_>, errors: &mut FieldErrors) -> HpaRules {
    let select_policy = match rules.select_policy.as_deref() {
        None => None,
        Some("Max") => Some(ScalingPolicySelect::Max),
        Some("Min") => Some(ScalingPolicySelect::Min),
        Some("Disabled") => Some(ScalingPolicySelect::Disabled),
        Some(other) => {
            errors.push(path.key("selectPolicy"), format_args!("is `{other}` (expected Max, Min or Disabled)"));
            None
        }
    };
    let mut policies = Vec::new();
    let list = path.key("policies");
    for (index, policy) in rules.policies.iter().flatten().enumerate() {
        let path = list.index(index);
        let policy_type = match policy.type_.as_str() {
            "Pods" => HpaScalingPolicyType::Pods,
            "Percent" => HpaScalingPolicyType::Percent,
            other => {
                errors.push(path.key("type"), format_args!("is `{other}` (expected Pods or Percent)"));
                continue;
            }
        };
        if policy.value < 1 {
            errors.push(path.key("value"), format_args!("is {} (expected at least 1)", policy.value));
        }
        if !(1..=1800).contains(&policy.period_seconds) {
            errors.push(path.key("periodSeconds"), format_args!("is {} (expected 1 to 1800)", policy.period_seconds));
        }
        let period = SimDuration::from_secs(policy.period_seconds.into());
        policies.push(HpaScalingPolicy { policy_type, value: policy.value, period });
    }
    if rules.stabilization_window_seconds.is_some_and(|seconds| !(0..=3600).contains(&seconds)) {
        errors.push(path.key("stabilizationWindowSeconds"), "is out of range (expected 0 to 3600)");
    }
    let tolerance = rules.tolerance.as_ref().and_then(|text| match text.0.parse() {
        Ok(tolerance) => Some(tolerance),
        Err(error) => {
            errors.push(path.key("tolerance"), error);
            None
        }
    });
    HpaRules {
        stabilization_window: rules.stabilization_window_seconds.map(|seconds| SimDuration::from_secs(seconds.into())),
        select_policy,
        policies: rules.policies.as_ref().map(|_| policies),
        tolerance,
    }
}

/// Converts the spec of a ScaledJob without its `jobTargetRef`.
pub(super) fn scaled_job_spec(spec: &plain::ScaledJobSpec, errors: &mut FieldErrors) -> ScaledJobSpec {
    check_period(spec.polling_interval, "spec.pollingInterval", 1, errors);
    let strategy = spec.scaling_strategy.clone().unwrap_or_default();
    // What is not known is the default, as is a share that is no number.
    let share = strategy.custom_scaling_running_job_percentage.as_deref().and_then(|text| text.parse().ok());
    ScaledJobSpec {
        polling_interval: seconds(spec.polling_interval, POLLING_INTERVAL),
        min_replica_count: spec.min_replica_count,
        max_replica_count: spec.max_replica_count,
        strategy: match (strategy.strategy.as_deref(), share) {
            (Some("custom"), Some(running_share)) => ScalingStrategy::Custom {
                deduction: strategy.custom_scaling_queue_length_deduction.unwrap_or(0).into(),
                running_share,
            },
            (Some("accurate"), _) => ScalingStrategy::Accurate,
            (Some("eager"), _) => ScalingStrategy::Eager,
            _ => ScalingStrategy::Default,
        },
        calculation: match strategy.multiple_scalers_calculation.as_deref() {
            Some("min") => MultipleScalersCalculation::Min,
            Some("avg") => MultipleScalersCalculation::Avg,
            Some("sum") => MultipleScalersCalculation::Sum,
            _ => MultipleScalersCalculation::Max,
        },
        successful_jobs_history_limit: spec.successful_jobs_history_limit.unwrap_or(JOBS_HISTORY_LIMIT),
        failed_jobs_history_limit: spec.failed_jobs_history_limit.unwrap_or(JOBS_HISTORY_LIMIT),
        triggers: triggers(spec.triggers.as_deref().unwrap_or_default(), errors),
    }
}
