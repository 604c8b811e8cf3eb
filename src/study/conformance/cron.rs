//! Replays recorded schedules and decisions of the CronJob controller: the times of schedules (`next.jsonl.gz`, and
//! `dst.jsonl.gz` around changes of summer time), which run is due (`sync.jsonl.gz`), and whole syncs
//! (`controller.jsonl.gz`).

mod controller;
mod schedule;
mod sync;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::Path;

/// What a case answers: the fields of the recording that are results.
type Answer = Map<String, Value>;

/// Replays every case of a folder. Files may be absent, but not all.
///
/// # Errors
/// [`ConformanceError`] if no file is there, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let mut results = Vec::new();
    results.extend(replay_file(folder, "next", schedule::replay)?);
    results.extend(replay_file(folder, "dst", schedule::replay)?);
    results.extend(replay_file(folder, "sync", sync::replay)?);
    results.extend(replay_file(folder, "controller", controller::replay)?);
    if results.is_empty() {
        let expected = "next.jsonl.gz, dst.jsonl.gz, sync.jsonl.gz or controller.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}

/// Replays a file, if it is there. A case is its fields; `replay` gives the recorded and our answer.
fn replay_file<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    replay: impl Fn(T) -> Result<(Answer, Answer), String>,
) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(format!("{name}.jsonl.gz"));
    if !file.exists() {
        return Ok(Vec::new());
    }
    let mut results = Vec::new();
    for (index, case) in read_json_lines::<T>(&file)?.into_iter().enumerate() {
        let line = index + 1;
        let malformed = |problem| ConformanceError::Malformed { file: file.clone(), line, problem };
        let (expected, actual) = replay(case).map_err(malformed)?;
        results.push(CaseResult::new(name, format!("{name} {line}"), differences(&expected, &actual)));
    }
    Ok(results)
}

/// The fields that differ. Fields without a value are absent.
fn differences(expected: &Answer, actual: &Answer) -> Vec<Difference> {
    let value = |answer: &Answer, field: &str| answer.get(field).filter(|value| !value.is_null()).cloned();
    let fields = expected.keys().chain(actual.keys().filter(|field| !expected.contains_key(*field)));
    fields
        .filter(|field| value(expected, field) != value(actual, field))
        .map(|field| Difference {
            field: field.clone(),
            expected: value(expected, field).unwrap_or_default().to_string(),
            actual: value(actual, field).unwrap_or_default().to_string(),
        })
        .collect()
}

/// An RFC 3339 time.
fn timestamp(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is not an RFC 3339 time"))
}

/// An RFC 3339 time that may be absent.
fn optional_timestamp(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(timestamp).transpose()
}

/// A time as the recording has it.
fn text_of(time: Timestamp) -> Value {
    time.to_string().into()
}
