//! Replicas of the workloads over time: those to which most happened.

use super::chart::{Chart, Line, Style};
use super::timeline::Grid;
use super::words::rounded;
use crate::report::read::{ReadError, RunFolder, number};
use std::collections::BTreeMap;

const COLUMNS: [&str; 6] =
    ["time_seconds", "namespace", "workload", "desired_replicas", "ready_replicas", "request_rate_unserved_per_second"];

/// What happened to a workload.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    /// Requests that were not served.
    unserved: f64,
    /// Missing ready pods, in replica-seconds.
    missing: f64,
    /// Changes of `spec.replicas`.
    changes: u32,
}

/// The values of a row, which hold until the next one of the workload.
#[derive(Clone, Copy, Debug)]
struct Held {
    since: f64,
    desired: f64,
    ready: f64,
    unserved: f64,
}

/// The workload whose rows are being read: rows of a workload stand together.
#[derive(Default)]
struct Walk {
    key: (String, String),
    held: Option<Held>,
}

impl Walk {
    /// Takes a row; gives the values that held before it and until when, if they are of the same workload.
    fn step(&mut self, cells: [&str; 6]) -> Option<(Held, f64)> {
        let [time, namespace, workload, desired, ready, unserved] = cells.map(|cell| cell);
        let value = |cell: &str| number(cell).unwrap_or(0.0);
        let now = Held { since: value(time), desired: value(desired), ready: value(ready), unserved: value(unserved) };
        let is_same = self.key.0 == namespace && self.key.1 == workload;
        if !is_same {
            self.key = (namespace.to_owned(), workload.to_owned());
        }
        let before = self.held.replace(now);
        before.filter(|_| is_same).map(|held| (held, now.since))
    }
}

/// A chart for each of the workloads to which most happened, and what is left out.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn charts(run: &RunFolder, grid: &Grid, most: usize) -> Result<(Vec<Chart>, Option<String>), ReadError> {
    let mut courses: BTreeMap<(String, String), Course> = BTreeMap::new();
    let mut walk = Walk::default();
    run.each("workloads.csv", COLUMNS, |cells| {
        let before = walk.step(cells);
        if !courses.contains_key(&walk.key) {
            courses.insert(walk.key.clone(), Course::default());
        }
        let (Some(course), Some((held, until)), Some(now)) = (courses.get_mut(&walk.key), before, walk.held) else {
            return;
        };
        let seconds = until - held.since;
        course.unserved += held.unserved * seconds;
        course.missing += (held.desired - held.ready).max(0.0) * seconds;
        course.changes += u32::from((held.desired - now.desired).abs() > 0.0);
    })?;
    let mut order: Vec<(&(String, String), Course)> = courses.iter().map(|(key, course)| (key, *course)).collect();
    order.sort_by(|(_, one), (_, other)| {
        let unserved = other.unserved.total_cmp(&one.unserved);
        unserved.then(other.changes.cmp(&one.changes)).then(other.missing.total_cmp(&one.missing))
    });
    order.truncate(most);
    let mut drawn: BTreeMap<&(String, String), Drawn> =
        order.iter().map(|(key, _)| (*key, Drawn::new(grid.cells()))).collect();
    let mut walk = Walk::default();
    run.each("workloads.csv", COLUMNS, |cells| {
        let before = walk.step(cells);
        if let (Some(drawn), Some((held, until))) = (drawn.get_mut(&walk.key), before) {
            drawn.add(grid, held, until);
        }
    })?;
    let chart = |(key, _): &(&(String, String), Course)| {
        let drawn = drawn.get(*key)?;
        let title = format!("Replicas of {} {}/{}", key.1.split('/').next().unwrap_or_default(), key.0, name(&key.1));
        Some(Chart::new(title, "pods", grid, drawn.lines(grid)))
    };
    let charts = order.iter().filter_map(chart).collect();
    let all = courses.len();
    let note = (all > order.len()).then(|| {
        format!("{} of {all} workloads have a chart, those to which most happened; workloads.csv has all.", order.len())
    });
    Ok((charts, note))
}

fn name(workload: &str) -> &str {
    workload.split_once('/').map_or(workload, |(_, name)| name)
}

/// The cells of a workload's chart.
struct Drawn {
    desired: Vec<f64>,
    ready: Vec<f64>,
    least: Vec<Option<f64>>,
}

impl Drawn {
    fn new(cells: usize) -> Self {
        Self { desired: vec![0.0; cells], ready: vec![0.0; cells], least: vec![None; cells] }
    }

    fn add(&mut self, grid: &Grid, held: Held, until: f64) {
        grid.add(&mut self.desired, held.since, until, held.desired);
        grid.add(&mut self.ready, held.since, until, held.ready);
        if until <= held.since {
            return;
        }
        let cells = grid.cell_of(held.since)..=grid.cell_of(until);
        for cell in cells {
            // A value that ends where a cell begins has not been in it.
            let begins = grid.bounds.get(cell).copied().unwrap_or(0.0);
            if let Some(least) = self.least.get_mut(cell)
                && begins < until
            {
                *least = Some(least.map_or(held.ready, |known| known.min(held.ready)));
            }
        }
    }

    fn lines(&self, grid: &Grid) -> Vec<Line> {
        vec![
            Line::new("wanted", Style::Dashed, grid.means_of(&self.desired)),
            Line::new("ready", Style::Area, grid.means_of(&self.ready)),
            Line::new("ready, least", Style::Dotted, self.least.iter().map(|value| value.map(rounded)).collect()),
        ]
    }
}
