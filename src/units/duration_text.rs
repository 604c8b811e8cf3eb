//! Durations as text, in the form of Go's `time.ParseDuration`, extended by days and weeks.

use super::SimDuration;
use std::fmt::{self, Write as _};
use thiserror::Error;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationTextError {
    /// The text is not a sequence of numbers with units.
    #[error("`{0}` is not a duration (expected a form such as `300ms`, `1h30m` or `7d`)")]
    Malformed(String),
    /// The span is longer than 292 years.
    #[error("`{0}` is too long (expected at most 292 years)")]
    TooLong(String),
}

/// Nanoseconds in a unit; `d` and `w` are ours, the rest is Go's.
fn unit_nanos(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "w" => 604_800_000_000_000,
        _ => return None,
    })
}

/// Parses a Go duration such as `1h30m`, `1.5s` or `-300ms`; `d` (24 hours) and `w` (7 days) are accepted too, and `0`
/// needs no unit.
///
/// # Errors
/// [`DurationTextError`] if the text has another form or the span is out of range.
pub fn parse_go_duration(text: &str) -> Result<SimDuration, DurationTextError> {
    let malformed = || DurationTextError::Malformed(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SimDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(malformed)?;
        let (number, tail) = rest.split_at(digits);
        let unit_length = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_length);
        let nanos = i128::from(unit_nanos(unit).ok_or_else(malformed)?);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(malformed());
        }
        if whole.len() > 18 || fraction.len() > 18 {
            return Err(DurationTextError::TooLong(text.to_owned()));
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| malformed())? };
        total += whole * nanos;
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0));
            let value: i128 = fraction.parse().map_err(|_| malformed())?;
            total += value * nanos / scale;
        }
        rest = tail;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).map(SimDuration::from_nanos).map_err(|_| DurationTextError::TooLong(text.to_owned()))
}

/// Formats a span the shortest exact way that [`parse_go_duration`] reads back: `1h30m`, `1.5s`, `300ms`, `0s`.
#[must_use]
pub fn format_go_duration(span: SimDuration) -> String {
    let nanos = span.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let fraction = |value: u64, unit: u64, name: &str| {
        let digits = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { format!("{}{name}", value / unit) } else { format!("{}.{digits}{name}", value / unit) }
    };
    let text = match nanos {
        0..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos, 1_000, "us"),
        1_000_000..1_000_000_000 => fraction(nanos, 1_000_000, "ms"),
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = nanos % 60_000_000_000;
            let (hours, minutes) = (minutes / 60, minutes % 60);
            let mut text = String::new();
            if hours > 0 {
                let _ = write!(text, "{hours}h");
            }
            if minutes > 0 {
                let _ = write!(text, "{minutes}m");
            }
            if seconds > 0 {
                text.push_str(&fraction(seconds, 1_000_000_000, "s"));
            }
            text
        }
    };
    format!("{sign}{text}")
}

impl fmt::Display for SimDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_go_duration(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_durations() {
        let cases = [
            ("0", 0, "0s"),
            ("300ms", 300_000_000, "300ms"),
            ("1h30m", 5_400_000_000_000, "1h30m"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("-2m", -120_000_000_000, "-2m"),
            ("7d", 604_800_000_000_000, "168h"),
            ("1us", 1_000, "1us"),
            (".5h", 1_800_000_000_000, "30m"),
        ];
        for (text, nanos, formatted) in cases {
            let span = parse_go_duration(text).unwrap();
            assert_eq!(span.as_nanos(), nanos, "{text}");
            assert_eq!(format_go_duration(span), formatted, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "-", "5", "s", "1x", "1..5s", ".s", "1h 5m", "99999999999999999999h", "1000000h1000000w"] {
            assert!(parse_go_duration(text).is_err(), "{text}");
        }
    }
}
