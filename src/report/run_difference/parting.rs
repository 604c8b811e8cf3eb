//! The first instant at which the tables of two runs differ.

use crate::report::read::{ReadError, RunFolder, number};
use csv::StringRecord;

/// The tables that tell to the nanosecond what happened, in order of time: the column with the instant, and the columns
/// that say what happened then. An Event's count and last occurrence are of later.
const EXACT: &[(&str, &str, &[&str])] = &[
    ("events.csv", "first_seconds", &["kind", "namespace", "name", "reason", "message"]),
    (
        "workloads.csv",
        "time_seconds",
        &["namespace", "workload", "desired_replicas", "current_replicas", "ready_replicas"],
    ),
    ("autoscaling.csv", "time_seconds", &["namespace", "name", "desired_replicas", "limited_by", "decision"]),
    ("pods.csv", "created_seconds", &["namespace", "name"]),
];

/// Columns of a row that are shown where they differ.
const SHOWN: usize = 3;

/// How the timelines of two runs, A and B, differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineDifference {
    /// The first thing that happened in one run and not in the other; `None` if the tables that tell exactly are the same.
    pub parting: Option<Parting>,
    /// Intervals of `timeline.csv`, of the run that has fewer.
    pub intervals: u64,
    /// Of those, intervals in which some column differs; `None` if the intervals of the runs are not of one length.
    pub differing: Option<u64>,
    /// The first of them.
    pub first_interval: Option<DifferingInterval>,
}

/// An interval of `timeline.csv` that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferingInterval {
    /// Its start in seconds.
    pub seconds: f64,
    /// Up to three columns with their values in A and B.
    pub columns: Vec<(String, [String; 2])>,
}

/// The first row of a table that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    /// The instant in seconds.
    pub seconds: f64,
    /// The table.
    pub file: String,
    /// What A and B have there, as `name value` pairs; empty where its table has ended.
    pub rows: [String; 2],
}

pub(super) fn compare(one: &RunFolder, other: &RunFolder) -> Result<TimelineDifference, ReadError> {
    let mut found = intervals(one, other)?;
    for (file, time, columns) in EXACT {
        let parting = parting(one, other, file, time, columns)?;
        let is_earlier = |new: &Parting| found.parting.as_ref().is_none_or(|known| new.seconds < known.seconds);
        if let Some(parting) = parting.filter(is_earlier) {
            found.parting = Some(parting);
        }
    }
    Ok(found)
}

/// The places of the columns that both tables have.
fn shared_places(run: &RunFolder, file: &str, columns: &[&str]) -> Vec<usize> {
    let Some(table) = run.table(file) else { return Vec::new() };
    columns.iter().filter_map(|column| table.columns.iter().position(|form| form.name == *column)).collect()
}

/// The first row that differs. Rows of one instant are compared in their order, which is the same in equal runs.
fn parting(
    one: &RunFolder,
    other: &RunFolder,
    file: &str,
    time: &str,
    columns: &[&str],
) -> Result<Option<Parting>, ReadError> {
    let runs = [one, other];
    let mut tables = Vec::new();
    for run in runs {
        let rows = run.table(file).map(|table| run.rows(table)).transpose()?;
        let instant = shared_places(run, file, &[time]);
        tables.push((rows, instant, shared_places(run, file, columns)));
    }
    let mut records = [StringRecord::new(), StringRecord::new()];
    loop {
        let mut is_read = [false; 2];
        for ((record, is_read), (rows, _, _)) in records.iter_mut().zip(&mut is_read).zip(&mut tables) {
            record.clear();
            *is_read = match rows {
                Some(rows) => rows.next(record)?,
                None => false,
            };
        }
        if is_read == [false; 2] {
            return Ok(None);
        }
        let [a, b] = &records;
        let cells = |record: &StringRecord, index: usize| -> Vec<String> {
            let places = tables.get(index).into_iter().flat_map(|(_, instant, places)| instant.iter().chain(places));
            places.map(|place| record.get(*place).unwrap_or_default().to_owned()).collect()
        };
        let rows = [cells(a, 0), cells(b, 1)];
        if is_read == [true; 2] && rows[0] == rows[1] {
            continue;
        }
        let instant = |index: usize| rows.get(index).filter(|_| is_read[index])?.first().and_then(|cell| number(cell));
        let seconds = [instant(0), instant(1)].into_iter().flatten().fold(f64::INFINITY, f64::min);
        // A row that comes later in one run has not happened there yet.
        let text = |index: usize| {
            let is_then = instant(index).is_some_and(|own| own <= seconds);
            if is_then { rows.get(index).map_or_else(String::new, |row| told(row)) } else { String::new() }
        };
        let rows = [text(0), text(1)];
        return Ok(Some(Parting { seconds, file: file.to_owned(), rows }));
    }
}

/// The cells of a row behind its instant, without empty ones.
fn told(row: &[String]) -> String {
    let cells: Vec<&str> = row.iter().skip(1).map(String::as_str).filter(|cell| !cell.is_empty()).collect();
    cells.join(" ")
}

/// Compares the rows of `timeline.csv` in the columns that both have.
fn intervals(one: &RunFolder, other: &RunFolder) -> Result<TimelineDifference, ReadError> {
    let mut found = TimelineDifference::default();
    let (Some(table), Some(others)) = (one.table("timeline.csv"), other.table("timeline.csv")) else {
        return Ok(found);
    };
    let columns: Vec<(&str, usize, usize)> = table
        .columns
        .iter()
        .enumerate()
        .filter_map(|(place, form)| {
            let twin = others.columns.iter().position(|other| other.name == form.name)?;
            Some((form.name.as_str(), place, twin))
        })
        .collect();
    let (mut rows, mut other_rows) = (one.rows(table)?, other.rows(others)?);
    let (mut a, mut b) = (StringRecord::new(), StringRecord::new());
    let mut differing = Some(0_u64);
    loop {
        let (has_a, has_b) = (rows.next(&mut a)?, other_rows.next(&mut b)?);
        if !has_a || !has_b {
            break;
        }
        found.intervals += 1;
        let is_time = |name: &str| matches!(name, "time_seconds" | "interval_seconds" | "time");
        let unequal = |(_, place, twin): &&(&str, usize, usize)| a.get(*place) != b.get(*twin);
        let unequal: Vec<_> = columns.iter().filter(unequal).collect();
        if unequal.iter().any(|(name, _, _)| *name == "time_seconds" || *name == "interval_seconds") {
            differing = None;
            break;
        }
        let values: Vec<_> = unequal.into_iter().filter(|(name, _, _)| !is_time(name)).collect();
        if values.is_empty() {
            continue;
        }
        differing = differing.map(|count| count + 1);
        if found.first_interval.is_none() {
            let start = columns.iter().find(|(name, _, _)| *name == "time_seconds");
            let seconds = start.and_then(|(_, place, _)| a.get(*place)).and_then(number).unwrap_or(0.0);
            let cell = |record: &StringRecord, place: usize| record.get(place).unwrap_or_default().to_owned();
            let shown = values.iter().take(SHOWN);
            let shown = shown.map(|(name, place, twin)| ((*name).to_owned(), [cell(&a, *place), cell(&b, *twin)]));
            found.first_interval = Some(DifferingInterval { seconds, columns: shown.collect() });
        }
    }
    found.differing = differing;
    Ok(found)
}
