//! Reading `sweep.csv` back: the points of a sweep with their runs.

use super::side::{MetricKey, SidePoint, SideRun};
use crate::input::{Diagnostic, Diagnostics};
use crate::study::sweep::SWEEP_FILE;
use csv::StringRecord;
use std::path::Path;

/// A point as it stands in the table: its number, and what its runs left.
pub(super) struct SweepPoint {
    /// The column `point`.
    pub(super) number: String,
    /// The point.
    pub(super) point: SidePoint,
    /// Runs that failed.
    pub(super) failed: usize,
}

/// Reads the table row by row.
///
/// # Errors
/// It cannot be read, or is not what `wavetank sweep` writes.
pub(super) fn read(folder: &Path) -> Result<Vec<SweepPoint>, Diagnostics> {
    let path = folder.join(SWEEP_FILE);
    let refused = |problem: String| Diagnostics::from(Diagnostic::error(path.display().to_string(), problem));
    let damaged = |problem: &str| refused(format!("is not what `wavetank sweep` writes: {problem}"));
    let mut reader = csv::Reader::from_path(&path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let header = reader.headers().map_err(|error| damaged(&error.to_string()))?.clone();
    let place = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or_else(|| damaged(&format!("it has no column `{name}`")))
    };
    let (number, replication, seed, status, error) =
        (place("point")?, place("replication")?, place("seed")?, place("status")?, place("error")?);
    if number > replication || replication > error {
        return Err(damaged("its columns stand in another order"));
    }
    let metrics: Vec<MetricKey> = header.iter().skip(error + 1).map(MetricKey::of_run).collect();
    let mut points: Vec<SweepPoint> = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| damaged(&error.to_string()))? {
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let parameters = (number + 1..replication).map(|place| {
            format!("{}={}", header.get(place).unwrap_or_default(), record.get(place).unwrap_or_default())
        });
        if points.last().is_none_or(|last| last.number != cell(number)) {
            let name = parameters.collect::<Vec<_>>().join(", ");
            let point = SidePoint { name, runs: Vec::new() };
            points.push(SweepPoint { number: cell(number).to_owned(), point, failed: 0 });
        }
        let Some(current) = points.last_mut() else { continue };
        if cell(status) != "finished" {
            current.failed += 1;
            continue;
        }
        let line = || record.position().map_or(0, csv::Position::line);
        let seed = cell(seed).parse().map_err(|_| damaged(&format!("line {}: `{}` is no seed", line(), cell(seed))))?;
        let mut run = SideRun { seed, metrics: [].into(), objectives: Vec::new(), folder: None };
        for (key, cell) in metrics.iter().zip(record.iter().skip(error + 1)).filter(|(_, cell)| !cell.is_empty()) {
            let name = key.metric();
            let value: f64 =
                cell.parse().map_err(|_| damaged(&format!("line {}: `{cell}` is no number ({name})", line())))?;
            run.metrics.insert(key.clone(), value);
        }
        current.point.runs.push(run);
    }
    if points.is_empty() {
        return Err(damaged("it has no run"));
    }
    Ok(points)
}
