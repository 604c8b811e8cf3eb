//! HorizontalPodAutoscalers of `autoscaling/v1`, which become those of `autoscaling/v2`.

use super::v2::convert as convert_v2;
use crate::api::{HorizontalPodAutoscaler, Object};
use crate::input::kinds::common::validation::{Naming, object_meta};
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::{v1, v2};

/// Where `autoscaling/v1` carries metrics (`MetricSpecsAnnotation`).
const METRICS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";
/// Where `autoscaling/v1` carries the behavior (`BehaviorSpecsAnnotation`).
const BEHAVIOR_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// `HorizontalPodAutoscaler` of `autoscaling/v1`.
pub struct HorizontalPodAutoscalerV1;

impl Kind for HorizontalPodAutoscalerV1 {
    type Plain = v1::HorizontalPodAutoscaler;
    type Converted = Object;
    const KIND: &'static str = "HorizontalPodAutoscaler";
    const VERSIONS: &'static [&'static str] = &["autoscaling/v1"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks `metadata`; the spec is checked where it is converted.
    fn validate(object: &v1::HorizontalPodAutoscaler, errors: &mut FieldErrors) {
        object_meta(&object.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
    }

    fn convert(object: &v1::HorizontalPodAutoscaler, start: Timestamp, errors: &mut FieldErrors) -> Object {
        Object::HorizontalPodAutoscaler(convert(object, start, errors))
    }
}

/// Converts an `autoscaling/v1` object as the API server does for the controller, which sees `autoscaling/v2` alone
/// (`pkg/apis/autoscaling/v1/conversion.go`, Kubernetes 1.36): `targetCPUUtilizationPercentage` becomes a Resource
/// metric, and the behavior is read from the annotation in which this version carries it. Metrics in an annotation are
/// refused: their form is that of no version that is served. Every problem is noted in `errors`; with one the result is
/// what could be converted. Times are relative to `start`.
pub fn convert(
    object: &v1::HorizontalPodAutoscaler,
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
    convert_v2(&converted, start, errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{MetricSpec, MetricTarget, ScalingPolicySelect};
    use serde_json::{Value, json};

    /// Converts an object of `autoscaling/v1` with this spec and behavior annotation.
    fn convert_spec(spec: &Value, behavior: &str) -> Result<HorizontalPodAutoscaler, Vec<String>> {
        let object = json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "annotations": {BEHAVIOR_ANNOTATION: behavior}}, "spec": spec,
        });
        let object = serde_json::from_value(object).map_err(|error| vec![error.to_string()])?;
        let mut errors = FieldErrors::default();
        let converted = convert(&object, Timestamp::UNIX_EPOCH, &mut errors);
        let errors = errors.into_vec();
        let problems: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect();
        if problems.is_empty() { Ok(converted) } else { Err(problems) }
    }

    fn target() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    }

    #[test]
    fn the_first_version_becomes_the_second() {
        let cpu = |percent| MetricSpec::Resource { name: "cpu".into(), target: MetricTarget::Utilization(percent) };
        for (given, expected, why) in [(json!(50), 50, "given"), (json!(null), 80, "the default")] {
            let spec = json!({"scaleTargetRef": target(), "maxReplicas": 5, "targetCPUUtilizationPercentage": given});
            let hpa = convert_spec(&spec, r#"{"scaleUp": {"selectPolicy": "Disabled"}}"#).unwrap();
            assert_eq!((hpa.min_replicas, hpa.max_replicas, &*hpa.scale_target.name), (1, 5, "web"), "{why}");
            assert_eq!(hpa.metrics, [cpu(expected)], "{why}");
            let up = hpa.behavior.map(|behavior| behavior.scale_up.select_policy);
            assert_eq!(up, Some(ScalingPolicySelect::Disabled), "the behavior is an annotation");
        }
        let cases = [
            (json!({"targetCPUUtilizationPercentage": 0}), "{}", "spec.targetCPUUtilizationPercentage is 0 (expected"),
            (json!({"minReplicas": -1}), "{}", "spec.minReplicas is -1 (expected at least 0)"),
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
            let problems = convert_spec(&spec, behavior).unwrap_err();
            assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected}: {problems:?}");
        }
    }
}
