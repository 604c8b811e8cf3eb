//! The annotations `wavetank.dev/...`: how a pod's simulated containers behave.

use crate::api::SimulationHints;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, parse_go_duration};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The prefix of all annotations that speak to the simulation.
const PREFIX: &str = "wavetank.dev/";

/// The annotations that exist, without their prefix.
const KNOWN: [&str; 13] = [
    "start-delay",
    "ready-delay",
    "run-for",
    "run-index",
    "fail-after",
    "fail-index",
    "fail-until",
    "exit-code",
    "stop-delay",
    "term-exit",
    "never-ready",
    "resize-delay",
    "resize-infeasible",
];

/// Reads the hints from a pod's or template's annotations. `path` leads to the annotations. A value that is not
/// of the annotation's form, a negative duration and an unknown annotation of the prefix are errors.
pub fn convert(
    annotations: Option<&BTreeMap<String, String>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> SimulationHints {
    let mut hints = SimulationHints::default();
    for (key, text) in annotations.into_iter().flatten() {
        let Some(hint) = key.strip_prefix(PREFIX) else { continue };
        let hint_path = path.key(key);
        match hint {
            "start-delay" => hints.start_delay = duration(text, hint_path, errors),
            "ready-delay" => hints.ready_delay = duration(text, hint_path, errors),
            "run-for" => hints.run_for = duration(text, hint_path, errors),
            "fail-after" => hints.fail_after = duration(text, hint_path, errors),
            "run-index" => hints.ends.run_by_index = runs_by_index(text, hint_path, errors),
            "fail-index" => hints.ends.fail_indexes = list(text, hint_path, errors),
            "fail-until" => hints.ends.fail_until = number(text, 0..=i32::MAX, hint_path, errors),
            "exit-code" => hints.ends.exit_code = number(text, 1..=255, hint_path, errors),
            "term-exit" => hints.ends.stopped_exit_code = number(text, 0..=255, hint_path, errors),
            "stop-delay" => hints.stop_delay = duration(text, hint_path, errors),
            "resize-delay" => hints.resize_delay = duration(text, hint_path, errors),
            "never-ready" => hints.never_ready = boolean(text, hint_path, errors),
            "resize-infeasible" => hints.resize_infeasible = boolean(text, hint_path, errors),
            _ => errors.push(
                hint_path,
                format_args!("unknown annotation (expected {PREFIX} followed by {})", super::value::one_of(&KNOWN)),
            ),
        }
    }
    hints
}

/// `true` or `false`.
fn boolean(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> bool {
    if !matches!(text, "true" | "false") {
        errors.push(path, format_args!("`{text}` is not a boolean (expected `true` or `false`)"));
    }
    text == "true"
}

/// A duration of zero or more.
fn duration(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<SimDuration> {
    match parse_go_duration(text) {
        Ok(span) if span.is_negative() => {
            errors.push(path, format_args!("{text} is negative (expected 0s or more)"));
            None
        }
        Ok(span) => Some(span),
        Err(error) => {
            errors.push(path, error);
            None
        }
    }
}

/// A number within bounds.
fn number<T: FromStr + PartialOrd + Display>(
    text: &str,
    bounds: RangeInclusive<T>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<T> {
    let number = text.trim().parse().ok().filter(|number| bounds.contains(number));
    if number.is_none() {
        let (least, most) = (bounds.start(), bounds.end());
        errors.push(path, format_args!("`{text}` is not a number from {least} to {most}"));
    }
    number
}

/// Completion indexes with commas between them.
fn list(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<i32> {
    let mut list = Vec::new();
    for part in text.split(',') {
        match part.trim().parse() {
            Ok(index) if index >= 0 => list.push(index),
            _ => errors.push(path, format_args!("`{part}` is not a completion index (expected a form such as `1,3`)")),
        }
    }
    list
}

/// Run times by completion index: `0:6s,1:10s`.
fn runs_by_index(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<(i32, SimDuration)> {
    let mut runs = Vec::new();
    for part in text.split(',') {
        let index = part.split_once(':').and_then(|(index, span)| Some((index.trim().parse::<i32>().ok()?, span)));
        match index.filter(|(index, _)| *index >= 0) {
            Some((index, span)) => runs.extend(duration(span.trim(), path, errors).map(|span| (index, span))),
            None => {
                errors.push(path, format_args!("`{part}` is no run time of an index (expected a form such as `0:6s`)"));
            }
        }
    }
    runs
}
