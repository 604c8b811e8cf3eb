//! What `run.json` says of a finished run, for those who compare it with another one.

use super::objectives::ObjectiveResult;
use super::read::{ReadError, RunFolder};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// A finished run in its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// The folder.
    pub folder: PathBuf,
    /// `metadata.name` of the scenario.
    pub scenario: String,
    /// Seed of the random streams.
    pub seed: u64,
    /// Version of wavetank that ran it.
    pub wavetank_version: String,
    /// The release of Kubernetes whose rules were followed; empty if it is not known.
    pub kubernetes_version: String,
    /// Calendar time of the start in RFC 3339, if the scenario pins it.
    pub start_time: Option<String>,
    /// The duration that the scenario asks for, in seconds.
    pub planned_seconds: f64,
    /// How far the run came, in seconds.
    pub end_seconds: f64,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// The objectives and how they came out.
    pub objectives: Vec<ObjectiveResult>,
    /// The metrics of the summary.
    pub metrics: Vec<(String, f64)>,
    /// Those of the requests of each traffic entry.
    pub traffic: Vec<(String, Vec<(String, f64)>)>,
}

/// Reads what `run.json` of a folder says, and that its tables are there.
///
/// # Errors
/// The folder is not that of a whole run, or of a version that is not known.
pub fn read_run(folder: &Path) -> Result<FinishedRun, ReadError> {
    let run = RunFolder::open(folder)?.run;
    let of_entry =
        |(entry, metrics): (&String, &Value)| (entry.clone(), metrics.as_object().map_or_else(Vec::new, numbers));
    Ok(FinishedRun {
        folder: folder.to_owned(),
        metrics: numbers(&run.metrics),
        traffic: run.traffic.iter().map(of_entry).collect(),
        objectives: run.objectives.iter().map(Into::into).collect(),
        scenario: run.scenario,
        seed: run.seed,
        wavetank_version: run.wavetank_version,
        kubernetes_version: run.kubernetes_version,
        start_time: run.start_time,
        planned_seconds: run.planned_seconds,
        end_seconds: run.end_seconds,
        interrupted: run.interrupted,
    })
}

fn numbers(metrics: &Map<String, Value>) -> Vec<(String, f64)> {
    metrics.iter().filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()
}
