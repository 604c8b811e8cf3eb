//! Replays single decisions of the Cluster Autoscaler: estimations (`est.jsonl.gz`), expanders (`exp.jsonl.gz`), balancing
//! (`bal.jsonl.gz`) and whether pods can be moved (`drain.jsonl.gz`).

mod balance;
mod drain;
mod estimate;
mod expanders;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::api::{Node, Pod};
use crate::input::kinds;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::path::Path;

/// Replays what a folder holds of the four files.
///
/// # Errors
/// [`ConformanceError`] if none of them exists, or one cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let names = ["est.jsonl.gz", "exp.jsonl.gz", "bal.jsonl.gz", "drain.jsonl.gz"];
    let [estimates, expanders, balances, drains] = names.map(|name| folder.join(name));
    if ![&estimates, &expanders, &balances, &drains].iter().any(|file| file.exists()) {
        let expected = "est.jsonl.gz, exp.jsonl.gz, bal.jsonl.gz or drain.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    let mut results = Vec::new();
    collect(&estimates, estimate::replay, &mut results)?;
    collect(&expanders, expanders::replay, &mut results)?;
    collect(&balances, balance::replay, &mut results)?;
    collect(&drains, drain::replay, &mut results)?;
    Ok(results)
}

/// Adds the outcome of each case of a file, if there is one.
fn collect<T: serde::de::DeserializeOwned>(
    file: &Path,
    replay: fn(&T) -> Result<CaseResult, String>,
    results: &mut Vec<CaseResult>,
) -> Result<(), ConformanceError> {
    if !file.exists() {
        return Ok(());
    }
    for (index, case) in read_json_lines::<T>(file)?.iter().enumerate() {
        let malformed = |problem| ConformanceError::Malformed { file: file.to_owned(), line: index + 1, problem };
        results.push(replay(case).map_err(malformed)?);
    }
    Ok(())
}

fn converted<T>(convert: impl FnOnce(&mut FieldErrors) -> T) -> Result<T, String> {
    super::scheduler::case::converted(convert)
}

fn node(node: &core::Node, start: Timestamp) -> Result<Node, String> {
    converted(|errors| kinds::node::convert(node, start, errors))
}

/// A pod. Recordings leave out containers' images and the like, which the conversion does not ask about.
fn pod(pod: &core::Pod, start: Timestamp) -> Result<Pod, String> {
    converted(|errors| kinds::pod::convert(pod, start, errors))
}

/// Notes a difference where two values are not equal.
fn compare<T: PartialEq + std::fmt::Debug>(differences: &mut Vec<Difference>, field: &str, expected: &T, actual: &T) {
    if expected != actual {
        let [expected, actual] = [expected, actual].map(|value| format!("{value:?}"));
        differences.push(Difference { field: field.to_owned(), expected, actual });
    }
}

/// Whether two numbers are equal but for the last digit, in which the reader of JSON may be wrong.
pub(super) fn are_close(left: f64, right: f64) -> bool {
    (left - right).abs() <= left.abs() * 4.0 * f64::EPSILON
}

/// The selector of a budget.
fn selector(
    selector: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
) -> Result<Option<crate::api::LabelSelector>, String> {
    converted(|errors| {
        let path = FieldPath::Root.key("selector");
        kinds::common::selector::convert_optional_label_selector(selector, path, errors)
    })
}
