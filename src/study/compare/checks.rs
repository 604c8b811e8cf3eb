//! What makes a comparison meaningless, and what is to be said beside it.

use super::side::Side;
use crate::input::{Diagnostic, Diagnostics};

/// Refuses runs of different lengths: their totals are of different spans.
///
/// # Errors
/// A side has runs of another length than the first one.
pub(super) fn refuse_lengths(sides: &[Side]) -> Result<(), Diagnostics> {
    let Some(first) = sides.first() else { return Ok(()) };
    let differs = |side: &&Side| match (first.seconds, side.seconds) {
        (Some(one), Some(other)) => (one - other).abs() > 1e-9 * one.max(other),
        _ => false,
    };
    let Some(side) = sides.iter().find(differs) else { return Ok(()) };
    let length = |side: &Side| side.seconds.unwrap_or_default();
    let problem = format!(
        "has runs of {} s, and `{}` of {} s: their totals cannot be compared (expected the same spec.duration)",
        length(side),
        first.given,
        length(first)
    );
    Err(Diagnostic::error(side.given.clone(), problem).into())
}

/// What two sides differ in besides what is compared.
pub(super) fn warnings(a: &Side, b: &Side) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut differs = |what: &str, one: &str, other: &str, consequence: &str| {
        if one != other && !one.is_empty() && !other.is_empty() {
            let (a, b) = (&a.label, &b.label);
            warnings.push(format!("{a} has {what} {one}, {b} {other}: {consequence}"));
        }
    };
    differs("the scenario", &a.scenario, &b.scenario, "they may not ask the same");
    differs("the version of wavetank", &a.wavetank_version, &b.wavetank_version, "differences may come from it");
    differs("the rules of Kubernetes", &a.kubernetes_version, &b.kubernetes_version, "differences may come from them");
    if a.start_time != b.start_time && !a.scenario.is_empty() && !b.scenario.is_empty() {
        let start = |side: &Side| side.start_time.clone().unwrap_or_else(|| "no calendar time".to_owned());
        let (start_a, start_b) = (start(a), start(b));
        warnings.push(format!(
            "{} starts at {start_a}, {} at {start_b}: load that follows the calendar is not the same",
            a.label, b.label
        ));
    }
    warnings
}
