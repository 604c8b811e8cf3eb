//! Replays recorded patches of API objects: `kubectl apply` (`threeway.jsonl.gz`, and `threeway-custom.jsonl.gz` for custom
//! resources) and the three kinds of patch that the API server takes (`patch.jsonl.gz`).

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::patch::{self, PatchError, Schema, json_merge, json_patch, last_applied, strategic};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// The recordings of `kubectl apply`: file, family.
const THREE_WAY: [(&str, &str); 2] =
    [("threeway.jsonl.gz", "threeway"), ("threeway-custom.jsonl.gz", "threeway-custom")];
/// The recordings of patches.
const PATCH: &str = "patch.jsonl.gz";
/// What stands for the last applied configuration in a recording.
const MARKER: &str = "<last-applied>";
/// Lists whose order means nothing.
const UNORDERED: [&str; 2] = ["$deleteFromPrimitiveList", "$retainKeys"];

/// Replays every case of a folder. Files may be absent, but not all.
///
/// # Errors
/// [`ConformanceError`] if no file is there, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let mut results = Vec::new();
    let mut is_found = false;
    for (name, family) in THREE_WAY {
        let file = folder.join(name);
        if file.exists() {
            is_found = true;
            let cases: Vec<ThreeWayCase> = read_json_lines(&file)?;
            results.extend(cases.iter().map(|case| replay_three_way(case, family)));
        }
    }
    let file = folder.join(PATCH);
    if file.exists() {
        is_found = true;
        let cases: Vec<PatchCase> = read_json_lines(&file)?;
        results.extend(cases.into_iter().map(replay_patch));
    }
    if !is_found {
        let expected = "threeway.jsonl.gz, threeway-custom.jsonl.gz or patch.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreeWayCase {
    id: String,
    last_applied: Option<Map<String, Value>>,
    live: Map<String, Value>,
    new: Map<String, Value>,
    overwrite: bool,
    unchanged: bool,
    patch: Option<Value>,
    result: Option<Value>,
    /// The patch could not be made.
    error: Option<Value>,
    /// The patch could not be applied.
    apply_error: Option<Value>,
}

#[derive(Deserialize)]
struct PatchCase {
    id: String,
    #[serde(rename = "type")]
    kind: PatchType,
    live: Map<String, Value>,
    patch: Value,
    result: Option<Value>,
    error: Option<Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PatchType {
    Strategic,
    Merge,
    Json,
}

impl PatchType {
    fn family(self) -> &'static str {
        match self {
            Self::Strategic => "patch strategic",
            Self::Merge => "patch merge",
            Self::Json => "patch json",
        }
    }
}

fn replay_three_way(case: &ThreeWayCase, family: &str) -> CaseResult {
    let annotation_of = |manifest: &Map<String, Value>| annotation(&last_applied::annotated(manifest)).cloned();
    let mut live = case.live.clone();
    if let (Some(place), Some(applied)) = (annotation_mut(&mut live), &case.last_applied) {
        *place = annotation_of(applied).unwrap_or_default();
    }
    let before = annotation(&live).cloned();
    let after = annotation_of(&case.new);
    let mut differences = Vec::new();
    let expected_error = case.error.as_ref().or(case.apply_error.as_ref());
    match patch::apply(&live, &case.new, case.overwrite) {
        Ok(applied) => {
            let is_unchanged = applied.patch.is_empty();
            let patch = with_marker(applied.patch, after.as_ref());
            let result = with_marker(applied.result, if is_unchanged { before.as_ref() } else { after.as_ref() });
            compare(&mut differences, "error", expected_error, None);
            compare(&mut differences, "unchanged", Some(&case.unchanged.into()), Some(&is_unchanged.into()));
            compare(&mut differences, "patch", case.patch.as_ref(), Some(&patch));
            compare(&mut differences, "result", case.result.as_ref(), Some(&result));
        }
        Err(error) => compare(&mut differences, "error", expected_error, Some(&error.to_string().into())),
    }
    CaseResult::new(family, &case.id, differences)
}

fn replay_patch(case: PatchCase) -> CaseResult {
    let mut differences = Vec::new();
    match patched(case.kind, case.live, case.patch) {
        Ok(result) => {
            compare(&mut differences, "error", case.error.as_ref(), None);
            compare(&mut differences, "result", case.result.as_ref(), Some(&result));
        }
        Err(error) => compare(&mut differences, "error", case.error.as_ref(), Some(&error.to_string().into())),
    }
    CaseResult::new(case.kind.family(), case.id, differences)
}

fn patched(kind: PatchType, live: Map<String, Value>, patch: Value) -> Result<Value, PatchError> {
    match kind {
        PatchType::Strategic => {
            let text = |key: &str| live.get(key).and_then(Value::as_str).unwrap_or_default();
            let schema = Schema::of(text("apiVersion"), text("kind")).ok_or(PatchError::BadDocument)?;
            let Value::Object(patch) = patch else { return Err(PatchError::BadDocument) };
            strategic::apply(live, patch, schema).map(Value::from)
        }
        PatchType::Merge => {
            let mut document = live.into();
            json_merge::apply(&mut document, patch)?;
            Ok(document)
        }
        PatchType::Json => {
            let mut document = live.into();
            json_patch::apply(&mut document, &patch)?;
            Ok(document)
        }
    }
}

/// The last applied configuration of an object, or of a patch of it.
fn annotation(object: &Map<String, Value>) -> Option<&Value> {
    object.get("metadata")?.get("annotations")?.get(last_applied::ANNOTATION)
}

fn annotation_mut(object: &mut Map<String, Value>) -> Option<&mut Value> {
    object.get_mut("metadata")?.get_mut("annotations")?.get_mut(last_applied::ANNOTATION)
}

/// An object with the marker in place of its last applied configuration, if that is the one it should be.
fn with_marker(mut object: Map<String, Value>, expected: Option<&Value>) -> Value {
    if let Some(annotation) = annotation_mut(&mut object)
        && Some(&*annotation) == expected
    {
        *annotation = MARKER.into();
    }
    object.into()
}

fn compare(differences: &mut Vec<Difference>, field: &str, expected: Option<&Value>, actual: Option<&Value>) {
    let (expected, actual) = (expected.map(comparable), actual.map(comparable));
    if expected != actual {
        let shown = |value: Option<Value>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        let (expected, actual) = (shown(expected), shown(actual));
        differences.push(Difference { field: field.to_owned(), expected, actual });
    }
}

/// A value with sorted keys, and sorted items where their order means nothing.
fn comparable(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    sort_unordered(&mut value);
    value
}

fn sort_unordered(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::Array(items) if UNORDERED.iter().any(|name| key.starts_with(name)) => {
                        items.sort_by_cached_key(Value::to_string);
                    }
                    field => sort_unordered(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sort_unordered),
        _ => {}
    }
}
