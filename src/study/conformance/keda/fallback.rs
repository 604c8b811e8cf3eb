//! Recorded answers of sources that fail: `fallback.jsonl.gz`.

use super::activity::health_value;
use super::{condition, object, read, spec_of};
use crate::api::{MetricTarget, Name};
use crate::autoscaler::keda::fallback::{ExternalMetric, HealthStatus, TargetReplicas, metrics_with_fallback};
use crate::autoscaler::keda::value::MetricValue;
use crate::input::kinds::keda::read_scaled_object_spec;
use serde::Deserialize;
use serde_json::{Value, json};

const METRIC: &str = "s0-m";

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FallbackCase {
    id: String,
    #[serde(default)]
    fallback: Value,
    #[serde(default)]
    advanced: Value,
    target: Target,
    current_replicas: i32,
    ready_replicas: i32,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    value: Option<String>,
    average_value: Option<String>,
}

#[derive(Deserialize)]
struct Step {
    fails: bool,
    value: Option<String>,
    expected: Value,
}

pub(super) fn id(case: &FallbackCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: FallbackCase) -> Result<(Value, Value), String> {
    let spec = read(&spec_of(&case.fallback, &case.advanced, &json!([])), read_scaled_object_spec)?;
    let quantity = |text: &str| text.parse().map_err(|error| format!("{error}"));
    let target = match (&case.target.value, &case.target.average_value) {
        (Some(text), None) => MetricTarget::Value(quantity(text)?),
        (None, Some(text)) => MetricTarget::AverageValue(quantity(text)?),
        _ => return Err("the target has not exactly one value".to_owned()),
    };
    let replicas = TargetReplicas { current: case.current_replicas, ready: case.ready_replicas };
    let (name, mut status) = (Name::from(METRIC), HealthStatus::default());
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    for step in case.steps {
        let answer = if step.fails {
            Err("scrape failed".to_owned())
        } else {
            let value = quantity(step.value.as_deref().unwrap_or("0"))?;
            Ok(vec![ExternalMetric { name: name.clone(), value: MetricValue::from_quantity(value) }])
        };
        let result = metrics_with_fallback(&spec, (&name, target), answer, replicas, &mut status);
        let is_fallback = result.as_ref().is_ok_and(|(_, is_fallback)| *is_fallback);
        let mut fields = match &result {
            Ok((metrics, _)) => {
                let metric = metrics.first().ok_or("there is no metric")?;
                vec![
                    ("value", metric.value.to_quantity().to_string().into()),
                    ("metricName", metric.name.as_str().into()),
                ]
            }
            Err(error) => vec![("error", error.as_str().into())],
        };
        fields.push(("fallbackActive", is_fallback.into()));
        fields.push(("fallbackCondition", condition(status.fallback)));
        fields.push(("health", status.metrics.get(&name).map_or(Value::Null, |health| health_value(*health))));
        actual.push(object(fields));
        expected.push(step.expected);
    }
    Ok((json!({ "steps": expected }), json!({ "steps": actual })))
}
