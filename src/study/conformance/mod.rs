//! Replays decisions recorded from the real components through the functions that a run uses.
//!
//! A recording is a gzipped JSON Lines file, or a pair `cases.jsonl.gz` and `expected.jsonl.gz` whose lines go together.

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use thiserror::Error;

mod answer;
pub mod apply;
pub mod ca;
pub mod ca_loop;
pub mod controllers;
pub mod cron;
pub mod e2e;
pub mod hpa;
pub mod karpenter;
pub mod keda;
pub mod knative_kpa;
pub mod pv_binding;
pub mod quota;
pub mod rollout;
pub mod scheduler;
pub mod vpa;

/// One difference between a recorded decision and ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which part of the decision, for example `step 12: metricDesired`.
    pub field: String,
    /// What the real component decided.
    pub expected: String,
    /// What we decided.
    pub actual: String,
}

/// The outcome of one recorded case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// Group of cases that test the same thing; a row of the table.
    pub family: String,
    /// The case's identifier in the recording.
    pub id: String,
    /// Every difference; empty when the decisions are equal.
    pub differences: Vec<Difference>,
    /// The case rests on something that is not simulated: its differences do not count.
    pub skipped: bool,
    /// What each plugin said, where the recording tells.
    pub plugins: Vec<PluginComparison>,
}

impl CaseResult {
    /// A case that counts, of a component without plugins.
    #[must_use]
    pub fn new(family: impl Into<String>, id: impl Into<String>, differences: Vec<Difference>) -> Self {
        Self { family: family.into(), id: id.into(), differences, skipped: false, plugins: Vec::new() }
    }
}

/// What one plugin said in one case: rejections and scores of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginComparison {
    /// The plugin.
    pub plugin: String,
    /// Rejections and scores that were recorded.
    pub compared: usize,
    /// Those that differ.
    pub different: usize,
}

/// Why a recording cannot be replayed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The folder holds no recording of the component.
    #[error("{}: no recording found (expected {expected})", folder.display())]
    NoRecording {
        /// The folder that was searched.
        folder: PathBuf,
        /// The files that were expected.
        expected: &'static str,
    },
    /// A file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not a case of the expected form.
    #[error("{}:{line}: {problem}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Reads every line of a gzipped JSON Lines file.
///
/// # Errors
/// [`ConformanceError`] if the file cannot be read or a line has another form.
pub fn read_json_lines<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>, ConformanceError> {
    let read_error = |source| ConformanceError::Read { file: file.to_owned(), source };
    let reader = BufReader::new(GzDecoder::new(File::open(file).map_err(read_error)?));
    let mut rows = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let line = line.map_err(read_error)?;
        if line.trim().is_empty() {
            continue;
        }
        rows.push(serde_json::from_str(&line).map_err(|error| ConformanceError::Malformed {
            file: file.to_owned(),
            line: index + 1,
            problem: error.to_string(),
        })?);
    }
    Ok(rows)
}
