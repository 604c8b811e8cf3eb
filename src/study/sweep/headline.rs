//! The headline metrics of each point as a table for people.

use super::plan::Plan;
use super::point_summary::{MetricSummary, PointSummary};
use crate::report::format::{Cell, Column, ResultSet};

/// One row per point and headline metric: how many runs, the mean with its 95 % confidence interval; in the wide form also
/// the percentiles. A point that has a metric in none of its runs has a row without numbers.
#[must_use]
pub fn headline_table(plan: &Plan, summaries: &[PointSummary], metrics: &[String]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("point", "POINT"),
        Column::new("parameters", "PARAMETERS"),
        Column::new("failed", "FAILED"),
        Column::new("metric", "METRIC"),
        Column::new("n", "N"),
        Column::new("mean", "MEAN"),
        Column::new("ci95_low", "CI95-LOW"),
        Column::new("ci95_high", "CI95-HIGH"),
        Column::wide("min", "MIN"),
        Column::wide("p5", "P5"),
        Column::wide("p50", "P50"),
        Column::wide("p95", "P95"),
        Column::wide("max", "MAX"),
    ]);
    for summary in summaries {
        let Some(point) = plan.points().get(summary.point) else { continue };
        for name in metrics {
            let metric = summary.metric(name);
            let number = |pick: fn(&MetricSummary) -> Option<f64>| metric.and_then(pick).map_or(Cell::None, Cell::from);
            set.push(vec![
                count(summary.point),
                point.label().into(),
                count(summary.failed),
                name.as_str().into(),
                count(metric.map_or(0, |metric| metric.n)),
                number(|metric| Some(metric.mean)),
                number(|metric| metric.ci95.map(|ends| ends.0)),
                number(|metric| metric.ci95.map(|ends| ends.1)),
                number(|metric| Some(metric.min)),
                number(|metric| Some(metric.p5)),
                number(|metric| Some(metric.p50)),
                number(|metric| Some(metric.p95)),
                number(|metric| Some(metric.max)),
            ]);
        }
    }
    set
}

fn count(number: usize) -> Cell {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}
