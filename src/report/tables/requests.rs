//! `requests.csv`: what became of the requests of each traffic entry. `latency.csv`: the same over time.

use super::{ReportError, Table, TableForm, calendar};
use crate::record::{Facts, LatencyFigures, RequestCount, RequestCounts, TrafficRecord};
use crate::report::burn::{self, ALERTS};
use crate::report::requests;
use std::path::Path;

/// A row for each traffic entry.
pub(in crate::report) fn write_requests(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let identity = ["traffic", "namespace", "workload", "fidelity"];
    let mut columns = identity.to_vec();
    columns.extend(count_columns(|_| true));
    columns.push("in_flight_at_end");
    columns.extend(LATENCIES);
    columns.extend(SERVICE_LEVEL);
    columns.extend(["cross_zone_ratio", "cross_zone_bytes", "cross_zone_dollars"]);
    let mut table = Table::create(path, &columns)?;
    for record in &facts.traffic {
        let identity = &record.identity;
        table.text(&identity.name)?;
        table.text(&identity.namespace)?;
        table.text(&identity.target)?;
        table.text(if identity.is_fluid { "fluid" } else { "requests" })?;
        write_counts(&mut table, &record.counts, |_| true)?;
        // Of a fluid there are parts of requests, and none on its way.
        let in_flight = record.counts.offered().saturating_sub(record.counts.ended());
        table.integer(if identity.is_fluid { 0 } else { in_flight })?;
        write_latencies(&mut table, record.latencies.figures())?;
        write_service_level(&mut table, record)?;
        for value in [record.cross_zone_ratio(), record.cross_zone_bytes(), record.cross_zone_dollars()] {
            table.float(value)?;
        }
        table.end_row()?;
    }
    table.finish()
}

const SERVICE_LEVEL: [&str; 11] = [
    "good_ratio",
    "apdex_ratio",
    "slo_target_ratio",
    "slo_latency_seconds",
    "slo_missed_seconds",
    "slo_budget_used_ratio",
    "slo_burn_rate_1h_max",
    "slo_burn_rate_6h_max",
    "slo_burn_rate_3d_max",
    "slo_page_seconds",
    "slo_ticket_seconds",
];

fn write_service_level(table: &mut Table, record: &TrafficRecord) -> Result<(), ReportError> {
    let level = &record.identity.service_level;
    let is_known = requests::is_latency_known(&record.counts, &record.latencies);
    table.float(record.good_ratio())?;
    table.float(is_known.then(|| requests::apdex(&record.counts)))?;
    table.float(Some(level.target))?;
    table.span(level.latency)?;
    table.span(Some(requests::missed_for(record)))?;
    let burn = burn::burn(record);
    table.float(burn.map(|burn| burn.used))?;
    for alert in 0..ALERTS.len() {
        table.float(burn.and_then(|burn| burn.largest.get(alert).copied()))?;
    }
    table.span(burn.map(|burn| burn.paged))?;
    table.span(burn.map(|burn| burn.ticketed))
}

/// A row for each interval of the timeline in which requests of an entry were sent or ended, entry by entry.
pub(in crate::report) fn write_latency(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut columns = vec!["time_seconds", "time", "traffic"];
    columns.extend(count_columns(|_| true));
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
        table.text(&record.identity.name)?;
        write_counts(table, &interval.counts, |_| true)?;
        write_latencies(table, interval.latency)?;
        table.end_row()?;
    }
    Ok(())
}

/// The names of some of the counts.
pub(super) fn count_columns(is_shown: fn(RequestCount) -> bool) -> impl Iterator<Item = &'static str> {
    RequestCount::ALL.iter().filter(move |count| is_shown(**count)).map(|count| count.info().name)
}

/// The names of the columns of latency.
pub(super) fn latency_columns() -> impl Iterator<Item = &'static str> {
    LATENCIES.into_iter()
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

/// Some of the counts, as in [`count_columns`].
pub(super) fn write_counts(
    table: &mut Table,
    counts: &RequestCounts,
    is_shown: fn(RequestCount) -> bool,
) -> Result<(), ReportError> {
    for count in RequestCount::ALL.iter().filter(|count| is_shown(**count)) {
        table.integer(counts.of(*count))?;
    }
    Ok(())
}

/// Latencies, as in [`latency_columns`].
pub(super) fn write_latencies(table: &mut Table, figures: Option<LatencyFigures>) -> Result<(), ReportError> {
    let each = figures.map(|of| [of.mean, of.p50, of.p90, of.p95, of.p99, of.p999, of.max]);
    for index in 0..LATENCIES.len() {
        table.span(each.and_then(|each| each.get(index).copied()))?;
    }
    Ok(())
}
