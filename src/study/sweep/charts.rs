//! One chart per headline metric: the metric against the first parameter, a line for each combination of the others.

use super::SweepError;
use super::plan::{Parameter, Plan, Point, value_text};
use super::point_summary::PointSummary;
use crate::report::charts::{self, SweepPoint, SweepSeries, SweepX};
use crate::stats::Interval;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `charts/sweep_<metric>.svg` and `.png` for each metric that some point has, and gives their paths. A sweep
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
    Ok(written)
}

/// The parameter on the horizontal axis: the first with more than one value.
fn axis(plan: &Plan) -> Option<usize> {
    let varied = plan.parameters().iter().position(|parameter| parameter.values.len() > 1);
    varied.or_else(|| (!plan.parameters().is_empty()).then_some(0))
}

fn values(parameter: &Parameter) -> SweepX {
    let numbers: Option<Vec<f64>> = parameter.values.iter().map(serde_json::Value::as_f64).collect();
    numbers.map_or_else(|| SweepX::Categories(short_texts(&parameter.values)), SweepX::Numeric)
}

/// Values as they stand in a chart: shortened if they stay distinct.
fn short_texts(values: &[serde_json::Value]) -> Vec<String> {
    let short: Vec<String> = values.iter().map(short_text).collect();
    let distinct: BTreeSet<&String> = short.iter().collect();
    if distinct.len() == values.len() { short } else { values.iter().map(value_text).collect() }
}

/// Of the path of a YAML file the name alone.
fn short_text(value: &serde_json::Value) -> String {
    let text = value_text(value);
    let stem = text.strip_suffix(".yaml").or_else(|| text.strip_suffix(".yml"));
    stem.map_or_else(|| text.clone(), |stem| stem.rsplit('/').next().unwrap_or(stem).to_owned())
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
    let pairs: Vec<String> = point
        .values
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != across)
        .map(|(index, (path, value))| {
            let last = path.rsplit('.').next().unwrap_or(path);
            let shared = plan.parameters().iter().filter(|other| other.path.rsplit('.').next() == Some(last)).count();
            let text = plan.parameters().get(index).and_then(|parameter| {
                let place = parameter.values.iter().position(|swept| swept == value)?;
                short_texts(&parameter.values).into_iter().nth(place)
            });
            format!("{}={}", if shared > 1 { path } else { last }, text.unwrap_or_else(|| value_text(value)))
        })
        .collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Plan {
        let parameter = |path: &str, values: &[i32]| Parameter {
            path: path.to_owned(),
            values: values.iter().map(|value| json!(value)).collect(),
            baseline: None,
        };
        Plan::new(&[parameter("a.count", &[5]), parameter("b.count", &[1, 2, 3]), parameter("c.max", &[7, 8])], 1)
            .unwrap()
    }

    #[test]
    fn files_go_by_their_names() {
        let cases = [
            (json!("schedulers/most.yaml"), "most"),
            (json!("a.yml"), "a"),
            (json!("1.34"), "1.34"),
            (json!("shop/web"), "shop/web"),
            (json!([1, 2]), "[1,2]"),
        ];
        for (value, expected) in cases {
            assert_eq!(short_text(&value), expected, "{value}");
        }
        assert_eq!(short_texts(&[json!("a/x.yaml"), json!("b/y.yaml")]), ["x", "y"]);
        assert_eq!(
            short_texts(&[json!("a/x.yaml"), json!("b/x.yaml")]),
            ["a/x.yaml", "b/x.yaml"],
            "they stay distinct"
        );
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
