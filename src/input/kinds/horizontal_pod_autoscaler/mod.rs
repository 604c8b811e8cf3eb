//! HorizontalPodAutoscalers of `autoscaling/v2` and `autoscaling/v1`: API-server defaulting and validation (Kubernetes
//! 1.36 `pkg/apis/autoscaling/v2/defaults.go` and `pkg/apis/autoscaling/validation/validation.go`).
//!
//! Stricter than the API server in one place: an Object metric whose `target.type` names a value that is not given is
//! refused, since the controller cannot work with it.

mod behavior;
mod metrics;

use crate::input::kinds::common::meta;
use crate::input::kinds::common::validation::{Naming, object_meta};
use crate::api::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HpaScalingRules, MetricSpec,
};
use crate::input::{FieldErrors, FieldPath};
use behavior::scaling_rules;
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::{v1, v2};
use metrics::metrics;
use std::fmt::Display;

/// Where `autoscaling/v1` carries metrics (`MetricSpecsAnnotation`).
const METRICS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";
/// Where `autoscaling/v1` carries the behavior (`BehaviorSpecsAnnotation`).
const BEHAVIOR_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// Feature gate `HPAScaleToZero` of the API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleToZero {
    /// Off, the default: `minReplicas` is at least 1.
    #[default]
    Disabled,
    /// On: `minReplicas` may be 0 beside an Object or External metric.
    Enabled,
}

/// Checks `metadata` as the API server does (`ValidateHorizontalPodAutoscaler`, Kubernetes 1.36); the spec is checked
/// where it is converted.
pub fn validate(object: &v2::HorizontalPodAutoscaler, errors: &mut FieldErrors) {
    object_meta(&object.metadata, Naming::Namespaced, FieldPath::Root.key("metadata"), errors);
}

/// [`validate`] of the version that has no metrics but cpu.
pub fn validate_v1(object: &v1::HorizontalPodAutoscaler, errors: &mut FieldErrors) {
    object_meta(&object.metadata, Naming::Namespaced, FieldPath::Root.key("metadata"), errors);
}

/// Converts an `autoscaling/v1` object as the API server does for the controller, which sees `autoscaling/v2` alone
/// (`pkg/apis/autoscaling/v1/conversion.go`, Kubernetes 1.36): `targetCPUUtilizationPercentage` becomes a Resource
/// metric, and the behavior is read from the annotation in which this version carries it. Metrics in an annotation are
/// refused: their form is that of no version that is served. Every problem is noted in `errors`; with one the result is
/// what could be converted. Times are relative to `start`.
pub fn convert_v1(
    object: &v1::HorizontalPodAutoscaler,
    scale_to_zero: ScaleToZero,
    start: Timestamp,
    errors: &mut FieldErrors,
) -> HorizontalPodAutoscaler {
    let spec = &object.spec;
    let annotation = |key: &str| object.metadata.annotations.as_ref().and_then(|all| all.get(key));
    let annotation_field = |key: &str| FieldPath::Root.key("metadata").key("annotations").key(key).to_string();
    if annotation(METRICS_ANNOTATION).is_some() {
        let problem = "holds metrics and is not read (expected them in spec.metrics of autoscaling/v2)";
        errors.push(annotation_field(METRICS_ANNOTATION), problem);
    }
    // The API server drops what it cannot parse; here it is an error, as nobody writes it to have no effect.
    let behavior = annotation(BEHAVIOR_ANNOTATION).and_then(|text| {
        let broken = |error| {
            errors.push(annotation_field(BEHAVIOR_ANNOTATION), format_args!("is not a behavior in JSON: {error}"));
        };
        serde_json::from_str(text).map_err(broken).ok()
    });
    let utilization = spec.target_cpu_utilization_percentage.filter(|percent| {
        if *percent < 1 {
            errors.push("spec.targetCPUUtilizationPercentage", format_args!("is {percent} (expected at least 1)"));
        }
        *percent >= 1
    });
    let metrics = utilization.map(|percent| {
        let target =
            v2::MetricTarget { type_: "Utilization".into(), average_utilization: Some(percent), ..Default::default() };
        let resource = Some(v2::ResourceMetricSource { name: "cpu".into(), target });
        vec![v2::MetricSpec { type_: "Resource".into(), resource, ..Default::default() }]
    });
    let target = &spec.scale_target_ref;
    let converted = v2::HorizontalPodAutoscaler {
        metadata: object.metadata.clone(),
        spec: v2::HorizontalPodAutoscalerSpec {
            scale_target_ref: v2::CrossVersionObjectReference {
                api_version: target.api_version.clone(),
                kind: target.kind.clone(),
                name: target.name.clone(),
            },
            min_replicas: spec.min_replicas,
            max_replicas: spec.max_replicas,
            metrics,
            behavior,
        },
        status: None,
    };
    convert(&converted, scale_to_zero, start, errors)
}

/// Converts an object as a manifest gives it. Every problem of the spec is noted in `errors`; with one the result is what
/// could be converted. Times are relative to `start`.
pub fn convert(
    object: &v2::HorizontalPodAutoscaler,
    scale_to_zero: ScaleToZero,
    start: Timestamp,
    errors: &mut FieldErrors,
) -> HorizontalPodAutoscaler {
    let spec = &object.spec;
    let min_replicas = spec.min_replicas.unwrap_or(1);
    let lowest = match scale_to_zero {
        ScaleToZero::Enabled => 0,
        ScaleToZero::Disabled => 1,
    };
    if min_replicas < lowest {
        errors.push("spec.minReplicas", format_args!("is {min_replicas} (expected at least {lowest})"));
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
    if min_replicas == 0 && scale_to_zero == ScaleToZero::Enabled && !metrics.iter().any(without_pods) {
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

/// Notes a text that is empty or cannot be a segment of a URL path (`IsValidPathSegmentName`).
fn check_path_segment(text: &str, field: impl Display, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(field.to_string(), "is required");
    } else if text == "." || text == ".." || text.contains(['/', '%']) {
        errors.push(field.to_string(), format_args!("is `{text}` (expected a name without `/` and `%`)"));
    }
}

/// `kind` and `name` of an object.
fn object_reference(
    reference: &v2::CrossVersionObjectReference,
    path: &str,
    errors: &mut FieldErrors,
) -> CrossVersionObjectReference {
    check_path_segment(&reference.kind, format_args!("{path}.kind"), errors);
    check_path_segment(&reference.name, format_args!("{path}.name"), errors);
    CrossVersionObjectReference { kind: reference.kind.as_str().into(), name: reference.name.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{HpaScalingPolicy, HpaScalingPolicyType, MetricTarget, ScalingPolicySelect};
    use crate::units::SimDuration;
    use serde_json::{Value, json};

    /// Converts an object with this spec; the problems come as `field problem`.
    fn convert_spec(spec: &Value, gate: ScaleToZero) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let object = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": spec,
        });
        let object = serde_json::from_value(object).map_err(|error| vec![error.to_string()])?;
        let mut errors = FieldErrors::default();
        let converted = convert(&object, gate, Timestamp::UNIX_EPOCH, &mut errors);
        result(converted, errors)
    }

    /// Converts an object of `autoscaling/v1` with this spec and behavior annotation.
    fn convert_spec_v1(spec: &Value, behavior: &str) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let object = json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "annotations": {BEHAVIOR_ANNOTATION: behavior}}, "spec": spec,
        });
        let object = serde_json::from_value(object).map_err(|error| vec![error.to_string()])?;
        let mut errors = FieldErrors::default();
        let converted = convert_v1(&object, ScaleToZero::Disabled, Timestamp::UNIX_EPOCH, &mut errors);
        result(converted, errors)
    }

    fn result(converted: HorizontalPodAutoscaler, errors: FieldErrors) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let errors = errors.into_vec();
        let problems: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect();
        if problems.is_empty() { Ok(converted) } else { Err(problems) }
    }

    #[test]
    fn the_first_version_becomes_the_second() {
        let cpu = |percent| MetricSpec::Resource { name: "cpu".into(), target: MetricTarget::Utilization(percent) };
        for (given, expected, why) in [(json!(50), 50, "given"), (json!(null), 80, "the default")] {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "targetCPUUtilizationPercentage": given});
            let hpa = convert_spec_v1(&spec, r#"{"scaleUp": {"selectPolicy": "Disabled"}}"#).unwrap();
            assert_eq!((hpa.min_replicas, hpa.max_replicas, &*hpa.scale_target.name), (1, 5, "web"), "{why}");
            assert_eq!(hpa.metrics, [cpu(expected)], "{why}");
            let up = hpa.behavior.map(|behavior| behavior.scale_up.select_policy);
            assert_eq!(up, Some(ScalingPolicySelect::Disabled), "the behavior is an annotation");
        }
        let cases = [
            (json!({"targetCPUUtilizationPercentage": 0}), "{}", "spec.targetCPUUtilizationPercentage is 0 (expected"),
            (json!({"minReplicas": 0}), "{}", "spec.minReplicas is 0 (expected at least 1)"),
            (
                json!({}),
                "fast",
                "metadata.annotations[autoscaling.alpha.kubernetes.io/behavior] is not a behavior in JSON",
            ),
        ];
        for (changes, behavior, expected) in cases {
            let mut spec = json!({"scaleTargetRef": target(), "maxReplicas": 5});
            for (key, value) in changes.as_object().unwrap() {
                spec[key] = value.clone();
            }
            let problems = convert_spec_v1(&spec, behavior).unwrap_err();
            assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected}: {problems:?}");
        }
    }

    fn target() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    }

    #[test]
    fn missing_fields_get_defaults() {
        let hpa = convert_spec(&json!({"scaleTargetRef": target(), "maxReplicas": 5}), ScaleToZero::Disabled).unwrap();
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
                "own policies take the place of all defaults",
            ),
        ];
        for (behavior, scale_up, scale_down, why) in cases {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "behavior": behavior});
            let hpa = convert_spec(&spec, ScaleToZero::Disabled).unwrap();
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
            (json!({"minReplicas": 0}), "spec.minReplicas is 0 (expected at least 1)"),
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
            let problems = convert_spec(&spec, ScaleToZero::Disabled).unwrap_err();
            assert!(problems.first().is_some_and(|first| first.starts_with(expected)), "{expected}: {problems:?}");
        }
    }

    #[test]
    fn zero_replicas_need_the_gate_and_a_metric_without_pods() {
        let external = json!([{"type": "External",
            "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}}]);
        let cases = [
            (external.clone(), ScaleToZero::Enabled, true, "gate and metric"),
            (external, ScaleToZero::Disabled, false, "no gate"),
            (json!([]), ScaleToZero::Enabled, false, "cpu cannot be read without pods"),
        ];
        for (metrics, gate, accepted, why) in cases {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "minReplicas": 0, "metrics": metrics});
            assert_eq!(convert_spec(&spec, gate).is_ok(), accepted, "{why}");
        }
    }
}
