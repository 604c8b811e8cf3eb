//! `workloads.csv`: replicas and load of each workload, one row per change that is kept.

use super::{ReportError, Table, TableForm, calendar};
use crate::record::{Facts, WorkloadRecord};
use crate::units::SimTime;
use std::path::Path;

const COLUMNS: &[&str] = &[
    "time_seconds",
    "time",
    "namespace",
    "workload",
    "desired_replicas",
    "current_replicas",
    "ready_replicas",
    "proposed_replicas",
    "request_rate_per_second",
    "request_rate_unserved_per_second",
    "cpu_used_cores",
    "cpu_requested_cores",
];

/// Whether a series counts thousandths.
#[derive(Clone, Copy)]
enum Scale {
    Whole,
    Thousandths,
}

/// Writes the values that hold from each instant at which one of them changes, workload by workload, and a last row at
/// the end of the run, so that the rows integrate to the totals.
pub(in crate::report) fn write_workloads(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COLUMNS)?;
    for workload in &facts.workloads {
        write_one(&mut table, facts, workload)?;
    }
    table.finish()
}

fn write_one(table: &mut Table, facts: &Facts, workload: &WorkloadRecord) -> Result<(), ReportError> {
    let [rate, unserved, cpu_used] =
        [&workload.request_rate_milli, &workload.request_rate_unserved_milli, &workload.cpu_used]
            .map(|load| load.points().collect::<Vec<_>>());
    let series: [(&[(SimTime, i64)], Scale); 8] = [
        (workload.desired.points(), Scale::Whole),
        (workload.current.points(), Scale::Whole),
        (workload.ready.points(), Scale::Whole),
        (workload.proposed.points(), Scale::Whole),
        (&rate, Scale::Thousandths),
        (&unserved, Scale::Thousandths),
        (&cpu_used, Scale::Thousandths),
        (workload.cpu_requested.points(), Scale::Thousandths),
    ];
    let mut next = [0_usize; 8];
    let mut values = [None; 8];
    loop {
        let upcoming = series
            .iter()
            .zip(next)
            .filter_map(|((points, _), index)| points.get(index))
            .map(|(at, _)| *at)
            .filter(|at| *at < facts.end)
            .min();
        let at = upcoming.unwrap_or(facts.end);
        for (((points, _), index), value) in series.iter().zip(&mut next).zip(&mut values) {
            while let Some((_, new)) = points.get(*index).filter(|(changed, _)| *changed <= at) {
                *value = Some(*new);
                *index += 1;
            }
        }
        if values.iter().any(Option::is_some) {
            write_row(
                table,
                facts,
                workload,
                at,
                series.iter().zip(values).map(|((_, scale), value)| (*scale, value)),
            )?;
        }
        if upcoming.is_none() {
            return Ok(());
        }
    }
}

fn write_row(
    table: &mut Table,
    facts: &Facts,
    workload: &WorkloadRecord,
    at: SimTime,
    values: impl Iterator<Item = (Scale, Option<i64>)>,
) -> Result<(), ReportError> {
    table.instant(Some(at))?;
    calendar(table, facts, at)?;
    table.text(&workload.namespace)?;
    table.text(&workload.name)?;
    for (scale, value) in values {
        match scale {
            Scale::Whole => table.count(value)?,
            Scale::Thousandths => table.thousandths(value)?,
        }
    }
    table.end_row()
}
