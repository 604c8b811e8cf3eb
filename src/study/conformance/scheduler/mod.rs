//! Replay of recorded kube-scheduler decisions: single pods, sequences, the queue, sampled searches.
//!
//! The kind of a recording is told from its folder's name (`single`, `sequence`, `queue`, `sampled`), the release from
//! the folder above (`v1.36`, `v1.34`).

mod case;
mod queue;
mod sampled;
mod sequence;
mod single;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::scheduler::KubernetesVersion;
use case::Case;
use serde_json::Value;
use std::path::Path;

/// The files of a recording.
const EXPECTED_FILES: &str = "cases.jsonl.gz and expected.jsonl.gz in a folder single, sequence, queue or sampled";

/// What a recording holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Single,
    Sequence,
    Queue,
    Sampled,
}

impl Kind {
    fn of(folder: &Path) -> Option<Self> {
        match folder.file_name()?.to_str()? {
            "single" => Some(Self::Single),
            "sequence" => Some(Self::Sequence),
            "queue" => Some(Self::Queue),
            "sampled" => Some(Self::Sampled),
            _ => None,
        }
    }
}

/// The release that a folder's path names; the newest if it names none.
fn version_of(folder: &Path) -> KubernetesVersion {
    let names_1_34 = folder.components().any(|part| part.as_os_str() == "v1.34");
    if names_1_34 { KubernetesVersion::V1_34 } else { KubernetesVersion::V1_36 }
}

/// Replays the recording in `folder`, by the rules of `version` or of the release that the folder's path names.
///
/// # Errors
/// [`ConformanceError`] if there is no recording, or it cannot be read.
pub fn replay(folder: &Path, version: Option<KubernetesVersion>) -> Result<Vec<CaseResult>, ConformanceError> {
    let no_recording = || ConformanceError::NoRecording { folder: folder.to_owned(), expected: EXPECTED_FILES };
    let kind = Kind::of(folder).ok_or_else(no_recording)?;
    let cases_file = folder.join("cases.jsonl.gz");
    let expected_file = folder.join("expected.jsonl.gz");
    if !cases_file.is_file() || !expected_file.is_file() {
        return Err(no_recording());
    }
    let version = version.unwrap_or_else(|| version_of(folder));
    let cases: Vec<Case> = read_json_lines(&cases_file)?;
    let expected: Vec<Value> = read_json_lines(&expected_file)?;
    let mut results = Vec::with_capacity(cases.len());
    for (index, (case, expected)) in cases.into_iter().zip(&expected).enumerate() {
        let malformed =
            |problem: String| ConformanceError::Malformed { file: cases_file.clone(), line: index + 1, problem };
        if expected.get("id").and_then(Value::as_str) != Some(&case.id) {
            return Err(malformed(format!("case `{}` has no expected result on the same line", case.id)));
        }
        let id = case.id.clone();
        let actual = match kind {
            Kind::Single => single::replay(&case, version),
            Kind::Sequence => sequence::replay(&case, version),
            Kind::Queue => queue::replay(&case, version),
            Kind::Sampled => sampled::replay(&case, version),
        }
        .map_err(malformed)?;
        let mut differences = Vec::new();
        compare("", expected, &actual, &mut differences);
        let family = id.split_once('-').map_or(id.as_str(), |(family, _)| family).to_owned();
        results.push(CaseResult { family, id, differences });
    }
    Ok(results)
}

/// Notes where two results differ: objects key by key, everything else as a whole. An absent key is null.
fn compare(path: &str, expected: &Value, actual: &Value, differences: &mut Vec<Difference>) {
    if expected == actual {
        return;
    }
    if let (Value::Object(expected), Value::Object(actual)) = (expected, actual) {
        let added = actual.keys().filter(|key| !expected.contains_key(*key));
        for key in expected.keys().chain(added) {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let side = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
            compare(&inner, &side(expected), &side(actual), differences);
        }
        return;
    }
    if let (Value::Array(expected), Value::Array(actual)) = (expected, actual)
        && expected.len() == actual.len()
        && expected.iter().chain(actual).all(Value::is_object)
    {
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            compare(&format!("{path}[{index}]"), expected, actual, differences);
        }
        return;
    }
    differences.push(Difference { field: path.to_owned(), expected: expected.to_string(), actual: actual.to_string() });
}
