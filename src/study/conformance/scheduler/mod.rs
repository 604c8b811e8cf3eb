//! Replay of recorded kube-scheduler decisions: single pods, sequences, the queue, sampled searches.
//!
//! The kind of a recording is told from its folder's name (`single`, `sequence`, `queue`, `sampled`), the release from
//! the folder above (`v1.36`, `v1.34`). A folder above those is replayed with all recordings below it.
//!
//! Cases of the family `dra` rest on resource claims, which are not simulated: where they differ they are skipped.

pub(super) mod case;
mod queue;
mod sampled;
mod sequence;
mod single;

use super::{CaseResult, ConformanceError, Difference, PluginComparison, read_json_lines};
use crate::api::KubernetesVersion;
use case::Case;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of a recording.
const EXPECTED_FILES: &str = "cases.jsonl.gz and expected.jsonl.gz in a folder single, sequence, queue or sampled";

/// What a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Decisions about one pod each.
    Single,
    /// Pods that arrive one after the other.
    Sequence,
    /// Operations on the scheduling queue.
    Queue,
    /// Searches that stop when enough nodes are found.
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

/// The family whose cases rest on resource claims.
const CLAIMS: &str = "dra";

/// Replays the recording in `folder`, or all below it, by the rules of `version` or of the release that a recording's path
/// names. `kind` is what is recorded in a folder whose name does not tell.
///
/// # Errors
/// [`ConformanceError`] if there is no recording, or one cannot be read.
pub fn replay(
    folder: &Path,
    version: Option<KubernetesVersion>,
    kind: Option<Kind>,
) -> Result<Vec<CaseResult>, ConformanceError> {
    if let Some(kind) = kind.or_else(|| Kind::of(folder)) {
        return replay_one(folder, kind, version);
    }
    let mut below = Vec::new();
    find_recordings(folder, &mut below).map_err(|source| ConformanceError::Read { file: folder.to_owned(), source })?;
    if below.is_empty() {
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected: EXPECTED_FILES });
    }
    let mut results = Vec::new();
    for (inner, kind) in below {
        let place = inner.strip_prefix(folder).unwrap_or(&inner).display().to_string();
        let mut cases = replay_one(&inner, kind, version)?;
        for case in &mut cases {
            case.family = format!("{place} {}", case.family);
        }
        results.append(&mut cases);
    }
    Ok(results)
}

/// Finds the folders of recordings below a folder, in order of their paths.
fn find_recordings(folder: &Path, found: &mut Vec<(PathBuf, Kind)>) -> std::io::Result<()> {
    let mut inner: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            inner.push(path);
        }
    }
    inner.sort_unstable();
    for path in inner {
        match Kind::of(&path) {
            Some(kind) => found.push((path, kind)),
            None => find_recordings(&path, found)?,
        }
    }
    Ok(())
}

/// Replays the recording in a folder.
fn replay_one(
    folder: &Path,
    kind: Kind,
    version: Option<KubernetesVersion>,
) -> Result<Vec<CaseResult>, ConformanceError> {
    let no_recording = || ConformanceError::NoRecording { folder: folder.to_owned(), expected: EXPECTED_FILES };
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
        let skipped = family == CLAIMS && !differences.is_empty();
        let plugins = compare_plugins(expected, &actual);
        results.push(CaseResult { family, id, differences, skipped, plugins });
    }
    Ok(results)
}

/// Compares what each plugin said of nodes: rejections, raw and weighted scores.
fn compare_plugins(expected: &Value, actual: &Value) -> Vec<PluginComparison> {
    let mut sums: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let objects = |value: &'_ Value, key: &str| value.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut note = |plugin, equal: bool| {
        let sum = sums.entry(plugin).or_default();
        sum.0 += 1;
        sum.1 += usize::from(!equal);
    };
    let rejected = objects(actual, "rejected");
    for (node, rejection) in expected.get("rejected").and_then(Value::as_object).into_iter().flatten() {
        if let Some(plugin) = rejection.get("plugin").and_then(Value::as_str) {
            note(plugin, rejected.get(node) == Some(rejection));
        }
    }
    let scored = objects(actual, "scores");
    for (node, scores) in expected.get("scores").and_then(Value::as_object).into_iter().flatten() {
        for form in ["raw", "plugins"] {
            for (plugin, score) in scores.get(form).and_then(Value::as_object).into_iter().flatten() {
                note(plugin, scored.get(node).and_then(|scores| scores.get(form)?.get(plugin)) == Some(score));
            }
        }
    }
    let comparison = |(plugin, (compared, different)): (&str, _)| PluginComparison {
        plugin: plugin.to_owned(),
        compared,
        different,
    };
    sums.into_iter().map(comparison).collect()
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
