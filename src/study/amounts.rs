//! Values of metrics and bounds of objectives as studies say them.

use crate::report::terminal::human_value;
use crate::report::{Objective, Unit, find_metric, is_metric};

/// The listed metric that a name is of: a column of a sweep may be one of a traffic entry, such as
/// `request_latency_seconds_p99_of_web`.
pub(super) fn listed(metric: &str) -> &str {
    if is_metric(metric) { metric } else { metric.split_once("_of_").map_or(metric, |(metric, _)| metric) }
}

/// The unit of a metric or of a column of a sweep, if it is known.
pub(super) fn unit_of(metric: &str) -> Option<Unit> {
    if metric.ends_with("_held_ratio") {
        return Some(Unit::Ratio);
    }
    find_metric(listed(metric)).map(|metric| metric.unit)
}

/// A value in the unit that people read; with three significant digits where the unit has no words of its own.
pub(super) fn value_text(unit: Option<Unit>, value: f64) -> String {
    value_with(unit, value, 3)
}

/// The same with so many significant digits.
pub(super) fn value_with(unit: Option<Unit>, value: f64, digits: i32) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    match unit {
        Some(Unit::Ratio) => format!("{sign}{}", human_value(Unit::Ratio, size)),
        Some(Unit::Dollars | Unit::DollarsPerHour) if size > 0.0 && size < 0.01 => {
            format!("{sign}${}", significant(size, 2.min(digits)))
        }
        Some(unit @ (Unit::Dollars | Unit::DollarsPerHour)) => format!("{sign}{}", human_value(unit, size)),
        Some(Unit::Seconds) if size > 0.0 && size < 0.01 => format!("{}ms", significant(value * 1000.0, digits)),
        Some(Unit::Seconds) => human_value(Unit::Seconds, value),
        _ => significant(value, digits),
    }
}

/// So many significant digits, without trailing zeros; whole numbers whole.
pub(super) fn significant(value: f64, digits: i32) -> String {
    let size = value.abs();
    if size >= 999.5 || value.fract() == 0.0 {
        return human_value(Unit::Count, value);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
    let digits = (f64::from(digits - 1) - size.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// An objective: `requests_unserved_ratio <= 0.1 % of web`.
pub(super) fn objective_text(objective: &Objective) -> String {
    let unit = unit_of(&objective.metric);
    let bounds = [(">=", objective.min), ("<=", objective.max)];
    let bounds: Vec<String> =
        bounds.into_iter().filter_map(|(sign, bound)| Some(format!("{sign} {}", value_text(unit, bound?)))).collect();
    let entry = objective.traffic.as_ref().map_or_else(String::new, |entry| format!(" of {entry}"));
    let share = objective
        .of_intervals
        .map_or_else(String::new, |share| format!(" in {} of the intervals", value_text(Some(Unit::Ratio), share)));
    format!("{} {}{entry}{share}", objective.metric, bounds.join(" and "))
}

/// The widest line of a terminal's page.
const COLUMNS: usize = 98;

/// Adds a line, broken between words where it is wide; what follows a break is set in.
pub(super) fn push_wrapped(text: &mut String, lead: &str, line: &str, indent: usize) {
    text.push_str(lead);
    let mut column = lead.chars().count();
    for (index, word) in line.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > COLUMNS {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_have_their_unit() {
        let cases = [
            ("requests_unserved_ratio", 0.023, "2.3 %"),
            ("pod_pending_seconds_p50", 0.002_3, "2.3ms"),
            ("pod_pending_seconds_p50", -83.0, "-1m 23s"),
            ("cost_dollars", -1234.5, "-$1,234.50"),
            ("cost_dollars", -0.000_012_34, "-$0.000012"),
            ("node_count_mean", 4.25, "4.25"),
            ("pods_created", 12.4, "12.4"),
            ("pods_created", 12_400.4, "12,400"),
            ("no_metric", 0.000_123_4, "0.000123"),
        ];
        for (metric, number, expected) in cases {
            assert_eq!(value_text(unit_of(metric), number), expected, "{metric} {number}");
        }
    }

    #[test]
    fn wide_lines_break_between_words() {
        let mut text = String::new();
        push_wrapped(&mut text, "note  ", &["word"; 20].join(" "), 6);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0].len(), lines[1]), (2, 95, "      word word"));
    }
}
