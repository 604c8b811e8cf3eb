//! `incidents.csv`: what the users of each traffic entry felt of each fault, rollout, action, scaling and lost node.

use super::{ReportError, Table, TableForm, calendar};
use crate::record::Facts;
use crate::report::incidents::incidents;
use crate::units::SimDuration;
use std::path::Path;

const COLUMNS: &[&str] = &[
    "start_seconds",
    "start_time",
    "kind",
    "incident",
    "end_seconds",
    "traffic",
    "requests_lost",
    "worst_minute_failed_ratio",
    "worst_minute_latency_seconds_p99",
    "minute_before_latency_seconds_p99",
    "missed_seconds",
    "back_after_seconds",
    "outcome",
];

/// A row for each incident and traffic entry that it touched.
pub(in crate::report) fn write_incidents(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COLUMNS)?;
    for incident in incidents(facts) {
        let (happening, harm) = (&incident.happening, &incident.harm);
        table.instant(Some(happening.start))?;
        calendar(&mut table, facts, happening.start)?;
        table.text(happening.kind.word())?;
        table.text(&happening.what)?;
        table.instant(happening.end)?;
        table.text(&incident.traffic.identity.name)?;
        // Of a fluid parts of requests fail: a thousandth of one is told.
        table.float(Some((harm.lost * 1000.0).round() / 1000.0))?;
        table.float(Some(harm.worst_failed_ratio))?;
        table.span(harm.worst_p99)?;
        table.span(harm.p99_before)?;
        table.span(Some(harm.missed))?;
        table.span(harm.back_after)?;
        table.text(match (harm.missed > SimDuration::ZERO, harm.is_not_back()) {
            (false, _) => "objective_held",
            (true, false) => "back",
            (true, true) => "not_back",
        })?;
        table.end_row()?;
    }
    table.finish()
}
