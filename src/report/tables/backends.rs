//! `backends.csv`: which Service and which revision of which workload had the attempts of each traffic entry.
//! `backends_over_time.csv`: the same by interval.

use super::requests::{count_columns, latency_columns, write_counts, write_latencies};
use super::{ReportError, Table, TableForm, calendar};
use crate::record::{BackendRecord, Facts, RequestCount, TrafficRecord};
use std::path::Path;

const IDENTITY: [&str; 4] = ["traffic", "service", "workload", "revision"];

/// A row for each backend of each traffic entry that goes to a Service, an Ingress or an HTTPRoute.
pub(in crate::report) fn write_backends(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut columns = IDENTITY.to_vec();
    columns.push("share_ratio");
    columns.extend(counts());
    columns.extend(latency_columns());
    let mut table = Table::create(path, &columns)?;
    for record in &facts.traffic {
        for backend in &record.backends {
            write_identity(&mut table, record, backend)?;
            table.float(Some(record.share_of(backend)))?;
            write_counts(&mut table, &backend.counts, is_counted)?;
            write_latencies(&mut table, backend.latencies.figures())?;
            table.end_row()?;
        }
    }
    table.finish()
}

/// A row for each interval of the timeline in which a backend had an attempt that ended.
pub(in crate::report) fn write_backends_over_time(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut columns = vec!["time_seconds", "time"];
    columns.extend(IDENTITY);
    columns.extend(counts());
    columns.extend(latency_columns());
    let mut table = Table::create(path, &columns)?;
    let backends = facts.traffic.iter().flat_map(|record| record.backends.iter().map(move |one| (record, one)));
    for (record, backend) in backends {
        for interval in &backend.intervals {
            table.instant(Some(interval.start))?;
            calendar(&mut table, facts, interval.start)?;
            write_identity(&mut table, record, backend)?;
            write_counts(&mut table, &interval.counts, is_counted)?;
            write_latencies(&mut table, interval.latency)?;
            table.end_row()?;
        }
    }
    table.finish()
}

fn write_identity(table: &mut Table, record: &TrafficRecord, backend: &BackendRecord) -> Result<(), ReportError> {
    table.text(&record.identity.name)?;
    table.text(&backend.service)?;
    table.text(&backend.workload)?;
    table.text(&backend.revision)
}

/// What is counted of a backend: an attempt comes to it when it ends.
fn is_counted(count: RequestCount) -> bool {
    count != RequestCount::Offered
}

fn counts() -> impl Iterator<Item = &'static str> {
    count_columns(is_counted)
}
