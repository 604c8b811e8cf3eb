//! One chart per headline metric: the metric against the first parameter, a line for each combination of the others.

use super::SweepError;
use super::labels::short_path;
use super::plan::{Parameter, Plan, Point};
use super::point_summary::PointSummary;
use crate::report::charts::{self, SweepPoint, SweepSeries, SweepX};
use crate::stats::Interval;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `charts/sweep_<metric>.svg` and `.png` for each metric that some point has, and, where the runs have prices, one of
/// cost against the time that pods wait, and gives their paths. A sweep
/// without parameters has nothing to set against each other, and no chart.
///
/// # Errors
/// [`SweepError`] names the file that cannot be written.
pub fn write_charts(
    plan: &Plan,
    summaries: &[PointSummary],
    metrics: &[String],
    question: &str,
    folder: &Path,
) -> Result<Vec<PathBuf>, SweepError> {
    let Some(across) = axis(plan) else { return Ok(Vec::new()) };
    let folder = folder.join("charts");
    let mut written = Vec::new();
    for metric in metrics {
        let series = series(plan, summaries, metric, across);
        let (Some(parameter), false) = (plan.parameters().get(across), series.is_empty()) else { continue };
        fs::create_dir_all(&folder).map_err(|source| SweepError::Output { file: folder.clone(), source })?;
        let title = if question.is_empty() { metric } else { question };
        let figure = charts::sweep(title, metric, &parameter.path, &values(parameter), &series);
        written.push(charts::write_svg(&figure, &folder.join(format!("sweep_{metric}.svg")))?);
        written.push(charts::write_png(&figure, &folder.join(format!("sweep_{metric}.png")))?);
    }
    let points: Vec<(String, f64, f64)> = summaries
        .iter()
        .filter_map(|summary| {
            let mean = |metric| summary.metric(metric).map(|found| found.mean);
            Some((plan.points().get(summary.point)?.label(), mean(PENDING)?, mean(COST)?))
        })
        .collect();
    let title = if question.is_empty() { COST } else { question };
    if let Some(figure) = charts::trade_off(title, (PENDING, COST), &points) {
        fs::create_dir_all(&folder).map_err(|source| SweepError::Output { file: folder.clone(), source })?;
        written.push(charts::write_svg(&figure, &folder.join("sweep_cost_against_pending.svg"))?);
        written.push(charts::write_png(&figure, &folder.join("sweep_cost_against_pending.png"))?);
    }
    Ok(written)
}

/// What the chart of cost against waiting shows.
const PENDING: &str = "pod_pending_seconds_p99";
const COST: &str = "cost_dollars";

/// The parameter on the horizontal axis: the first with more than one value.
fn axis(plan: &Plan) -> Option<usize> {
    let varied = plan.parameters().iter().position(|parameter| parameter.values.len() > 1);
    varied.or_else(|| (!plan.parameters().is_empty()).then_some(0))
}

fn values(parameter: &Parameter) -> SweepX {
    let numbers: Option<Vec<f64>> = parameter.values.iter().map(serde_json::Value::as_f64).collect();
    // Named values stand side by side, also where they are numbers.
    let numbers = numbers.filter(|_| parameter.names.is_empty());
    numbers.map_or_else(|| SweepX::Categories(parameter.labels()), SweepX::Numeric)
}

/// A line for each combination of the parameters that are not on the axis, in the order of the points.
fn series(plan: &Plan, summaries: &[PointSummary], metric: &str, across: usize) -> Vec<SweepSeries> {
    let mut series: Vec<SweepSeries> = Vec::new();
    for summary in summaries {
        let Some(point) = plan.points().get(summary.point) else { continue };
        let Some(found) = summary.metric(metric) else { continue };
        let half_width = found.ci95.map(|(_, high)| high - found.mean);
        let place = SweepPoint {
            x: position(plan, point, across),
            mean: Interval { mean: found.mean, half_width, count: found.n },
        };
        let label = label(plan, point, across);
        match series.iter_mut().find(|one| one.label == label) {
            Some(one) => one.points.push(place),
            None => series.push(SweepSeries { label, points: vec![place] }),
        }
    }
    series
}

/// The index of the point's value of a parameter: the digit of the point's index in mixed radix.
fn position(plan: &Plan, point: &Point, parameter: usize) -> usize {
    let faster: usize = plan.parameters().iter().skip(parameter + 1).map(|parameter| parameter.values.len()).product();
    let length = plan.parameters().get(parameter).map_or(1, |parameter| parameter.values.len());
    point.index.checked_div(faster).and_then(|index| index.checked_rem(length)).unwrap_or(0)
}

/// The other parameters by the last step of their paths: `count=3, zone=a`.
fn label(plan: &Plan, point: &Point, across: usize) -> String {
    let others = point.values.iter().zip(&point.names).enumerate().filter(|(index, _)| *index != across);
    let pairs = others.map(|(_, ((path, _), name))| {
        let last = short_path(path);
        let shared = plan.parameters().iter().filter(|other| short_path(&other.path) == last).count();
        format!("{}={name}", if shared > 1 { path } else { last })
    });
    pairs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Plan {
        let parameter = |path: &str, values: &[i32]| Parameter {
            path: path.to_owned(),
            values: values.iter().map(|value| json!(value)).collect(),
            names: Vec::new(),
            baseline: None,
        };
        Plan::new(&[parameter("a.count", &[5]), parameter("b.count", &[1, 2, 3]), parameter("c.max", &[7, 8])], 1)
            .unwrap()
    }

    #[test]
    fn the_first_varied_parameter_is_the_axis() {
        let plan = plan();
        assert_eq!(axis(&plan), Some(1));
        assert_eq!(axis(&Plan::new(&[], 2).unwrap()), None);
        let places: Vec<usize> = plan.points().iter().map(|point| position(&plan, point, 1)).collect();
        assert_eq!(places, [0, 0, 1, 1, 2, 2]);
        let last: Vec<usize> = plan.points().iter().map(|point| position(&plan, point, 2)).collect();
        assert_eq!(last, [0, 1, 0, 1, 0, 1]);
        assert_eq!(label(&plan, &plan.points()[1], 1), "a.count=5, max=8");
    }
}
