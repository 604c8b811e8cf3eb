//! Replays recorded decisions of Karpenter: what it provisions (`provisioning-*.jsonl.gz`) and what it consolidates
//! (`consolidation-*.jsonl.gz`), each file for the version that its name ends with. Texts are not compared.

mod answer;
mod case;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::autoscaler::karpenter::options::Version;
use case::Case;
use serde_json::Value;
use std::path::Path;

/// The versions that are known.
const VERSIONS: [(&str, Version); 2] = [("v1.14.0", Version::V1_14), ("v1.13.0", Version::V1_13)];

/// Replays every case of a folder. Files may be absent, but not all.
///
/// # Errors
/// [`ConformanceError`] if no file is there, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let mut results = Vec::new();
    for (name, version) in VERSIONS {
        for kind in ["provisioning", "consolidation"] {
            let file = folder.join(format!("{kind}-{name}.jsonl.gz"));
            if !file.exists() {
                continue;
            }
            for (index, case) in read_json_lines::<Case>(&file)?.iter().enumerate() {
                let line = index + 1;
                let malformed = |problem| ConformanceError::Malformed { file: file.clone(), line, problem };
                let answer = answer::of(case, version).map_err(malformed)?;
                let family = format!("{kind} {name}");
                results.push(CaseResult::new(family, case.id.clone(), differences(&case.expected, &answer)));
            }
        }
    }
    if results.is_empty() {
        let expected = "provisioning-v1.14.0.jsonl.gz or another such file";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}

/// The fields that differ.
fn differences(expected: &Value, actual: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", expected, actual, &mut found);
    found
}

/// Compares what is recorded with what we say. Numbers have ten digits in a recording.
fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let keys = recorded.keys().chain(ours.keys().filter(|key| !recorded.contains_key(*key)));
            for key in keys {
                let value = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}.{key}"), &value(recorded), &value(ours), found);
            }
        }
        (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
            for (index, (recorded, ours)) in recorded.iter().zip(ours).enumerate() {
                compare(&format!("{path}[{index}]"), recorded, ours, found);
            }
        }
        (Value::Number(recorded), Value::Number(ours)) => {
            let (recorded, ours) = (recorded.as_f64().unwrap_or(f64::NAN), ours.as_f64().unwrap_or(f64::NAN));
            let is_same = (recorded - ours).abs() <= 1e-9 * recorded.abs().max(1e-3);
            if !is_same {
                found.push(difference(path, expected, actual));
            }
        }
        _ if expected == actual => {}
        _ => found.push(difference(path, expected, actual)),
    }
}

fn difference(path: &str, expected: &Value, actual: &Value) -> Difference {
    let field = path.trim_start_matches('.').to_owned();
    Difference { field, expected: expected.to_string(), actual: actual.to_string() }
}
