//! `jobs.csv`: one row per Job, in order of creation.

use super::{ReportError, Table, TableForm};
use crate::record::{Facts, JobOutcome, JobRecord};
use std::path::Path;

const COLUMNS: &[&str] = &[
    "namespace",
    "name",
    "owner",
    "created_seconds",
    "started_seconds",
    "finished_seconds",
    "duration_seconds",
    "outcome",
    "reason",
    "completions",
    "pods_succeeded",
    "pods_failed",
];

/// The word for an outcome in files.
const fn outcome_word(outcome: JobOutcome) -> &'static str {
    match outcome {
        JobOutcome::Complete => "complete",
        JobOutcome::Failed => "failed",
        JobOutcome::Deleted => "deleted",
        JobOutcome::Suspended => "suspended",
        JobOutcome::Running => "running",
    }
}

/// Writes every Job. `duration_seconds` is from its start to its end.
pub(in crate::report) fn write_jobs(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COLUMNS)?;
    for job in &facts.jobs {
        write_one(&mut table, job)?;
    }
    table.finish()
}

fn write_one(table: &mut Table, job: &JobRecord) -> Result<(), ReportError> {
    table.text(&job.namespace)?;
    table.text(&job.name)?;
    table.text(&job.owner)?;
    table.instant(Some(job.created))?;
    table.instant(job.started)?;
    table.instant(job.finished)?;
    table.span(job.started.zip(job.finished).map(|(started, finished)| finished - started))?;
    table.text(outcome_word(job.outcome))?;
    table.text(&job.reason)?;
    match job.completions {
        Some(completions) => table.integer(completions)?,
        None => table.text("")?,
    }
    table.integer(job.succeeded)?;
    table.integer(job.failed)?;
    table.end_row()
}
