//! `summary.json`: the metrics of a run and how its objectives came out.

use super::files::{self, ReportError};
use super::numbers;
use super::objectives::ObjectiveResult;
use super::summary::Summary;
use crate::record::Facts;
use crate::units::SimTime;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Name of the file with all metrics of a run.
pub const SUMMARY_FILE: &str = "summary.json";

/// Version of the form of `summary.json`. It grows when a field changes its meaning or goes; new metrics leave it.
const SUMMARY_FORMAT_VERSION: u32 = 1;

/// A number in JSON: whole numbers without a decimal point.
pub(super) fn json_number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number below 2^53")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}

/// Metrics by name.
pub(super) fn metrics<'a>(metrics: impl Iterator<Item = (&'a str, f64)>) -> Map<String, Value> {
    metrics.map(|(name, value)| (name.to_owned(), json_number(value))).collect()
}

/// The metrics of the requests of each traffic entry.
pub(super) fn traffic(summary: &Summary) -> Map<String, Value> {
    let of_entry = |of: &[(String, f64)]| metrics(of.iter().map(|(name, value)| (name.as_str(), *value)));
    summary.traffic().map(|(entry, of)| (entry.to_owned(), of_entry(of).into())).collect()
}

/// Writes `summary.json`.
pub(super) fn write(
    path: &Path,
    facts: &Facts,
    summary: &Summary,
    objectives: &[ObjectiveResult],
) -> Result<PathBuf, ReportError> {
    let objectives: Vec<Value> = objectives.iter().map(objective_json).collect();
    let traffic = traffic(summary);
    let mut document = json!({
        "format_version": SUMMARY_FORMAT_VERSION,
        "scenario": facts.scenario,
        "seed": facts.seed,
        "start_time": numbers::calendar_time(facts.start_unix_seconds, SimTime::ZERO),
        "planned_seconds": json_number(facts.planned_duration.as_secs_f64()),
        "interrupted": facts.interrupted,
        "metrics": metrics(summary.iter()),
        "objectives": objectives,
        "remarks": facts.remarks,
    });
    if !traffic.is_empty()
        && let Some(document) = document.as_object_mut()
    {
        document.insert("traffic".to_owned(), traffic.into());
    }
    files::write_whole(path, format!("{document:#}\n").as_bytes())
}

fn objective_json(result: &ObjectiveResult) -> Value {
    let mut document = json!({
        "metric": result.objective.metric,
        "min": result.objective.min.map(json_number),
        "max": result.objective.max.map(json_number),
        "value": result.value.map(json_number),
        "verdict": result.verdict.words(),
    });
    if let Some(fields) = document.as_object_mut() {
        if let Some(entry) = &result.objective.traffic {
            fields.insert("traffic".to_owned(), entry.as_str().into());
        }
        if let Some(share) = result.objective.of_intervals {
            fields.insert("of_intervals".to_owned(), json_number(share));
        }
    }
    document
}
