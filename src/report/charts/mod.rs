//! Charts of a run and of a sweep, as SVG and PNG.
//!
//! A chart is built in three steps: a function of the facts gives a [`Figure`] (what is to be seen), `layout` places it
//! on 1200 by 700 pixels (where each line and text goes), and `draw` hands the shapes to plotters. No chart depends on
//! a font, library or setting of the host.

mod axis;
mod cluster;
mod cost_and_pending;
mod draw;
mod figure;
mod font;
mod heat_map;
mod latency;
mod layout;
mod node_types;
mod recovery;
mod sampling;
mod sweep;
mod sweep_map;
mod trade_off;
mod workloads;

pub use crate::stats::{Interval, confidence_interval};
pub use draw::{write_png, write_svg};
pub use figure::Figure;
pub use sweep::{SweepPoint, SweepSeries, SweepX, sweep};
pub use sweep_map::{MapAxis, sweep_map};
pub use trade_off::{Better, TradeOffPoint, trade_off};

use super::incidents::incidents;
use crate::record::Facts;

/// The names that [`of_run`] can give, which are the names of the files.
pub(super) const RUN_CHARTS: [&str; 11] = [
    "utilization",
    "pending",
    "replicas",
    "requests",
    "latency",
    "latency_heat_map",
    "failed_requests",
    "recovery",
    "cost",
    "cost_and_pending",
    "node_types",
];

/// The charts of one run by name; those without data are left out. `question` becomes the title; if it is empty, the
/// scenario's name does.
#[must_use]
pub fn of_run(facts: &Facts, question: &str) -> Vec<(&'static str, Figure)> {
    let title = if question.is_empty() { facts.scenario.as_str() } else { question };
    let incidents = incidents(facts);
    let figures = [
        cluster::utilization(facts, title),
        cluster::pending(facts, title),
        workloads::replicas(facts, title),
        workloads::requests(facts, title),
        latency::latency(facts, &incidents, title),
        heat_map::heat_map(facts, &incidents, title),
        latency::failures(facts, &incidents, title),
        recovery::recovery(facts, title),
        cluster::cost(facts, title),
        cost_and_pending::cost_and_pending(facts, title),
        node_types::node_types(facts, title),
    ];
    RUN_CHARTS.into_iter().zip(figures).filter_map(|(name, figure)| Some((name, figure?))).collect()
}
