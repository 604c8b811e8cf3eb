//! Values, differences and names as a comparison says them.

use super::comparison::PointComparison;
use super::pair::{MetricRow, ObjectiveRow};
use super::side::MetricKey;
use super::verdict::Verdict;
use crate::report::terminal::human_value;
use crate::report::{RunDifference, Unit};
use crate::study::amounts::{significant, value_text, value_with};

/// The value of a side: `unknown` where a price is, `at least` where it is a part.
pub(super) fn side_value(row: &MetricRow, side: usize) -> String {
    let is_unpriced = row.is_of_unknown_price.get(side).copied().unwrap_or(false);
    match (row.values.get(side).copied().flatten(), is_unpriced) {
        (None, false) => "-".to_owned(),
        (None, true) => "unknown".to_owned(),
        (Some(found), false) => value_text(row.unit(), found),
        (Some(found), true) => format!(">= {}", value_text(row.unit(), found)),
    }
}

/// The difference with half the width of its interval: `+1m 3s ±2.1s`, `-0.3 pp`.
pub(super) fn difference(row: &MetricRow) -> String {
    let Some(found) = row.difference else { return "-".to_owned() };
    let of_unit = |number: f64, digits: i32| {
        let text = value_with(row.unit(), number, digits);
        if row.unit() == Some(Unit::Ratio) { text.replace(" %", " pp") } else { text }
    };
    let sign = if found.mean > 0.0 { "+" } else { "" };
    // A width that no digit of the difference shows is none.
    let width = found.half_width.filter(|half| *half > 1e-6 * found.mean.abs());
    let width = width.map_or_else(String::new, |half| format!(" ±{}", of_unit(half, 2)));
    format!("{sign}{}{width}", of_unit(found.mean, 3))
}

/// From how much more on a change is told as how many times the value in A: percentages of five digits say nothing.
const TOLD_IN_TIMES: f64 = 9.0;

/// The difference as a share of the value in A; empty without one.
pub(super) fn change(row: &MetricRow) -> String {
    let of_ratio = |change: f64| {
        if change >= TOLD_IN_TIMES && row.values[0].is_some_and(|value| value > 0.0) {
            return format!("{} times", significant(change + 1.0, 3));
        }
        let sign = if change > 0.0 { "+" } else { "" };
        format!("{sign}{}", value_text(Some(Unit::Ratio), change))
    };
    row.change().map_or_else(String::new, of_ratio)
}

/// The verdict, and how the tolerance came out.
pub(super) fn verdict(row: &MetricRow) -> String {
    match row.tolerance {
        Some(state) => format!("{}, {}", row.verdict.words(), state.words()),
        None => row.verdict.words().to_owned(),
    }
}

/// A metric and whose it is: `request_latency_seconds_p99 of web`.
pub(super) fn metric(key: &MetricKey) -> String {
    key.traffic().map_or_else(|| key.metric().to_owned(), |entry| format!("{} of {entry}", key.metric()))
}

/// In how many runs a side meets an objective.
pub(super) fn met(row: &ObjectiveRow, side: usize) -> String {
    match row.met.get(side) {
        None | Some((_, 0)) => "-".to_owned(),
        Some((1, 1)) => "met".to_owned(),
        Some((0, 1)) => "not met".to_owned(),
        Some((met, all)) => format!("met in {met} of {all}"),
    }
}

/// The rows in the order in which they are told: those with a failed tolerance, then by verdict. What is the same or may be
/// chance is left out, unless it has a tolerance or all are wanted.
pub(super) fn told(rows: &[MetricRow], all: bool) -> Vec<&MetricRow> {
    let is_told = |row: &&MetricRow| all || row.verdict.is_difference() || row.tolerance.is_some();
    let mut told: Vec<&MetricRow> = rows.iter().filter(is_told).collect();
    let rank = |row: &&MetricRow| {
        let state = row.tolerance.map_or(2, |state| u8::from(!state.is_failure()));
        (state, row.verdict)
    };
    told.sort_by_key(rank);
    told
}

/// A count with commas between the thousands.
fn grouped(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a count is told with less than 53 bits")]
    human_value(Unit::Count, count as f64)
}

/// A count with its noun.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let text = grouped(count);
    if count == 1 { format!("{text} {noun}") } else { format!("{text} {noun}s") }
}

/// How the placements of the pair differ, in one line.
pub(super) fn pods(found: &RunDifference, other: &str) -> String {
    let pods = &found.pods;
    if pods.is_none() {
        return format!("{} placed alike", counted(pods.shared, "pod"));
    }
    let alone = format!("in {other} alone");
    let parts = [
        (pods.on_another_node, "on another node"),
        (pods.at_another_time, "on the same node at another time"),
        (pods.only[0], "in A alone"),
        (pods.only[1], &*alone),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)))
        .collect();
    format!("{} in both; {}", counted(pods.shared, "pod"), parts.join(", "))
}

/// Where a pod was bound, and when.
pub(super) fn bound(node: &str, at: Option<f64>) -> String {
    match at {
        Some(at) if !node.is_empty() => format!("{node} at {}", instant(at)),
        _ => "not bound".to_owned(),
    }
}

/// An instant of the run in seconds, to the millisecond.
pub(super) fn instant(seconds: f64) -> String {
    let text = format!("{seconds:.3}");
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What the timelines say in one line, without what happened.
pub(super) fn timeline(found: &RunDifference) -> String {
    let timeline = &found.timeline;
    let intervals = match (timeline.differing, timeline.intervals) {
        (None, _) => "their intervals are not of one length".to_owned(),
        (Some(0), _) => "no interval differs".to_owned(),
        (Some(count), all) => format!("{} of {} differ", grouped(count), counted(all, "interval")),
    };
    match &timeline.parting {
        None if timeline.differing == Some(0) => "the same".to_owned(),
        None => intervals,
        Some(parting) => format!("part at {}; {intervals}", instant(parting.seconds)),
    }
}

/// What happened first in one run and not in the other: a line for each side.
pub(super) fn parting(found: &RunDifference, other: &str) -> Vec<String> {
    let Some(parting) = &found.timeline.parting else { return Vec::new() };
    let side = |(label, row): (&str, &String)| {
        let row = if row.is_empty() { "nothing yet" } else { row.as_str() };
        format!("{label} ({}): {row}", parting.file)
    };
    ["A", other].into_iter().zip(&parting.rows).map(side).collect()
}

/// Which columns of the timeline differ first.
pub(super) fn first_interval(found: &RunDifference) -> Option<String> {
    let interval = found.timeline.first_interval.as_ref()?;
    let number = |text: &String| text.parse().map_or_else(|_| text.clone(), |number| significant(number, 3));
    let columns: Vec<String> =
        interval.columns.iter().map(|(name, [a, b])| format!("{name} {} and {}", number(a), number(b))).collect();
    Some(format!("first interval that differs, from {}: {}", instant(interval.seconds), columns.join(", ")))
}

/// How many rows have a verdict.
pub(super) fn count(point: &PointComparison, verdict: Verdict) -> usize {
    point.pair.metrics.iter().filter(|row| row.verdict == verdict).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    #[test]
    fn differences_have_a_sign_and_a_width() {
        let row = |metric: &str, mean, half_width| MetricRow {
            key: MetricKey::of_run(metric),
            values: [Some(1.0), Some(1.0)],
            is_of_unknown_price: [false, true],
            difference: Some(Interval { mean, half_width, count: 2 }),
            verdict: Verdict::Worse,
            tolerance: None,
        };
        assert_eq!(difference(&row("requests_unserved_ratio", 0.02, Some(0.001))), "+2 pp ±0.1 pp");
        assert_eq!(difference(&row("cost_dollars", -2.0, None)), "-$2.00");
        assert_eq!(difference(&row("recovery_seconds_max", 63.0, Some(0.0))), "+1m 3s");
        assert_eq!(side_value(&row("cost_dollars", 0.0, None), 1), ">= $1.00");
        assert_eq!(change(&row("recovery_seconds_max", 2.0, None)), "+200 %");
        assert_eq!(change(&row("recovery_seconds_max", -0.5, None)), "-50 %");
        assert_eq!(change(&row("recovery_seconds_max", 10_362.9, None)), "10,364 times");
    }
}
