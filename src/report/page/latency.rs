//! What users felt over time and in all: latency and failures of each traffic entry.

use super::chart::{Chart, Line, Style};
use super::timeline::Grid;
use super::view::TableView;
use super::words::{rounded, span_cell};
use crate::report::numbers::{grouped, human_percent};
use crate::report::read::{ReadError, RunFolder, number};
use std::collections::BTreeMap;

/// The columns of `requests.csv` and `latency.csv` that count failed requests, with their words.
pub(super) const CAUSES: [(&str, &str); 10] = [
    ("no_endpoint", "without an endpoint"),
    ("dead_endpoint", "sent to a dead endpoint"),
    ("queue_full", "refused by full pods"),
    ("timeout", "timed out"),
    ("cut", "cut off"),
    ("dependency", "failed by another service"),
    ("retry_exhausted", "failed after all tries"),
    ("abandoned", "given up"),
    ("error", "answered with an error"),
    ("no_name", "without a name in DNS"),
];

const NAMES: [&str; 10] = [
    "no_endpoint",
    "dead_endpoint",
    "queue_full",
    "timeout",
    "cut",
    "dependency",
    "retry_exhausted",
    "abandoned",
    "error",
    "no_name",
];

/// Failed requests by cause, added up over the entries of users; the largest first.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn causes(run: &RunFolder) -> Result<Vec<(&'static str, f64)>, ReadError> {
    let mut sums = [0.0; 10];
    run.each("requests.csv", NAMES, |cells| {
        for (sum, cell) in sums.iter_mut().zip(cells) {
            *sum += number(cell).unwrap_or(0.0);
        }
    })?;
    let mut causes: Vec<(&'static str, f64)> = CAUSES.iter().map(|(_, words)| *words).zip(sums).collect();
    causes.retain(|(_, count)| *count > 0.0);
    causes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    Ok(causes)
}

/// One row per traffic entry.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn requests(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = ["traffic", "sent#", "failed#", "why*", "p50#", "p95#", "p99#", "p99.9#", "max#", "fidelity"];
    let mut table = TableView::new("Requests of each traffic entry over the whole run", &head);
    let mut failures: Vec<Vec<(f64, &str)>> = Vec::new();
    run.each("requests.csv", NAMES, |cells| {
        let counts = cells.into_iter().zip(CAUSES).filter_map(|(cell, (_, words))| Some((number(cell)?, words)));
        let mut counts: Vec<(f64, &str)> = counts.filter(|(count, _)| *count > 0.0).collect();
        counts.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        failures.push(counts);
    })?;
    let columns = [
        "traffic",
        "fidelity",
        "offered",
        "latency_seconds_p50",
        "latency_seconds_p95",
        "latency_seconds_p99",
        "latency_seconds_p999",
        "latency_seconds_max",
    ];
    let mut failures = failures.into_iter();
    let mut all = 0;
    run.each("requests.csv", columns, |[traffic, fidelity, offered, latencies @ ..]| {
        all += 1;
        let failures = failures.next().unwrap_or_default();
        if table.rows.len() >= most {
            return;
        }
        let offered = number(offered).unwrap_or(0.0);
        let failed: f64 = failures.iter().map(|(count, _)| count).sum();
        let share = if offered > 0.0 { format!(" ({})", human_percent(failed / offered)) } else { String::new() };
        let why: Vec<String> =
            failures.iter().take(3).map(|(count, words)| format!("{} {words}", grouped(count.ceil()))).collect();
        let failed = if failed > 0.0 { format!("{}{share}", grouped(failed.ceil())) } else { "0".to_owned() };
        let mut row = vec![traffic.to_owned(), grouped(offered), failed, why.join(", ")];
        row.extend(latencies.map(span_cell));
        row.push(fidelity.to_owned());
        table.rows.push(row);
    })?;
    table.note_of(all, "traffic entries", "requests.csv");
    Ok(table)
}

/// The cells of a traffic entry.
struct Entry {
    name: String,
    offered: Vec<f64>,
    failed: Vec<f64>,
    percentiles: [Vec<Option<f64>>; 3],
}

impl Entry {
    fn new(name: &str, cells: usize) -> Self {
        Self {
            name: name.to_owned(),
            offered: vec![0.0; cells],
            failed: vec![0.0; cells],
            percentiles: std::array::from_fn(|_| vec![None; cells]),
        }
    }

    fn total(values: &[f64]) -> f64 {
        values.iter().sum()
    }
}

/// Charts of latency and requests of the entries that lost most, and what is left out.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn charts(run: &RunFolder, grid: &Grid, most: usize) -> Result<(Vec<Chart>, Option<String>), ReadError> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let columns =
        ["traffic", "time_seconds", "offered", "latency_seconds_p50", "latency_seconds_p95", "latency_seconds_p99"];
    let columns: [&str; 16] = std::array::from_fn(|place| {
        columns.get(place).or_else(|| NAMES.get(place - columns.len())).copied().unwrap_or_default()
    });
    run.each("latency.csv", columns, |[traffic, time, offered, p50, p95, p99, failures @ ..]| {
        let place = match places.get(traffic) {
            Some(place) => *place,
            None => {
                entries.push(Entry::new(traffic, grid.cells()));
                places.insert(traffic.to_owned(), entries.len() - 1);
                entries.len() - 1
            }
        };
        let cell = grid.cell_of(number(time).unwrap_or(0.0));
        let Some(entry) = entries.get_mut(place) else { return };
        if let Some(sum) = entry.offered.get_mut(cell) {
            *sum += number(offered).unwrap_or(0.0);
        }
        if let Some(sum) = entry.failed.get_mut(cell) {
            *sum += failures.iter().filter_map(|cell| number(cell)).sum::<f64>();
        }
        for (values, text) in entry.percentiles.iter_mut().zip([p50, p95, p99]) {
            if let (Some(value), Some(new)) = (values.get_mut(cell), number(text)) {
                *value = Some(value.map_or(new, |known: f64| known.max(new)));
            }
        }
    })?;
    let all = entries.len();
    entries.sort_by(|one, other| {
        let failed = Entry::total(&other.failed).total_cmp(&Entry::total(&one.failed));
        failed.then(Entry::total(&other.offered).total_cmp(&Entry::total(&one.offered)))
    });
    entries.truncate(most);
    let note = (all > entries.len()).then(|| {
        format!("{} of {all} traffic entries have charts, those that lost most; latency.csv has all.", entries.len())
    });
    Ok((entries.iter().flat_map(|entry| entry.charts(grid)).collect(), note))
}

impl Entry {
    fn charts(&self, grid: &Grid) -> Vec<Chart> {
        let mut charts = Vec::new();
        if self.percentiles.iter().flatten().any(Option::is_some) {
            let lines = self
                .percentiles
                .iter()
                .zip([("p99", Style::Solid), ("p95", Style::Dashed), ("p50", Style::Dotted)].into_iter().rev());
            let mut lines: Vec<Line> = lines
                .map(|(values, (label, style))| {
                    Line::new(label, style, values.iter().map(|value| value.map(rounded)).collect())
                })
                .collect();
            lines.reverse();
            charts.push(Chart::new(format!("Latency of {}", self.name), "seconds", grid, lines));
        }
        let lines = vec![
            Line::new("sent", Style::Solid, grid.means_of(&self.offered)),
            Line::new("failed", Style::Area, grid.means_of(&self.failed)),
        ];
        charts.push(Chart::new(format!("Requests of {}", self.name), "requests per second", grid, lines));
        charts
    }
}
