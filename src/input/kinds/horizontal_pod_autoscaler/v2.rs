//! HorizontalPodAutoscalers of `autoscaling/v2` and `autoscaling/v1`: API-server defaulting and validation (Kubernetes
//! 1.36 `pkg/apis/autoscaling/v2/defaults.go` and `pkg/apis/autoscaling/validation/validation.go`).
//!
//! Stricter than the API server in one place: an Object metric whose `target.type` names a value that is not given is
//! refused, since the controller cannot work with it.

use super::behavior::scaling_rules;
use super::metrics::metrics;
use super::reference::object_reference;
use crate::api::{HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HpaScalingRules, MetricSpec, Object};
use crate::input::kinds::common::meta;
use crate::input::kinds::common::validation::{Naming, object_meta};
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2;

/// `HorizontalPodAutoscaler` of `autoscaling/v2`.
pub struct HorizontalPodAutoscalerV2;

impl Kind for HorizontalPodAutoscalerV2 {
    type Plain = v2::HorizontalPodAutoscaler;
    type Converted = Object;
    const KIND: &'static str = "HorizontalPodAutoscaler";
    const VERSIONS: &'static [&'static str] = &["autoscaling/v2"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks `metadata` as the API server does (`ValidateHorizontalPodAutoscaler`, Kubernetes 1.36); the spec is checked
    /// where it is converted.
    fn validate(object: &v2::HorizontalPodAutoscaler, errors: &mut FieldErrors) {
        object_meta(&object.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
    }

    fn convert(object: &v2::HorizontalPodAutoscaler, start: Timestamp, errors: &mut FieldErrors) -> Object {
        Object::HorizontalPodAutoscaler(convert(object, start, errors))
    }
}

/// Converts an object as a manifest gives it. Every problem of the spec is noted in `errors`; with one the result is what
/// could be converted. `minReplicas: 0` takes a feature gate, which is the scenario's: it is checked when both are together.
/// Times are relative to `start`.
pub fn convert(
    object: &v2::HorizontalPodAutoscaler,
    start: Timestamp,
    errors: &mut FieldErrors,
) -> HorizontalPodAutoscaler {
    let spec = &object.spec;
    let min_replicas = spec.min_replicas.unwrap_or(1);
    if min_replicas < 0 {
        errors.push("spec.minReplicas", format_args!("is {min_replicas} (expected at least 0)"));
    }
    if spec.max_replicas < 1 {
        errors.push("spec.maxReplicas", format_args!("is {} (expected at least 1)", spec.max_replicas));
    }
    if spec.max_replicas < min_replicas {
        let found = spec.max_replicas;
        errors.push("spec.maxReplicas", format_args!("is {found} (expected at least minReplicas, {min_replicas})"));
    }
    let scale_target = object_reference(&spec.scale_target_ref, "spec.scaleTargetRef", errors);
    if spec.scale_target_ref.api_version.as_ref().is_some_and(|version| version.matches('/').count() > 1) {
        errors.push("spec.scaleTargetRef.apiVersion", "has more than one `/` (expected a form such as `apps/v1`)");
    }
    let metrics = metrics(spec.metrics.as_deref().unwrap_or(&[]), errors);
    let without_pods = |metric: &MetricSpec| matches!(metric, MetricSpec::Object { .. } | MetricSpec::External { .. });
    if min_replicas == 0 && !metrics.iter().any(without_pods) {
        errors.push("spec.metrics", "has no Object or External metric (expected at least one where minReplicas is 0)");
    }
    let behavior = spec.behavior.as_ref().map(|behavior| HorizontalPodAutoscalerBehavior {
        scale_up: scaling_rules(
            behavior.scale_up.as_ref(),
            HpaScalingRules::default_scale_up(),
            "spec.behavior.scaleUp",
            errors,
        ),
        scale_down: scaling_rules(
            behavior.scale_down.as_ref(),
            HpaScalingRules::default_scale_down(),
            "spec.behavior.scaleDown",
            errors,
        ),
    });
    let max_replicas = spec.max_replicas;
    let meta = meta::convert(&object.metadata, start);
    HorizontalPodAutoscaler { meta, scale_target, min_replicas, max_replicas, metrics, behavior }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{HpaScalingPolicy, HpaScalingPolicyType, MetricTarget, ScalingPolicySelect};
    use crate::units::SimDuration;
    use serde_json::{Value, json};

    /// Converts an object with this spec; the problems come as `field problem`.
    fn convert_spec(spec: &Value) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let object = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": spec,
        });
        let object = serde_json::from_value(object).map_err(|error| vec![error.to_string()])?;
        let mut errors = FieldErrors::default();
        let converted = convert(&object, Timestamp::UNIX_EPOCH, &mut errors);
        result(converted, errors)
    }

    fn result(converted: HorizontalPodAutoscaler, errors: FieldErrors) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let errors = errors.into_vec();
        let problems: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect();
        if problems.is_empty() { Ok(converted) } else { Err(problems) }
    }

    fn target() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    }

    #[test]
    fn missing_fields_get_defaults() {
        let hpa = convert_spec(&json!({"scaleTargetRef": target(), "maxReplicas": 5})).unwrap();
        assert_eq!((hpa.min_replicas, hpa.max_replicas, &*hpa.meta.namespace), (1, 5, "default"));
        let cpu = MetricSpec::Resource { name: "cpu".into(), target: MetricTarget::Utilization(80) };
        assert_eq!(hpa.metrics, [cpu]);
        assert_eq!(hpa.behavior, None, "no behavior selects the path without");
    }

    #[test]
    fn each_direction_of_a_behavior_is_filled_in() {
        let default_up = HpaScalingRules::default_scale_up();
        let default_down = HpaScalingRules::default_scale_down();
        let one = vec![HpaScalingPolicy {
            policy_type: HpaScalingPolicyType::Pods,
            value: 1,
            period: SimDuration::from_secs(60),
        }];
        let policies = json!([{"type": "Pods", "value": 1, "periodSeconds": 60}]);
        let window = Some(SimDuration::from_secs(7));
        let cases = [
            (json!({}), default_up.clone(), default_down.clone(), "an empty behavior"),
            (
                json!({"scaleUp": {"stabilizationWindowSeconds": 7}}),
                HpaScalingRules { stabilization_window: window, ..default_up.clone() },
                default_down.clone(),
                "one field of one direction",
            ),
            (
                json!({"scaleUp": {"policies": policies}, "scaleDown": {"selectPolicy": "Min"}}),
                HpaScalingRules { policies: one, ..default_up.clone() },
                HpaScalingRules { select_policy: ScalingPolicySelect::Min, ..default_down },
                "given policies take the place of all defaults",
            ),
        ];
        for (behavior, scale_up, scale_down, why) in cases {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "behavior": behavior});
            let hpa = convert_spec(&spec).unwrap();
            assert_eq!(hpa.behavior, Some(HorizontalPodAutoscalerBehavior { scale_up, scale_down }), "{why}");
        }
    }

    #[test]
    fn problems_name_their_field() {
        let resource = |target: Value| json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
        let external =
            |target: Value| json!([{"type": "External", "external": {"metric": {"name": "q"}, "target": target}}]);
        let cases = [
            (json!({"maxReplicas": 0}), "spec.maxReplicas is 0 (expected at least 1)"),
            (json!({"minReplicas": 6}), "spec.maxReplicas is 5 (expected at least minReplicas, 6)"),
            (json!({"minReplicas": -1}), "spec.minReplicas is -1 (expected at least 0)"),
            (json!({"scaleTargetRef": {"kind": "", "name": "a/b"}}), "spec.scaleTargetRef.kind is required"),
            (json!({"metrics": [{"type": "Resources"}]}), "spec.metrics[0].type is `Resources` (expected Resource"),
            (json!({"metrics": [{"type": "Pods"}]}), "spec.metrics[0].pods is required for type Pods"),
            (
                json!({"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization",
                    "averageUtilization": 5}}, "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue"}}}]}),
                "spec.metrics[0].pods does not go with type Resource",
            ),
            (
                json!({"metrics": resource(json!({"type": "Utilization", "averageUtilization": 0}))}),
                "spec.metrics[0].resource.target.averageUtilization is 0 (expected at least 1)",
            ),
            (
                json!({"metrics": resource(json!({"type": "Utilization"}))}),
                "spec.metrics[0].resource.target has neither averageUtilization nor averageValue",
            ),
            (
                json!({"metrics": resource(json!({"type": "Utilization", "averageUtilization": 5, "averageValue": "1"}))}),
                "spec.metrics[0].resource.target.averageValue stands beside averageUtilization",
            ),
            (
                json!({"metrics": resource(json!({"type": "AverageValue", "averageValue": "1x"}))}),
                "spec.metrics[0].resource.target.averageValue `1x` is not a quantity",
            ),
            (
                json!({"metrics": external(json!({"type": "Value", "value": "0"}))}),
                "spec.metrics[0].external.target.value is 0 (expected more than 0)",
            ),
            (
                json!({"metrics": [{"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "main"},
                    "metric": {"name": "rps"}, "target": {"type": "Value", "averageValue": "1"}}}]}),
                "spec.metrics[0].object.target.value is required for target type Value",
            ),
            (
                json!({"behavior": {"scaleUp": {"policies": []}}}),
                "spec.behavior.scaleUp.policies is empty (expected at least one policy)",
            ),
            (
                json!({"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 60}]}}}),
                "spec.behavior.scaleUp.policies[0].value is 0 (expected at least 1)",
            ),
            (
                json!({"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1801}]}}}),
                "spec.behavior.scaleUp.policies[0].periodSeconds is 1801 (expected 1 to 1800)",
            ),
            (
                json!({"behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}}),
                "spec.behavior.scaleDown.stabilizationWindowSeconds is 3601 (expected 0 to 3600)",
            ),
            (
                json!({"behavior": {"scaleDown": {"selectPolicy": "Most"}}}),
                "spec.behavior.scaleDown.selectPolicy is `Most` (expected Max, Min or Disabled)",
            ),
            (
                json!({"behavior": {"scaleDown": {"tolerance": "-1"}}}),
                "spec.behavior.scaleDown.tolerance is -1 (expected at least 0)",
            ),
        ];
        for (changes, expected) in cases {
            let mut spec = json!({"scaleTargetRef": target(), "maxReplicas": 5});
            for (key, value) in changes.as_object().unwrap() {
                spec[key] = value.clone();
            }
            let problems = convert_spec(&spec).unwrap_err();
            assert!(problems.first().is_some_and(|first| first.starts_with(expected)), "{expected}: {problems:?}");
        }
    }

    #[test]
    fn zero_replicas_need_a_metric_without_pods() {
        let external = json!([{"type": "External",
            "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}}]);
        for (metrics, accepted, why) in [(external, true, "a queue"), (json!([]), false, "cpu needs pods")] {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "minReplicas": 0, "metrics": metrics});
            assert_eq!(convert_spec(&spec).is_ok(), accepted, "{why}");
        }
    }
}
