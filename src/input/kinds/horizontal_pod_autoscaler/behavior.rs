//! The `behavior` of a HorizontalPodAutoscaler: how fast each direction may go.

use super::metrics::quantity;
use crate::api::{HpaScalingPolicy, HpaScalingPolicyType, HpaScalingRules, ScalingPolicySelect};
use crate::input::FieldErrors;
use crate::units::SimDuration;
use k8s_openapi::api::autoscaling::v2;

/// `MaxPeriodSeconds` of a scaling policy.
const MAX_PERIOD_SECONDS: i32 = 1800;
/// `MaxStabilizationWindowSeconds`.
const MAX_STABILIZATION_WINDOW_SECONDS: i32 = 3600;

/// One direction of `behavior`: what is not given is taken from `defaults`; policies as a whole.
pub(super) fn scaling_rules(
    rules: Option<&v2::HPAScalingRules>,
    defaults: HpaScalingRules,
    path: &str,
    errors: &mut FieldErrors,
) -> HpaScalingRules {
    let Some(rules) = rules else { return defaults };
    if let Some(seconds) = rules.stabilization_window_seconds
        && !(0..=MAX_STABILIZATION_WINDOW_SECONDS).contains(&seconds)
    {
        let expected = format_args!("is {seconds} (expected 0 to {MAX_STABILIZATION_WINDOW_SECONDS})").to_string();
        errors.push(format!("{path}.stabilizationWindowSeconds"), expected);
    }
    let select_policy = match rules.select_policy.as_deref() {
        None => defaults.select_policy,
        Some("Max") => ScalingPolicySelect::Max,
        Some("Min") => ScalingPolicySelect::Min,
        Some("Disabled") => ScalingPolicySelect::Disabled,
        Some(unknown) => {
            let problem = format!("is `{unknown}` (expected Max, Min or Disabled)");
            errors.push(format!("{path}.selectPolicy"), problem);
            defaults.select_policy
        }
    };
    let policies = match rules.policies.as_deref() {
        None => defaults.policies,
        Some([]) => {
            errors.push(format!("{path}.policies"), "is empty (expected at least one policy)");
            Vec::new()
        }
        Some(policies) => {
            let convert = |(index, policy)| scaling_policy(policy, &format!("{path}.policies[{index}]"), errors);
            policies.iter().enumerate().filter_map(convert).collect()
        }
    };
    let tolerance = rules.tolerance.as_ref().and_then(|text| {
        let field = format!("{path}.tolerance");
        let tolerance = quantity(text, &field, errors)?;
        if tolerance.is_negative() {
            errors.push(field, format_args!("is {tolerance} (expected at least 0)"));
        }
        Some(tolerance)
    });
    HpaScalingRules {
        stabilization_window: rules
            .stabilization_window_seconds
            .map(|seconds| SimDuration::from_secs(i64::from(seconds)))
            .or(defaults.stabilization_window),
        select_policy,
        policies,
        tolerance,
    }
}

/// One policy.
fn scaling_policy(policy: &v2::HPAScalingPolicy, path: &str, errors: &mut FieldErrors) -> Option<HpaScalingPolicy> {
    if policy.value < 1 {
        errors.push(format!("{path}.value"), format_args!("is {} (expected at least 1)", policy.value));
    }
    let seconds = policy.period_seconds;
    if !(1..=MAX_PERIOD_SECONDS).contains(&seconds) {
        let problem = format!("is {seconds} (expected 1 to {MAX_PERIOD_SECONDS})");
        errors.push(format!("{path}.periodSeconds"), problem);
    }
    let policy_type = match policy.type_.as_str() {
        "Pods" => HpaScalingPolicyType::Pods,
        "Percent" => HpaScalingPolicyType::Percent,
        unknown => {
            errors.push(format!("{path}.type"), format_args!("is `{unknown}` (expected Pods or Percent)"));
            return None;
        }
    };
    let period = SimDuration::from_secs(i64::from(seconds));
    Some(HpaScalingPolicy { policy_type, value: policy.value, period })
}
