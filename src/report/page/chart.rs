//! What a timeline is made of.

use super::timeline::Grid;
use super::words::milliseconds;
use serde::Serialize;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    /// A solid line.
    Solid,
    /// A dashed line.
    Dashed,
    /// A dotted line.
    Dotted,
    /// A solid line with the area below it.
    Area,
}

/// A line.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Its name.
    pub(super) label: String,
    /// How it is drawn.
    pub(super) style: Style,
    /// Its values at the times of the chart.
    pub(super) values: Vec<Option<f64>>,
}

impl Line {
    /// A line.
    pub(super) fn new(label: impl Into<String>, style: Style, values: Vec<Option<f64>>) -> Self {
        Self { label: label.into(), style, values }
    }
}

/// A timeline.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chart {
    /// Its heading.
    pub(super) title: String,
    /// What its y axis counts.
    pub(super) unit: &'static str,
    /// Starts of the intervals in seconds, and the end of the last one.
    pub(super) times: Vec<f64>,
    /// Its lines; a value holds for the interval that starts at its time.
    pub(super) lines: Vec<Line>,
}

impl Chart {
    /// A chart on the grid of `timeline.csv`.
    pub(super) fn new(title: impl Into<String>, unit: &'static str, grid: &Grid, lines: Vec<Line>) -> Self {
        let times = grid.bounds.iter().map(|time| milliseconds(*time)).collect();
        Self { title: title.into(), unit, times, lines }
    }
}
