//! What waiting costs: the price of the machines beside the pods that wait.

use super::cluster::{stroke, whole_run};
use super::figure::{Dash, Figure, Line, Panel, Shape, YAxis, palette};
use super::node_types::times;
use super::sampling::{cells, mean_steps, value_f64};
use crate::record::{Facts, StepSeries};

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
