//! Recorded HorizontalPodAutoscalers that KEDA generates: `hpa.jsonl.gz`.

use super::{RecordedLabels, labels, object, read};
use crate::api::keda::{HpaBehavior, HpaRules, ScaleTrigger};
use crate::api::{
    HpaScalingPolicyType, MetricIdentifier, MetricSpec, MetricTarget, Name, ObjectMeta, ScalingPolicySelect,
};
use crate::autoscaler::keda::fallback::COMPOSITE_METRIC;
use crate::autoscaler::keda::generated_hpa::{GeneratedHpa, SCALED_OBJECT_LABEL, generate};
use crate::autoscaler::keda::scaler::{Scaler, ScalerSource, metric_target};
use crate::autoscaler::keda::value::MetricValue;
use crate::input::kinds::keda::read_scaled_object_spec;
use serde::Deserialize;
use serde_json::{Value, json};

/// The version that the recorder's build of KEDA has.
const VERSION: &str = "main";

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HpaCase {
    id: String,
    name: String,
    namespace: String,
    labels: RecordedLabels,
    annotations: RecordedLabels,
    spec: Value,
    scale_target: ScaleTarget,
    expected: Value,
}

#[derive(Deserialize)]
struct ScaleTarget {
    group: String,
    version: String,
    kind: String,
}

pub(super) fn id(case: &HpaCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: HpaCase) -> Result<(Value, Value), String> {
    let spec = read(&case.spec, read_scaled_object_spec)?;
    let meta = ObjectMeta {
        name: case.name.as_str().into(),
        namespace: case.namespace.as_str().into(),
        labels: labels(&case.labels),
        annotations: labels(&case.annotations),
        ..ObjectMeta::default()
    };
    let bounds = ("boundsError", Value::from(spec.bounds_problem()));
    let mut scalers = Vec::new();
    for (index, trigger) in spec.triggers.iter().enumerate() {
        match scaler(trigger, index) {
            Ok(scaler) => scalers.push(scaler),
            Err(error) => return Ok((case.expected, object([bounds, ("scalerError", error.into())]))),
        }
    }
    let actual = match generate(&meta, &spec, &scalers, VERSION) {
        Ok(generated) => {
            let composite = if generated.is_composite { COMPOSITE_METRIC } else { "" };
            let names = |names: &[Name]| Value::from(names.iter().map(Name::to_string).collect::<Vec<_>>());
            object([
                bounds,
                ("externalMetricNames", names(&generated.external_metric_names)),
                ("resourceMetricNames", names(&generated.resource_metric_names)),
                ("compositeScalerName", composite.into()),
                ("hpa", hpa_value(&case, &meta, &generated)),
            ])
        }
        Err(error) => object([bounds, ("error", error.into())]),
    };
    Ok((case.expected, actual))
}

/// A trigger; the recorder's stub takes its metric from the metadata.
fn scaler(trigger: &ScaleTrigger, index: usize) -> Result<Scaler, String> {
    if trigger.trigger_type != "external-stub" {
        return Scaler::new(trigger, index);
    }
    let text = trigger.parameter("target").ok_or("the stub has no target")?;
    let target: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    Ok(Scaler {
        trigger_name: trigger.name.clone(),
        display_name: String::new(),
        use_cached_metrics: trigger.use_cached_metrics,
        source: ScalerSource::External {
            metric_name: trigger.parameter("metricName").unwrap_or_default().into(),
            target: metric_target(trigger.metric_type, MetricValue::from_f64(target).to_quantity())?,
            subject: Name::default(),
            activation: 0.0,
        },
    })
}

fn hpa_value(case: &HpaCase, meta: &ObjectMeta, generated: &GeneratedHpa) -> Value {
    let ScaleTarget { group, version, kind } = &case.scale_target;
    let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    let name = case.spec.pointer("/scaleTargetRef/name").cloned().unwrap_or_default();
    let labels = generated.labels.iter().map(|(key, value)| (key.to_string(), value.as_str().into()));
    json!({
        "name": generated.name.as_str(),
        "namespace": case.namespace,
        "labels": Value::Object(labels.collect()),
        "annotations": case.annotations,
        "spec": {
            "scaleTargetRef": { "kind": kind, "name": name, "apiVersion": api_version },
            "minReplicas": generated.min_replicas,
            "maxReplicas": generated.max_replicas,
            "metrics": generated.metrics.iter().map(|metric| metric_value(metric, meta)).collect::<Vec<_>>(),
            "behavior": generated.behavior.as_ref().map(behavior_value),
        },
    })
}

fn metric_value(metric: &MetricSpec, meta: &ObjectMeta) -> Value {
    let identifier = |metric: &MetricIdentifier| {
        let selects = |selector: &crate::api::LabelSelector| {
            let series = [(SCALED_OBJECT_LABEL, meta.name.as_str())].into_iter().collect();
            selector.matches(&series) && !selector.matches(&crate::api::Labels::default())
        };
        let selected = metric.selector.as_ref().is_some_and(selects).then_some(meta.name.as_str());
        json!({ "name": metric.name.as_str(), "selector": { "matchLabels": { SCALED_OBJECT_LABEL: selected } } })
    };
    match metric {
        MetricSpec::Resource { name, target } => {
            json!({ "type": "Resource", "resource": { "name": name.as_str(), "target": target_value(*target) } })
        }
        MetricSpec::ContainerResource { name, container, target } => json!({
            "type": "ContainerResource",
            "containerResource": {
                "name": name.as_str(),
                "container": container.as_str(),
                "target": target_value(*target),
            },
        }),
        MetricSpec::External { metric, target } => {
            json!({ "type": "External", "external": { "metric": identifier(metric), "target": target_value(*target) } })
        }
        MetricSpec::Pods { .. } => json!({ "type": "Pods" }),
        MetricSpec::Object { .. } => json!({ "type": "Object" }),
    }
}

fn target_value(target: MetricTarget) -> Value {
    match target {
        MetricTarget::Utilization(percent) => json!({ "type": "Utilization", "averageUtilization": percent }),
        MetricTarget::AverageValue(value) => json!({ "type": "AverageValue", "averageValue": value.to_string() }),
        MetricTarget::Value(value) => json!({ "type": "Value", "value": value.to_string() }),
    }
}

fn behavior_value(behavior: &HpaBehavior) -> Value {
    let rules = |rules: &Option<HpaRules>| rules.as_ref().map_or(Value::Null, rules_value);
    object([("scaleUp", rules(&behavior.scale_up)), ("scaleDown", rules(&behavior.scale_down))])
}

fn rules_value(rules: &HpaRules) -> Value {
    let select_policy = rules.select_policy.map(|select| match select {
        ScalingPolicySelect::Max => "Max",
        ScalingPolicySelect::Min => "Min",
        ScalingPolicySelect::Disabled => "Disabled",
    });
    let policies = rules.policies.iter().flatten().map(|policy| {
        let name = match policy.policy_type {
            HpaScalingPolicyType::Pods => "Pods",
            HpaScalingPolicyType::Percent => "Percent",
        };
        json!({ "type": name, "value": policy.value, "periodSeconds": policy.period.as_nanos() / 1_000_000_000 })
    });
    object([
        (
            "stabilizationWindowSeconds",
            rules.stabilization_window.map(|window| window.as_nanos() / 1_000_000_000).into(),
        ),
        ("selectPolicy", select_policy.into()),
        ("policies", policies.collect()),
        ("tolerance", rules.tolerance.map(|tolerance| tolerance.to_string()).into()),
    ])
}
