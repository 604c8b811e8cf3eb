//! Recorded timelines of a real control plane, against the same scenarios simulated.
//!
//! Each folder of a recording has the manifests in the order in which they were created (`manifests.yaml`), what was done and
//! when (`actions.jsonl`), what was seen (`timeline.jsonl.gz`), and the times of each stage of every recorded run
//! (`summary.json`). It becomes a [`scenario`], which runs with several seeds; what is [observed](observed) is
//! [compared](compare). Where nodes die or are drained, pods are placed as they were recorded.

mod compare;
mod events;
mod nodes;
mod observed;
mod pods;
mod recording;
mod scenario;

use super::{ConformanceError, Difference};
use crate::sim::{PrepareOptions, Prepared, RunOptions, prepare, simulate_observed};
use compare::{Comparison, Simulated, compare};
use observed::Observer;
use rayon::prelude::*;
use recording::Recording;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What changes how timelines are compared.
#[derive(Clone, Debug)]
pub struct TimelineOptions {
    /// Names of the recordings to play, or the words that they begin with (`storage`); empty for all.
    pub only: Vec<String>,
    /// How many seeds each is played with, from 1 on.
    pub seeds: u64,
    /// Where the scenarios are left; without it they are deleted.
    pub scenarios: Option<PathBuf>,
}

impl Default for TimelineOptions {
    fn default() -> Self {
        Self { only: Vec::new(), seeds: 20, scenarios: None }
    }
}

/// What came of one recorded timeline.
#[derive(Clone, Debug)]
pub struct TimelineResult {
    /// The recording.
    pub name: String,
    /// What was compared: each stage of each group of pods, each sequence of sizes and conditions, each kind of Event.
    pub compared: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Largest difference of a median time from the nearest recorded run, in seconds.
    pub worst: f64,
    /// What it asks for that is not simulated; nothing was compared then.
    pub skipped: Option<String>,
}

/// Plays every recording of a folder.
///
/// # Errors
/// [`ConformanceError`] if the folder has no recording, a file of one cannot be read, or a scenario made of one is refused.
pub fn replay(folder: &Path, options: &TimelineOptions) -> Result<Vec<TimelineResult>, ConformanceError> {
    let read_error = |source| ConformanceError::Read { file: folder.to_owned(), source };
    let mut folders = Vec::new();
    if folder.join("actions.jsonl").exists() {
        folders.push(folder.to_owned());
    } else {
        for entry in std::fs::read_dir(folder).map_err(read_error)? {
            let path = entry.map_err(read_error)?.path();
            if path.join("actions.jsonl").exists() {
                folders.push(path);
            }
        }
    }
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_named =
            |only: &String| name == *only || name.strip_prefix(&**only).is_some_and(|rest| rest.starts_with('-'));
        options.only.is_empty() || options.only.iter().any(is_named)
    };
    folders.retain(is_wanted);
    folders.sort();
    if folders.is_empty() {
        let expected = "folders with actions.jsonl, manifests.yaml, summary.json and timeline.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    folders.par_iter().map(|folder| replay_one(folder, options)).collect()
}

fn replay_one(folder: &Path, options: &TimelineOptions) -> Result<TimelineResult, ConformanceError> {
    let recording = Recording::read(folder)?;
    let result = |comparison: Comparison, skipped| TimelineResult {
        name: recording.name.clone(),
        compared: comparison.compared,
        differences: comparison.differences,
        worst: comparison.worst,
        skipped,
    };
    let pods = pods::recorded_pods(&recording);
    let write_error = |source| ConformanceError::Read { file: folder.to_owned(), source };
    let temporary = tempfile::tempdir().map_err(write_error)?;
    let at = match &options.scenarios {
        Some(folder) => folder.join(&recording.name),
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&at).map_err(write_error)?;
    let played = match scenario::write(&recording, &pods, &at).map_err(write_error)? {
        Ok(played) => played,
        Err(unsupported) => return Ok(result(Comparison::default(), Some(unsupported.0))),
    };
    let prepared = match prepare(&played.file, &PrepareOptions::default()) {
        Ok((prepared, _)) => prepared,
        Err(problems) => {
            let problem = problems.iter().next().map(ToString::to_string).unwrap_or_default();
            return Ok(result(Comparison::refused(problem), None));
        }
    };
    let placement = (!pods::nodes_that_matter(&recording).is_empty()).then(|| pods::placement(&pods));
    let seeds: Vec<u64> = (1..=options.seeds.max(1)).collect();
    let runs = seeds.par_iter().map(|seed| play(&prepared, *seed, played.lead, placement.as_ref()));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    Ok(result(compare(&recording, &runs), None))
}

fn play(
    prepared: &Prepared,
    seed: u64,
    lead: f64,
    placement: Option<&BTreeMap<String, Vec<Option<String>>>>,
) -> Result<Simulated, ConformanceError> {
    let mut observer = Observer::new(lead, placement);
    let options = RunOptions { seed: Some(seed), check_invariants: true, ..RunOptions::default() };
    let facts = simulate_observed(prepared, &options, &mut observer).map_err(|error| ConformanceError::Malformed {
        file: prepared.scenario.folder.clone(),
        line: 1,
        problem: error.to_string(),
    })?;
    let timeline = observer.finish();
    let events = events::seen(&facts, lead, &timeline.lives);
    Ok(Simulated { observed: timeline, events })
}
