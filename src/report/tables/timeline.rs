//! `timeline.csv`: the cluster by interval.

use super::machines_over_time::{launching, nodes_by_type};
use super::{ReportError, Table, TableForm, calendar};
use crate::record::{Facts, IntervalSeries};
use crate::report::metrics::resource_name;
use crate::units::{SimDuration, SimTime};
use std::path::Path;

/// A column of time-weighted means.
struct Column<'a> {
    name: String,
    series: &'a IntervalSeries,
    /// What one unit of the column is in units of the series.
    scale: f64,
}

/// Writes one row per interval. The last interval may be shorter: a mean times `interval_seconds` is the integral.
pub(in crate::report) fn write_timeline(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let (types, launching) = (nodes_by_type(facts), launching(facts));
    let mut columns = columns(facts);
    columns.extend(types.iter().map(|(name, series)| Column { name: name.clone(), series, scale: 1.0 }));
    columns.extend(launching.iter().map(|series| {
        let name = "instances_launching_mean".to_owned();
        Column { name, series, scale: 1.0 }
    }));
    let mut header = vec!["time_seconds", "time", "interval_seconds"];
    header.extend(columns.iter().map(|column| column.name.as_str()));
    header.push("pods_pending_max");
    let mut table = Table::create(path, &header)?;
    let cluster = &facts.cluster;
    let interval = cluster.nodes.interval();
    let mut since = SimTime::ZERO;
    for index in 0.. {
        let until = (since + interval).min(facts.end);
        if until <= since {
            break;
        }
        let span = until - since;
        table.instant(Some(since))?;
        calendar(&mut table, facts, since)?;
        table.span(Some(span))?;
        for column in &columns {
            table.float(Some(interval_mean(column.series, index, since, until) / column.scale))?;
        }
        let pending = &cluster.pods_pending;
        let most = pending.buckets().get(index).map_or(0, |bucket| bucket.max);
        let most = if pending.end() < until { most.max(pending.value()) } else { most };
        table.integer(most)?;
        table.end_row()?;
        since = until;
    }
    table.finish()
}

/// The mean over the interval `since..until`, which is the `index`th; a series that stops before its end keeps its
/// value.
#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
pub(in crate::report) fn interval_mean(series: &IntervalSeries, index: usize, since: SimTime, until: SimTime) -> f64 {
    let known = series.buckets().get(index).map_or(0, |bucket| bucket.integral);
    let rest = (until - series.end().max(since)).max_zero();
    let integral = known + i128::from(rest.as_nanos()) * i128::from(series.value());
    let span = (until - since).max(SimDuration::from_nanos(1));
    integral as f64 / span.as_nanos() as f64
}

fn columns(facts: &Facts) -> Vec<Column<'_>> {
    let cluster = &facts.cluster;
    let mut columns: Vec<Column<'_>> = [
        ("nodes_mean", &cluster.nodes, 1.0),
        ("nodes_ready_mean", &cluster.nodes_ready, 1.0),
        ("cpu_allocatable_cores_mean", &cluster.cpu_allocatable, 1000.0),
        ("cpu_requested_cores_mean", &cluster.cpu_requested, 1000.0),
        ("cpu_used_cores_mean", &cluster.cpu_used, 1000.0),
        ("memory_allocatable_bytes_mean", &cluster.memory_allocatable, 1.0),
        ("memory_requested_bytes_mean", &cluster.memory_requested, 1.0),
        ("memory_used_bytes_mean", &cluster.memory_used, 1.0),
        ("pods_bound_mean", &cluster.pods_bound, 1.0),
        ("pods_ready_mean", &cluster.pods_ready, 1.0),
        ("pods_pending_mean", &cluster.pods_pending, 1.0),
    ]
    .into_iter()
    .map(|(name, series, scale)| Column { name: name.to_owned(), series, scale })
    .collect();
    for resource in &cluster.extended {
        let name = resource_name(&resource.name);
        columns.push(Column { name: format!("{name}_allocatable_mean"), series: &resource.allocatable, scale: 1.0 });
        columns.push(Column { name: format!("{name}_requested_mean"), series: &resource.requested, scale: 1.0 });
    }
    columns
}
