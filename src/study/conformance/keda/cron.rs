//! Recorded triggers of time: `cron.jsonl.gz`.

use super::{object, read};
use crate::autoscaler::keda::cron_scaler::CronScaler;
use crate::autoscaler::keda::scaler::{Scaler, ScalerSource};
use crate::input::kinds::keda::read_triggers;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CronCase {
    id: String,
    metadata: Value,
    trigger_index: usize,
    expected: Value,
}

pub(super) fn id(case: &CronCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: CronCase) -> Result<(Value, Value), String> {
    let triggers = read(&json!([{ "type": "cron", "metadata": case.metadata }]), read_triggers)?;
    let trigger = triggers.first().ok_or("there is no trigger")?;
    let actual = match Scaler::new(trigger, case.trigger_index).map(|scaler| scaler.source) {
        Err(error) => json!({ "error": error }),
        Ok(ScalerSource::Cron { cron, .. }) => {
            let recorded = case.expected.get("points").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let points = recorded.iter().map(|point| at(&cron, point)).collect::<Result<Vec<_>, _>>()?;
            object([("metricName", cron.metric_name.as_str().into()), ("points", points.into())])
        }
        Ok(_) => return Err("the trigger is not one of time".to_owned()),
    };
    Ok((case.expected, actual))
}

/// The value at a recorded time.
fn at(cron: &CronScaler, point: &Value) -> Result<Value, String> {
    let text = point.get("t").and_then(Value::as_str).ok_or("a point has no time")?;
    let time: Timestamp = text.parse().map_err(|_| format!("`{text}` is not an RFC 3339 time"))?;
    Ok(match cron.value(time) {
        Ok((replicas, is_active)) => json!({ "t": text, "active": is_active, "value": replicas.to_string() }),
        Err(error) => json!({ "t": text, "active": false, "error": error }),
    })
}
