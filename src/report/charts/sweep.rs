//! The chart of a sweep: a metric against a parameter, one series for each value of a second parameter.

use super::figure::{Area, Dash, Figure, Line, Panel, Shape, Stroke, XAxis, YAxis, palette};
use super::sampling::float;
use crate::report::metric::Unit;
use crate::report::metrics::find_metric;
use crate::stats::Interval;

/// The values of the swept parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepX {
    /// Numbers, at their place on the axis.
    Numeric(Vec<f64>),
    /// Numbers of a sample, between which other parameters differ too.
    Sample(Vec<f64>),
    /// Names, side by side in the given order.
    Categories(Vec<String>),
}

/// The metric at one value of the swept parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepPoint {
    /// Position of the value in [`SweepX`].
    pub x: usize,
    /// Mean over the runs with its confidence interval.
    pub mean: Interval,
}

/// One line of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSeries {
    /// The second parameter with its value, for example `maxReplicas=20`; empty if there is only one.
    pub label: String,
    /// Points; those that no run measured are left out.
    pub points: Vec<SweepPoint>,
}

/// The chart of `metric` against `parameter`. Bands, and bars where points are not joined, show the confidence interval where
/// it is known; each of `bounds` is a line that an objective draws, with its words.
#[must_use]
pub fn sweep(
    title: &str,
    metric: &str,
    parameter: &str,
    x: &SweepX,
    series: &[SweepSeries],
    bounds: &[(String, f64)],
) -> Figure {
    let axis = match x {
        SweepX::Numeric(values) | SweepX::Sample(values) => {
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            let (low, high) = finite()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
            let room = if high > low { (high - low) * 0.04 } else { 0.5 };
            let mut values: Vec<f64> = if matches!(x, SweepX::Sample(_)) { Vec::new() } else { finite().collect() };
            values.sort_by(f64::total_cmp);
            values.dedup();
            XAxis::Numeric { label: parameter.to_owned(), from: low - room, to: high + room, values }
        }
        SweepX::Categories(names) => XAxis::Categories { label: parameter.to_owned(), names: names.clone() },
    };
    let place = |index: usize| match x {
        SweepX::Numeric(values) | SweepX::Sample(values) => values.get(index).copied(),
        SweepX::Categories(names) => (index < names.len()).then(|| float(index)),
    };
    let (low, high) = axis.range();
    let has_bands = matches!(x, SweepX::Numeric(_));
    let mut areas = Vec::new();
    let mut line = |(index, one): (usize, &SweepSeries)| {
        // Bars of several series stand beside each other rather than on top.
        let aside = (float(index) - (float(series.len()) - 1.0) / 2.0) * (high - low) * 0.006;
        let aside = if has_bands { 0.0 } else { aside };
        let mut points: Vec<(f64, Interval)> =
            one.points.iter().filter_map(|point| Some((place(point.x)? + aside, point.mean))).collect();
        points.retain(|(x, mean)| x.is_finite() && mean.mean.is_finite());
        points.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let color = palette::SERIES[index % palette::SERIES.len()];
        let dash = Dash::SERIES[index % Dash::SERIES.len()];
        let means = points.iter().map(|(x, mean)| (*x, mean.mean)).collect();
        // A line through names would suggest an order; with several series it shows which points belong together.
        let shape = match x {
            SweepX::Categories(_) if series.len() == 1 => Shape::Points,
            SweepX::Sample(_) => Shape::Points,
            SweepX::Categories(_) | SweepX::Numeric(_) => Shape::Linear,
        };
        let mut line = Line::new(&one.label, Stroke { color, width: 2.0, dash }, shape, means);
        if has_bands && points.len() > 1 && points.iter().any(|(_, mean)| mean.half_width.is_some()) {
            let band = points.iter().map(|(x, mean)| (*x, mean.bounds().0, mean.bounds().1)).collect();
            areas.push(Area { label: String::new(), color, opacity: 0.15, shape: Shape::Linear, points: band });
            line.dots = true;
            return line;
        }
        line.error_bars = points
            .iter()
            .filter(|(_, mean)| mean.half_width.is_some_and(|half| half > 0.0))
            .map(|(x, mean)| (*x, mean.bounds().0, mean.bounds().1))
            .collect();
        line.dots = true;
        line
    };
    let y = match find_metric(metric).map(|metric| metric.unit) {
        Some(Unit::Dollars | Unit::DollarsPerHour) => YAxis::Dollars,
        _ => YAxis::Free,
    };
    let mut lines: Vec<Line> = series.iter().enumerate().map(&mut line).collect();
    lines.extend(bounds.iter().map(|(words, bound)| {
        let stroke = Stroke { color: palette::GREY, width: 1.6, dash: Dash::Dashed };
        Line::new(words, stroke, Shape::Linear, vec![(low, *bound), (high, *bound)])
    }));
    let panel = Panel { heading: metric.to_owned(), x: axis, y, areas, lines, marks: Vec::new() };
    Figure {
        title: title.to_owned(),
        subtitle: format!(
            "{metric} against {parameter}: mean of the runs, {} show the 95 % confidence interval",
            if has_bands { "bands" } else { "bars" }
        ),
        note: String::new(),
        columns: 1,
        panels: vec![panel],
    }
}
