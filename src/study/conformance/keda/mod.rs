//! Replays recorded decisions of KEDA: scaling to and from zero (`executor.jsonl.gz`), the polls of triggers and what the
//! HorizontalPodAutoscaler is told (`activity`), the generated HorizontalPodAutoscaler (`hpa`), triggers of time (`cron`),
//! fallbacks (`fallback`), formulas (`formula`), and Jobs (`scaledjob`).

mod activity;
mod cron;
mod executor;
mod fallback;
mod formula;
mod hpa;
mod scaled_job;

use super::answer::replay_file;
use super::{CaseResult, ConformanceError};
use crate::api::Labels;
use crate::autoscaler::keda::executor::KedaCondition;
use crate::input::FieldErrors;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Replays every case of a folder. Files may be absent, but not all.
///
/// # Errors
/// [`ConformanceError`] if no file is there, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let mut results = replay_file(folder, "executor", executor::id, executor::replay)?;
    results.extend(replay_file(folder, "activity", activity::id, activity::replay)?);
    results.extend(replay_file(folder, "hpa", hpa::id, hpa::replay)?);
    results.extend(replay_file(folder, "cron", cron::id, cron::replay)?);
    results.extend(replay_file(folder, "fallback", fallback::id, fallback::replay)?);
    results.extend(replay_file(folder, "formula", formula::id, formula::replay)?);
    results.extend(replay_file(folder, "scaledjob", scaled_job::id, scaled_job::replay)?);
    if results.is_empty() {
        let expected = "executor, activity, hpa, cron, fallback, formula or scaledjob.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}

/// Reads a part of a case by the rules for manifests.
fn read<T>(
    value: &Value,
    read: impl Fn(&Value, &mut FieldErrors) -> Result<T, serde_json::Error>,
) -> Result<T, String> {
    let mut errors = FieldErrors::default();
    let converted = read(value, &mut errors).map_err(|error| error.to_string())?;
    match errors.into_vec().first() {
        Some(error) => Err(format!("{} {}", error.field, error.problem)),
        None => Ok(converted),
    }
}

/// Labels or annotations of a recording.
type RecordedLabels = Option<BTreeMap<String, String>>;

fn labels(recorded: &RecordedLabels) -> Labels {
    recorded.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// A condition as the recordings have it.
fn condition(condition: KedaCondition) -> Value {
    json!({ "status": format!("{:?}", condition.status), "reason": condition.reason })
}

/// The fields of an object that have a value.
fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(fields.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

/// A spec made of the parts that a case has.
fn spec_of(fallback: &Value, advanced: &Value, triggers: &Value) -> Value {
    json!({ "scaleTargetRef": { "name": "web" }, "fallback": fallback, "advanced": advanced, "triggers": triggers })
}

/// A case that is known by its name alone.
#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Named {
    /// A field; null if it is absent.
    fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    /// A field of a known form.
    fn typed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        serde_json::from_value(self.field(name).clone()).map_err(|error| format!("{name}: {error}"))
    }
}
