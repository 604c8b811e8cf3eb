//! The charts of a sweep: each headline metric against the first parameter, with a line for each combination of the others, and
//! as a map over two; and what the points cost against what matters.

use super::SweepError;
use super::labels::short_path;
use super::plan::{Parameter, Plan, Point};
use super::point_summary::PointSummary;
use crate::report::Objective;
use crate::report::charts::{self, Better, Figure, MapAxis, SweepPoint, SweepSeries, SweepX, TradeOffPoint};
use crate::stats::Interval;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `charts/sweep_<metric>.svg` and `.png` for each metric that some point has, `sweep_map_<metric>` where two
/// parameters vary, and `sweep_cost_against_<metric>` where the runs have prices; gives their paths. A sweep without parameters
/// has nothing to set against each other, and no chart.
///
/// # Errors
/// [`SweepError`] names the file that cannot be written.
pub fn write_charts(
    plan: &Plan,
    summaries: &[PointSummary],
    metrics: &[String],
    objectives: &[Objective],
    question: &str,
    folder: &Path,
) -> Result<Vec<PathBuf>, SweepError> {
    let Some(across) = axis(plan) else { return Ok(Vec::new()) };
    let title = |metric| if question.is_empty() { metric } else { question };
    let mut figures: Vec<(String, Figure)> = Vec::new();
    for metric in metrics {
        let series = series(plan, summaries, metric, across);
        let (Some(parameter), false) = (plan.parameters().get(across), series.is_empty()) else { continue };
        let bounds = bounds(objectives, metric);
        let figure = charts::sweep(title(metric), metric, &parameter.name, &values(plan, parameter), &series, &bounds);
        figures.push((format!("sweep_{metric}"), figure));
        figures.extend(map(plan, summaries, metric, title(metric)).map(|map| (format!("sweep_map_{metric}"), map)));
    }
    let (metric, better) = reliability(objectives, summaries);
    let points: Vec<TradeOffPoint> = summaries
        .iter()
        .filter_map(|summary| {
            let mean = |metric| summary.metric(metric).map(|found| found.mean);
            let point = plan.points().get(summary.point)?;
            Some(TradeOffPoint { name: short_label(plan, point), metric: mean(&metric)?, cost: mean(COST)? })
        })
        .collect();
    let bound = bounds(objectives, &metric);
    let bound = bound.first().map(|(words, value)| (words.as_str(), *value));
    let figure = charts::trade_off(title(COST), (&metric, better), &points, bound);
    figures.extend(figure.map(|figure| (format!("sweep_cost_against_{metric}"), figure)));
    let folder = folder.join("charts");
    let mut written = Vec::new();
    for (name, figure) in figures {
        fs::create_dir_all(&folder).map_err(|source| SweepError::Output { file: folder.clone(), source })?;
        written.push(charts::write_svg(&figure, &folder.join(format!("{name}.svg")))?);
        written.push(charts::write_png(&figure, &folder.join(format!("{name}.png")))?);
    }
    Ok(written)
}

/// What cost is set against if no objective says what matters.
const PENDING: &str = "pod_pending_seconds_p99";
const COST: &str = "cost_dollars";

/// The metric that cost is set against: that of the first objective that is not about money and that some point has.
fn reliability(objectives: &[Objective], summaries: &[PointSummary]) -> (String, Better) {
    let is_measured = |metric: &str| summaries.iter().any(|summary| summary.metric(metric).is_some());
    let chosen = objectives.iter().find(|objective| {
        objective.min.is_some() != objective.max.is_some()
            && !objective.metric.starts_with("cost_")
            && is_measured(&objective.column())
    });
    chosen.map_or((PENDING.to_owned(), Better::Lower), |objective| {
        // The share of intervals in which a bound holds is the better the higher it is.
        let is_higher = objective.min.is_some() || objective.of_intervals.is_some();
        (objective.column(), if is_higher { Better::Higher } else { Better::Lower })
    })
}

/// What the objectives ask of a metric, in words and as a number.
fn bounds(objectives: &[Objective], metric: &str) -> Vec<(String, f64)> {
    let of_metric = objectives.iter().filter(|objective| objective.column() == metric);
    let ends = of_metric.flat_map(|objective| match objective.of_intervals {
        Some(share) => [Some(("at least", share)), None],
        None => [objective.min.map(|min| ("at least", min)), objective.max.map(|max| ("at most", max))],
    });
    ends.flatten().map(|(words, value)| (format!("objective: {words} {value}"), value)).collect()
}

/// The map of a metric over the two parameters that vary; `None` if there are fewer or more.
fn map(plan: &Plan, summaries: &[PointSummary], metric: &str, title: &str) -> Option<Figure> {
    let varied: Vec<usize> =
        plan.parameters().iter().enumerate().filter(|(_, one)| one.steps.len() > 1).map(|(index, _)| index).collect();
    let &[x, y] = varied.as_slice() else { return None };
    let (first, second) = (plan.parameters().get(x)?, plan.parameters().get(y)?);
    if plan.is_sample() || [first, second].iter().any(|one| one.steps.len() > LARGEST_MAP) {
        return None;
    }
    let means: Vec<(usize, usize, f64)> = summaries
        .iter()
        .filter_map(|summary| {
            let point = plan.points().get(summary.point)?;
            Some((*point.steps.get(x)?, *point.steps.get(y)?, summary.metric(metric)?.mean))
        })
        .collect();
    let (of_x, of_y) = (first.labels(), second.labels());
    let axes = (MapAxis { name: &first.name, values: &of_x }, MapAxis { name: &second.name, values: &of_y });
    (!means.is_empty()).then(|| charts::sweep_map(title, metric, axes, &means))
}

/// Values of a parameter whose cells are large enough to be read.
const LARGEST_MAP: usize = 16;

/// The values of a point that vary: `6, 65`.
fn short_label(plan: &Plan, point: &Point) -> String {
    let names = point.names.iter().zip(plan.parameters()).filter(|(_, parameter)| parameter.steps.len() > 1);
    names.map(|((_, name), _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The parameter on the horizontal axis: the first with more than one value.
fn axis(plan: &Plan) -> Option<usize> {
    let varied = plan.parameters().iter().position(|parameter| parameter.steps.len() > 1);
    varied.or_else(|| (!plan.parameters().is_empty()).then_some(0))
}

fn values(plan: &Plan, parameter: &Parameter) -> SweepX {
    // Named values stand side by side, also where they are numbers.
    match parameter.numbers() {
        None => SweepX::Categories(parameter.labels()),
        Some(numbers) if plan.is_sample() => SweepX::Sample(numbers),
        Some(numbers) => SweepX::Numeric(numbers),
    }
}

/// A line for each combination of the parameters that are not on the axis, in the order of the points.
fn series(plan: &Plan, summaries: &[PointSummary], metric: &str, across: usize) -> Vec<SweepSeries> {
    let mut series: Vec<SweepSeries> = Vec::new();
    for summary in summaries {
        let Some(point) = plan.points().get(summary.point) else { continue };
        let Some(found) = summary.metric(metric) else { continue };
        let half_width = found.ci95.map(|(_, high)| high - found.mean);
        let place = SweepPoint {
            x: point.steps.get(across).copied().unwrap_or(0),
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

/// The other parameters by the last step of their paths: `count=3, zone=a`.
fn label(plan: &Plan, point: &Point, across: usize) -> String {
    if plan.is_sample() {
        // No two points of a sample need to have a value in common.
        return String::new();
    }
    let others = point.names.iter().enumerate().filter(|(index, _)| *index != across);
    let pairs = others.map(|(_, (parameter, name))| {
        let last = short_path(parameter);
        let shared = plan.parameters().iter().filter(|other| short_path(&other.name) == last).count();
        format!("{}={name}", if shared > 1 { parameter } else { last })
    });
    pairs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Plan {
        let parameter =
            |path: &str, values: &[i32]| Parameter::of_field(path, values.iter().map(|value| json!(value)).collect());
        Plan::new(&[parameter("a.count", &[5]), parameter("b.count", &[1, 2, 3]), parameter("c.max", &[7, 8])], 1)
            .unwrap()
    }

    #[test]
    fn the_first_varied_parameter_is_the_axis() {
        let plan = plan();
        assert_eq!(axis(&plan), Some(1));
        assert_eq!(axis(&Plan::new(&[], 2).unwrap()), None);
        let places: Vec<usize> = plan.points().iter().map(|point| point.steps[1]).collect();
        assert_eq!(places, [0, 0, 1, 1, 2, 2]);
        let last: Vec<usize> = plan.points().iter().map(|point| point.steps[2]).collect();
        assert_eq!(last, [0, 1, 0, 1, 0, 1]);
        assert_eq!(label(&plan, &plan.points()[1], 1), "a.count=5, max=8");
    }
}
