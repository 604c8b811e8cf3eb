//! `requests.csv`: what became of the requests of each traffic entry. `latency.csv`: the same over time.

use super::{ReportError, Table, calendar};
use crate::record::{Facts, LatencyFigures, RequestCount, RequestCounts, TrafficRecord};
use std::path::{Path, PathBuf};

/// A row for each traffic entry.
pub(in crate::report) fn write_requests(path: &Path, facts: &Facts) -> Result<PathBuf, ReportError> {
    let identity = ["traffic", "namespace", "workload", "fidelity"];
    let mut columns = identity.to_vec();
    columns.extend(count_columns());
    columns.push("in_flight_at_end");
    columns.extend(LATENCIES);
    let mut table = Table::create(path, &columns)?;
    for record in &facts.traffic {
        table.text(&record.name)?;
        table.text(&record.namespace)?;
        table.text(&record.target)?;
        table.text(if record.is_fluid { "fluid" } else { "requests" })?;
        write_counts(&mut table, &record.counts)?;
        table.integer(record.counts.offered().saturating_sub(record.counts.ended()))?;
        write_latencies(&mut table, record.latencies.figures())?;
        table.end_row()?;
    }
    table.finish()
}

/// A row for each interval of the timeline in which requests of an entry were sent or ended, entry by entry.
pub(in crate::report) fn write_latency(path: &Path, facts: &Facts) -> Result<PathBuf, ReportError> {
    let mut columns = vec!["time_seconds", "time", "traffic"];
    columns.extend(count_columns());
    columns.extend(LATENCIES);
    let mut table = Table::create(path, &columns)?;
    for record in &facts.traffic {
        write_intervals(&mut table, facts, record)?;
    }
    table.finish()
}

fn write_intervals(table: &mut Table, facts: &Facts, record: &TrafficRecord) -> Result<(), ReportError> {
    for interval in &record.intervals {
        table.instant(Some(interval.start))?;
        calendar(table, facts, interval.start)?;
        table.text(&record.name)?;
        write_counts(table, &interval.counts)?;
        write_latencies(table, interval.latency)?;
        table.end_row()?;
    }
    Ok(())
}

fn count_columns() -> impl Iterator<Item = &'static str> {
    RequestCount::ALL.iter().map(|count| count.info().name)
}

const LATENCIES: [&str; 7] = [
    "latency_seconds_mean",
    "latency_seconds_p50",
    "latency_seconds_p90",
    "latency_seconds_p95",
    "latency_seconds_p99",
    "latency_seconds_p999",
    "latency_seconds_max",
];

fn write_counts(table: &mut Table, counts: &RequestCounts) -> Result<(), ReportError> {
    for count in RequestCount::ALL {
        table.integer(counts.of(*count))?;
    }
    Ok(())
}

fn write_latencies(table: &mut Table, figures: Option<LatencyFigures>) -> Result<(), ReportError> {
    let each = figures.map(|of| [of.mean, of.p50, of.p90, of.p95, of.p99, of.p999, of.max]);
    for index in 0..LATENCIES.len() {
        table.span(each.and_then(|each| each.get(index).copied()))?;
    }
    Ok(())
}
