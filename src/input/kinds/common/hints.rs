//! The annotations `wavetank.dev/...`: how a pod's simulated containers behave.

use crate::api::SimulationHints;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, parse_go_duration};
use std::collections::BTreeMap;

/// The prefix of all annotations that speak to the simulation.
const PREFIX: &str = "wavetank.dev/";

/// The annotations that exist, without their prefix.
const KNOWN: [&str; 6] = ["start-delay", "ready-delay", "run-for", "fail-after", "stop-delay", "never-ready"];

/// Reads the hints from a pod's or template's annotations. `path` leads to the annotations. A value that is no
/// duration (`never-ready`: no boolean), a negative duration and an unknown annotation of the prefix are errors.
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
            "stop-delay" => hints.stop_delay = duration(text, hint_path, errors),
            "never-ready" => match text.as_str() {
                "true" => hints.never_ready = true,
                "false" => hints.never_ready = false,
                _ => errors.push(hint_path, format_args!("`{text}` is not a boolean (expected `true` or `false`)")),
            },
            _ => errors.push(
                hint_path,
                format_args!("unknown annotation (expected {PREFIX} followed by {})", super::value::one_of(&KNOWN)),
            ),
        }
    }
    hints
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
