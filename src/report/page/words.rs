//! Times and amounts as the page says them.

use crate::report::numbers::{calendar_time, human_seconds};
use crate::report::read::{RunFolder, number};
use crate::units::SimTime;

/// An instant of the run, and the calendar time if the run has one: `12d (2026-11-27 00:00)`.
pub(super) fn instant(run: &RunFolder, seconds: f64) -> String {
    let elapsed = human_seconds(seconds);
    match calendar(run, seconds) {
        Some(time) => format!("{elapsed} ({time})"),
        None => elapsed,
    }
}

/// The calendar time to the minute, UTC.
pub(super) fn calendar(run: &RunFolder, seconds: f64) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    let time = calendar_time(run.run.start_unix_seconds, SimTime::from_secs(seconds.floor() as i64))?;
    let minutes = time.get(..16)?;
    Some(minutes.replace('T', " "))
}

/// A cell with an instant.
pub(super) fn instant_cell(run: &RunFolder, cell: &str) -> String {
    number(cell).map_or_else(String::new, |seconds| instant(run, seconds))
}

/// A cell with a span.
pub(super) fn span_cell(cell: &str) -> String {
    number(cell).map_or_else(String::new, human_seconds)
}

/// A count with its noun: `1 pod`, `3 pods`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let text = crate::report::numbers::grouped(float(count));
    if count == 1 { format!("{text} {noun}") } else { format!("{text} {noun}s") }
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

/// A number of the page's data: four significant digits are more than a chart shows, and short.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is small")]
    let digits = 3 - value.abs().log10().floor() as i32;
    if digits <= 0 {
        return value.round();
    }
    // Divided by a whole power, so that the shortest text of the result has these digits.
    let scale = 10_f64.powi(digits.min(12));
    (value * scale).round() / scale
}

/// An instant of the page's data: milliseconds are enough.
pub(super) fn milliseconds(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_data_are_short() {
        let cases =
            [(0.0, 0.0), (1.234_567, 1.235), (123_456.7, 123_457.0), (0.000_123_456, 0.000_123_5), (-7.77777, -7.778)];
        for (value, expected) in cases {
            assert!((rounded(value) - expected).abs() < 1e-12, "{value}: {}", rounded(value));
        }
        assert_eq!((counted(1, "pod"), counted(2345, "pod")), ("1 pod".to_owned(), "2,345 pods".to_owned()));
    }
}
