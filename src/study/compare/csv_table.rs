//! A comparison as a table for programs: a row for each metric and objective, whether it differs or not.

use super::comparison::Comparison;
use super::pair::{MetricRow, ObjectiveRow};
use crate::report::format::{Cell, Column, Format, ResultSet};
use crate::study::amounts::objective_text;

const COLUMNS: [&str; 16] = [
    "side",
    "point",
    "kind",
    "name",
    "traffic",
    "unit",
    "a",
    "b",
    "difference",
    "difference_ci95_low",
    "difference_ci95_high",
    "pairs",
    "change_ratio",
    "verdict",
    "tolerance",
    "is_of_unknown_price",
];

/// The table as CSV.
#[must_use]
pub fn csv(comparison: &Comparison) -> String {
    let mut table = ResultSet::new(COLUMNS.into_iter().map(Column::for_programs).collect());
    for point in &comparison.points {
        let side = comparison.sides.get(point.side).map_or("", |side| side.label.as_str());
        let first = || vec![Cell::from(side), Cell::from(point.point.as_str())];
        for row in &point.pair.objectives {
            table.push(first().into_iter().chain(objective_cells(row)).collect());
        }
        for row in &point.pair.metrics {
            table.push(first().into_iter().chain(metric_cells(row)).collect());
        }
    }
    table.render(Format::Csv)
}

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::None, Cell::from)
}

fn metric_cells(row: &MetricRow) -> Vec<Cell> {
    let bounds = row.difference.filter(|found| found.half_width.is_some()).map(|found| found.bounds());
    let count = row.difference.map(|found| i64::try_from(found.count).unwrap_or(i64::MAX));
    vec![
        "metric".into(),
        row.key.metric().into(),
        row.key.traffic().unwrap_or_default().into(),
        row.unit().map_or("", crate::report::Unit::name).into(),
        number(row.values[0]),
        number(row.values[1]),
        number(row.difference.map(|found| found.mean)),
        number(bounds.map(|ends| ends.0)),
        number(bounds.map(|ends| ends.1)),
        count.map_or(Cell::None, Cell::Integer),
        number(row.change()),
        row.verdict.words().into(),
        row.tolerance.map_or("", super::tolerance::ToleranceState::words).into(),
        Cell::Bool(row.is_of_unknown_price.contains(&true)),
    ]
}

/// Of an objective A and B are the shares of the runs that meet it.
fn objective_cells(row: &ObjectiveRow) -> Vec<Cell> {
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let share = |(met, all): (usize, usize)| (all > 0).then(|| met as f64 / all as f64);
    let [a, b] = row.met.map(share);
    vec![
        "objective".into(),
        objective_text(&row.objective).into(),
        row.objective.traffic.as_deref().unwrap_or_default().into(),
        "ratio".into(),
        number(a),
        number(b),
        number(a.zip(b).map(|(a, b)| b - a)),
        Cell::None,
        Cell::None,
        Cell::None,
        Cell::None,
        row.verdict.words().into(),
        Cell::from(""),
        Cell::Bool(false),
    ]
}
