//! The headline metrics of each point as a table for people: a row for each point.

use super::labels::short_path;
use super::plan::{Parameter, Plan};
use super::point_summary::{MetricSummary, PointSummary};
use super::verdict::PointVerdict;
use crate::report::Objective;
use crate::report::format::{Cell, Column, ResultSet};
use crate::stats::Interval;

/// One row per point: its parameters, its runs, each headline metric with its 95 % confidence interval, whether the
/// objectives are met, and which point of those that meet them all costs least. The wide form has the differences from the
/// baseline besides; forms for programs have each number by itself. A metric that a point has in none of its runs is
/// nothing.
#[must_use]
pub fn headline_table(
    plan: &Plan,
    summaries: &[PointSummary],
    metrics: &[String],
    verdicts: &[PointVerdict],
    objectives: &[Objective],
) -> ResultSet {
    let varied = |parameter: &&Parameter| parameter.steps.len() > 1 || plan.parameters().len() == 1;
    let mut columns = vec![Column::new("point", "POINT")];
    columns.extend(plan.parameters().iter().map(|parameter| Column::for_programs(parameter.name.clone())));
    columns.extend(plan.parameters().iter().filter(varied).map(|one| Column::for_people(heading(&title(plan, one)))));
    columns.push(Column::new("runs", "RUNS"));
    columns.push(Column::for_programs("failed"));
    for metric in metrics {
        columns.push(Column::for_people(heading(metric)));
        columns.extend(["", "_ci95_low", "_ci95_high"].map(|end| Column::for_programs(format!("{metric}{end}"))));
        if plan.has_baseline() {
            let names = ["_difference", "_difference_ci95_low", "_difference_ci95_high"];
            columns.push(Column::for_people("DIFFERENCE"));
            columns.extend(names.map(|end| Column::for_programs(format!("{metric}{end}"))));
        }
    }
    if !objectives.is_empty() {
        columns.push(Column::for_people("OBJECTIVES"));
        columns.extend(["objectives_met_runs", "is_cheapest"].map(Column::for_programs));
    }
    let mut set = ResultSet::new(columns);
    for (summary, verdict) in summaries.iter().zip(verdicts) {
        let Some(point) = plan.points().get(summary.point) else { continue };
        let mut row = vec![count(summary.point)];
        row.extend(point.texts().map(Cell::from));
        let names = point.names.iter().zip(plan.parameters());
        row.extend(names.filter(|(_, parameter)| varied(parameter)).map(|((_, name), _)| name.as_str().into()));
        row.push(count(summary.finished));
        row.push(count(summary.failed));
        for name in metrics {
            let metric = summary.metric(name);
            let mean = metric.map(|found| Interval { mean: found.mean, half_width: half(found), count: found.n });
            push_interval(&mut row, mean);
            if plan.has_baseline() {
                push_interval(&mut row, metric.and_then(|found| found.difference));
            }
        }
        if !objectives.is_empty() {
            row.push(verdict_text(verdict, objectives).into());
            row.push(count(verdict.met));
            row.push(Cell::Bool(verdict.is_cheapest));
        }
        set.push(row);
    }
    set
}

fn half(metric: &MetricSummary) -> Option<f64> {
    metric.ci95.map(|(_, high)| high - metric.mean)
}

/// The cells of a mean: one for people, and itself and the ends of its interval for programs.
fn push_interval(row: &mut Vec<Cell>, found: Option<Interval>) {
    let number = |pick: fn(&Interval) -> f64| found.as_ref().map_or(Cell::None, |found| pick(found).into());
    let end = |pick: fn((f64, f64)) -> f64| {
        let known = found.filter(|found| found.half_width.is_some());
        known.map_or(Cell::None, |found| pick(found.bounds()).into())
    };
    row.push(found.map_or(Cell::None, |found| with_error(&found).into()));
    row.push(number(|found| found.mean));
    row.push(end(|(low, _)| low));
    row.push(end(|(_, high)| high));
}

/// A mean to as many decimals as its interval deserves: two significant digits of the half-width. `0.0231 ±0.0014`.
fn with_error(found: &Interval) -> String {
    let decimals = |value: f64| {
        let magnitude = value.abs().log10().floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
        let digits = (1.0 - magnitude).clamp(0.0, 9.0) as usize;
        digits
    };
    match found.half_width.filter(|half| half.is_finite()) {
        Some(half) if half > 0.0 => {
            let digits = decimals(half);
            format!("{:.digits$} ±{half:.digits$}", found.mean)
        }
        _ if found.mean == 0.0 => "0".to_owned(),
        _ => {
            let text = format!("{:.*}", decimals(found.mean) + 2, found.mean);
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// `met`, or how many runs meet them all and what the others miss: `met in 5 of 8: pods_pending_at_end`.
fn verdict_text(verdict: &PointVerdict, objectives: &[Objective]) -> String {
    let missed = verdict.missed.iter().filter_map(|(index, _)| objectives.get(*index)).map(Objective::column);
    let missed = missed.collect::<Vec<_>>().join(", ");
    match (verdict.is_met(), verdict.is_cheapest) {
        (true, true) => "met, cheapest".to_owned(),
        (true, false) => "met".to_owned(),
        (false, _) if verdict.met == 0 => format!("missed: {missed}"),
        (false, _) => format!("met in {} of {}: {missed}", verdict.met, verdict.runs),
    }
}

/// A parameter by the end of its path, or by all of it where another one ends alike.
fn title(plan: &Plan, parameter: &Parameter) -> String {
    let short = short_path(&parameter.name);
    let alike = plan.parameters().iter().filter(|other| short_path(&other.name) == short).count();
    if alike > 1 { parameter.name.clone() } else { short.to_owned() }
}

/// The longest line of a heading, unless a word alone is longer.
const HEADING: usize = 16;

/// A name as a heading, on several lines where it is long: `REQUESTS-\nUNSERVED-RATIO`.
fn heading(name: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in name.to_uppercase().replace('_', "-").split_inclusive('-') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() <= HEADING => line.push_str(word),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn count(number: usize) -> Cell {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_the_decimals_that_their_interval_deserves() {
        let cases = [
            (0.023_123, Some(0.001_38), "0.0231 ±0.0014"),
            (1_034.2, Some(31.7), "1034 ±32"),
            (12.0, Some(0.0), "12"),
            (0.5, None, "0.5"),
            (1_234.567_8, None, "1234.57"),
            (0.000_123_4, None, "0.0001234"),
            (0.0, None, "0"),
        ];
        for (mean, half_width, expected) in cases {
            assert_eq!(with_error(&Interval { mean, half_width, count: 8 }), expected);
        }
    }

    #[test]
    fn long_headings_break_between_words() {
        assert_eq!(heading("requests_unserved_ratio"), "REQUESTS-\nUNSERVED-RATIO");
        assert_eq!(heading("count"), "COUNT");
    }
}
