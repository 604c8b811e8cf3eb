//! What waiting costs: the price of the machines beside the pods that wait, over a run and over the points of a sweep.

use super::cluster::{stroke, whole_run};
use super::figure::{Dash, Figure, Line, Panel, Shape, XAxis, YAxis, palette};
use super::node_types::times;
use super::sampling::{cells, mean_steps, value_f64};
use crate::record::{Facts, StepSeries};

/// The most points of a sweep with a name in the legend.
const NAMED: usize = 12;

/// Dollars per hour beside the pending pods. Only where machines have prices and their number changes.
pub(super) fn cost_and_pending(facts: &Facts, title: &str) -> Option<Figure> {
    let priced: Vec<(f64, &StepSeries)> = facts
        .machine_types
        .iter()
        .filter_map(|record| Some(((record.price? + record.fee).as_dollars(), &record.machines)))
        .collect();
    let changes = priced.iter().any(|(_, machines)| machines.points().len() > 1);
    if facts.cluster.pods_pending.max() == 0 || !changes {
        return None;
    }
    let series: Vec<&StepSeries> = priced.iter().map(|(_, machines)| *machines).collect();
    let price = |at| -> f64 {
        let each = priced.iter().map(|(price, machines)| price * value_f64(machines.value_at(at).unwrap_or(0)));
        each.sum::<f64>() + facts.cluster_fee.as_dollars()
    };
    let dollars = times(&series, facts.end).into_iter().map(|at| (at.as_secs_f64(), price(at))).collect();
    let pending = cells(&facts.cluster.pods_pending, facts.end);
    let panel = |heading: &str, y, line| Panel {
        heading: heading.to_owned(),
        x: whole_run(facts),
        y,
        areas: Vec::new(),
        lines: vec![line],
        marks: Vec::new(),
    };
    let panels = vec![
        panel(
            "dollars per hour",
            YAxis::Dollars,
            Line::new("machines", stroke(palette::GREEN, 2.0, Dash::Solid), Shape::Step, dollars),
        ),
        panel(
            "pending pods (mean)",
            YAxis::Amount,
            Line::new(
                "pending pods",
                stroke(palette::ORANGE, 2.0, Dash::Solid),
                Shape::Step,
                mean_steps(&pending, 1.0),
            ),
        ),
    ];
    let subtitle = "What the machines cost, by their prices without commitments, beside the pods that wait for a node";
    Some(Figure { title: title.to_owned(), subtitle: subtitle.to_owned(), note: String::new(), columns: 1, panels })
}

/// Two metrics of the points of a sweep against each other: each point's name, x and y. `None` of fewer than two points.
#[must_use]
pub fn trade_off(title: &str, (x, y): (&str, &str), points: &[(String, f64, f64)]) -> Option<Figure> {
    let finite: Vec<&(String, f64, f64)> = points.iter().filter(|(_, x, y)| x.is_finite() && y.is_finite()).collect();
    if finite.len() < 2 {
        return None;
    }
    let most = finite.iter().map(|(_, x, _)| *x).fold(0.0, f64::max);
    let grey = stroke(palette::GREY, 1.2, Dash::Dotted);
    // In the order of the points: the way from one value of the parameter to the next.
    let mut lines = vec![Line::new("", grey, Shape::Linear, finite.iter().map(|(_, x, y)| (*x, *y)).collect())];
    for (index, (name, x, y)) in finite.iter().enumerate() {
        let color = palette::SERIES[index % palette::SERIES.len()];
        let label = if index < NAMED { name.as_str() } else { "" };
        let mut line = Line::new(label, stroke(color, 4.0, Dash::Solid), Shape::Points, vec![(*x, *y)]);
        line.dots = true;
        lines.push(line);
    }
    let to = if most > 0.0 { most * 1.05 } else { 1.0 };
    let panel = Panel {
        heading: y.to_owned(),
        x: XAxis::Numeric { label: x.to_owned(), from: 0.0, to, values: Vec::new() },
        y: YAxis::Dollars,
        areas: Vec::new(),
        lines,
        marks: Vec::new(),
    };
    let note = match finite.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("{more} more points are in sweep_summary.csv"),
    };
    let subtitle = format!("{y} against {x}: the mean of each point's runs");
    Some(Figure { title: title.to_owned(), subtitle, note, columns: 1, panels: vec![panel] })
}
