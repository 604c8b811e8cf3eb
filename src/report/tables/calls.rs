//! `calls.csv`: what became of the calls between traffic entries.

use super::{ReportError, Table, TableForm};
use crate::record::Facts;
use std::path::Path;

const COLUMNS: [&str; 14] = [
    "caller",
    "callee",
    "by",
    "calls",
    "served",
    "failed",
    "abandoned",
    "attempts",
    "retries",
    "hedges",
    "timeouts",
    "circuit_open",
    "over_budget",
    "ejections",
];

/// A row for each place at which calls are made.
pub(in crate::report) fn write_calls(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, &COLUMNS)?;
    for record in &facts.calls {
        table.text(&record.caller)?;
        table.text(&record.callee)?;
        table.text(if record.by_users { "users" } else { "pods" })?;
        let counts = [
            record.calls,
            record.served,
            record.failed,
            record.abandoned,
            record.attempts,
            record.retries,
            record.hedges,
            record.timeouts,
            record.circuit_open,
            record.over_budget,
            record.ejections,
        ];
        for count in counts {
            table.integer(count)?;
        }
        table.end_row()?;
    }
    table.finish()
}
