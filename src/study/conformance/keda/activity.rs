//! Recorded polls of triggers, and what the HorizontalPodAutoscaler is told: `activity.jsonl.gz`.

use super::super::answer::Exact;
use super::{object, read, spec_of};
use crate::api::Name;
use crate::autoscaler::keda::activity::{Answer, CachedAnswers, Triggers, compile_formula};
use crate::autoscaler::keda::fallback::{COMPOSITE_METRIC, HealthStatus, MetricHealth, TargetReplicas};
use crate::autoscaler::keda::scaler::{Scaler, ScalerSource, metric_target};
use crate::autoscaler::keda::value::MetricValue;
use crate::input::kinds::keda::read_scaled_object_spec;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityCase {
    id: String,
    triggers: Vec<Trigger>,
    #[serde(default)]
    fallback: Value,
    #[serde(default)]
    advanced: Value,
    current_replicas: i32,
    polls: Vec<Poll>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    #[serde(rename = "type")]
    type_: String,
    name: String,
    metric_name: String,
    target: Exact,
    use_cached_metrics: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Poll {
    #[serde(rename = "poll")]
    operator_query: Vec<RecordedAnswer>,
    hpa_query: Vec<RecordedAnswer>,
    expected: Value,
}

#[derive(Deserialize)]
struct RecordedAnswer {
    value: Option<String>,
    #[serde(default)]
    active: bool,
    error: Option<String>,
}

impl RecordedAnswer {
    fn answer(&self) -> Answer {
        match (&self.error, &self.value) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(value)) => {
                let quantity = value.parse().map_err(|error| format!("{error}"))?;
                Ok((MetricValue::from_quantity(quantity), self.active))
            }
            (None, None) => Err("no answer was recorded".to_owned()),
        }
    }
}

pub(super) fn id(case: &ActivityCase) -> String {
    case.id.clone()
}

/// What the recorder's trigger is to the decisions.
fn scaler(trigger: &Trigger) -> Result<Scaler, String> {
    let target = metric_target(None, MetricValue::from_f64(trigger.target.0).to_quantity())?;
    let source = match trigger.type_.as_str() {
        "cpu" | "memory" => ScalerSource::Resource { resource: trigger.type_.as_str().into(), container: None, target },
        _ => ScalerSource::External {
            metric_name: trigger.metric_name.as_str().into(),
            target,
            subject: Name::default(),
            activation: 0.0,
        },
    };
    let display_name = if trigger.name.is_empty() { "*scaling.stubScaler" } else { &trigger.name };
    Ok(Scaler {
        trigger_name: trigger.name.as_str().into(),
        display_name: display_name.to_owned(),
        use_cached_metrics: trigger.use_cached_metrics,
        source,
    })
}

/// The recorded answer and ours.
pub(super) fn replay(case: ActivityCase) -> Result<(Value, Value), String> {
    let triggers = case.triggers.iter().map(|trigger| json!({ "type": trigger.type_, "name": trigger.name })).collect();
    let spec = read(&spec_of(&case.fallback, &case.advanced, &triggers), read_scaled_object_spec)?;
    let scalers = case.triggers.iter().map(scaler).collect::<Result<Vec<_>, _>>()?;
    let formula = compile_formula(&spec)?;
    let triggers = Triggers { spec: &spec, scalers: &scalers, formula: formula.as_ref() };
    let (mut cached, mut health) = (CachedAnswers::new(), HealthStatus::default());
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    let replicas = TargetReplicas { current: case.current_replicas, ready: case.current_replicas };
    for poll in case.polls {
        let recorded = |answers: &[RecordedAnswer], index: usize| {
            answers.get(index).map_or_else(|| Err("no answer was recorded".to_owned()), RecordedAnswer::answer)
        };
        let mut state = triggers.state(&mut |index| recorded(&poll.operator_query, index));
        state.active_triggers.sort_unstable();
        // The recorder keeps what was found even where the scale loop would not.
        if !state.cached.is_empty() {
            cached = state.cached;
        }
        let mut fields = vec![
            ("isActive", state.is_active.into()),
            ("isError", state.is_error.into()),
            ("activeTriggers", state.active_triggers.into()),
            ("error", state.problem.into()),
        ];
        let asked: Vec<Name> = if spec.scaling_modifiers.is_some() {
            vec![COMPOSITE_METRIC.into()]
        } else {
            scalers.iter().filter_map(Scaler::metric_name).cloned().collect()
        };
        let mut told = Map::new();
        for metric in asked {
            let mut answer = |index: usize| recorded(&poll.hpa_query, index);
            let found = triggers.metrics(&metric, &mut answer, &cached, replicas, &mut health);
            let answer = match found {
                Ok(items) => {
                    let item = |item: &crate::autoscaler::keda::fallback::ExternalMetric| json!({ "metricName": item.name.as_str(), "milli": item.value.milli_value() });
                    json!({ "items": items.iter().map(item).collect::<Vec<_>>() })
                }
                Err(error) => json!({ "error": error }),
            };
            told.insert(metric.to_string(), answer);
        }
        fields.push(("hpaMetrics", Value::Object(told)));
        let told_health = health.metrics.iter().map(|(name, health)| (name.to_string(), health_value(*health)));
        fields.push(("health", Value::Object(told_health.collect())));
        actual.push(object(fields));
        expected.push(poll.expected);
    }
    Ok((json!({ "polls": expected }), json!({ "polls": actual })))
}

/// `health` of a metric as the recordings have it.
pub(super) fn health_value(health: MetricHealth) -> Value {
    json!({ "status": if health.is_failing { "Failing" } else { "Happy" }, "failures": health.failures })
}
