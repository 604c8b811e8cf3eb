//! Replays recorded choices of a PersistentVolume for a claim (`match.jsonl.gz`): those of the PersistentVolume controller,
//! which looks at no node, and those of the scheduler for a node.

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::api::{Name, PersistentVolume};
use crate::input::FieldErrors;
use crate::input::kinds::common::claim::convert_claim;
use crate::input::kinds::node;
use crate::input::kinds::persistent_volume::convert_persistent_volume;
use crate::scheduler::volumes::{Binder, find_matching_volume, has_access_modes, matching_volume};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const MATCH: &str = "match.jsonl.gz";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatchCase {
    path: String,
    delay_binding: bool,
    claim: core::PersistentVolumeClaim,
    volumes: Vec<core::PersistentVolume>,
    node: Option<core::Node>,
    /// Names of the volumes that the real code returned; the empty one is none.
    any_of: Option<BTreeSet<String>>,
    #[serde(default)]
    errors: Vec<String>,
}

/// Replays every case of a folder.
///
/// # Errors
/// [`ConformanceError`] if the file does not exist, cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(MATCH);
    if !file.exists() {
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected: MATCH });
    }
    let mut results = Vec::new();
    for (index, case) in read_json_lines::<MatchCase>(&file)?.iter().enumerate() {
        let line = index + 1;
        let actual = decide(case);
        let (expected, is_equal) = match (&case.any_of, &actual) {
            (Some(names), Ok(name)) => (format!("one of {names:?}"), names.contains(name.as_str())),
            (Some(names), Err(_)) => (format!("one of {names:?}"), false),
            (None, found) => (case.errors.join("; "), found.as_ref().is_err_and(|error| case.errors.contains(error))),
        };
        let actual = actual.unwrap_or_else(|error| error);
        let difference = Difference { field: "volume".to_owned(), expected, actual };
        let differences = if is_equal { Vec::new() } else { vec![difference] };
        results.push(CaseResult::new(case.path.clone(), format!("match {line}"), differences));
    }
    Ok(results)
}

/// The name of the volume that the claim gets, or why it gets none that could be told: its selector is refused.
fn decide(case: &MatchCase) -> Result<String, String> {
    let mut errors = FieldErrors::default();
    let claim = convert_claim(&case.claim, &mut errors);
    let unknown = unknown_operator(&case.claim);
    let mut volumes: Vec<Arc<PersistentVolume>> =
        case.volumes.iter().map(|volume| Arc::new(convert_persistent_volume(volume, &mut errors))).collect();
    let refused = |operator: &str| {
        let key = format!("{}/{}", claim.namespace, claim.name);
        let problem = format!("{operator:?} is not a valid label selector operator");
        Err(format!("error creating internal label selector for claim: {key}: {problem}"))
    };
    let found = match &case.node {
        Some(node) => match unknown {
            Some(operator) => return refused(operator),
            None => {
                let node = node::convert(node, Timestamp::UNIX_EPOCH, &mut errors);
                find_matching_volume(&claim, &volumes, Binder::Scheduler { node: &node, chosen: &[] })
            }
        },
        None => match unknown {
            // The API server refuses such a claim; the controller comes upon it with the first volume of its modes.
            Some(operator) if volumes.iter().any(|volume| has_access_modes(volume, &claim)) => {
                return refused(operator);
            }
            _ => {
                volumes.sort_by(|one, another| one.name.cmp(&another.name));
                matching_volume(&claim, volumes.iter(), case.delay_binding)
            }
        },
    };
    Ok(found.map_or_else(Name::default, |volume| volume.name.clone()).to_string())
}

/// An operator of the claim's selector that does not exist.
fn unknown_operator(claim: &core::PersistentVolumeClaim) -> Option<&str> {
    let selector = claim.spec.as_ref()?.selector.as_ref()?;
    let operators = selector.match_expressions.iter().flatten().map(|requirement| requirement.operator.as_str());
    operators.into_iter().find(|operator| !["In", "NotIn", "Exists", "DoesNotExist"].contains(operator))
}
