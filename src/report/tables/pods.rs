//! `pods.csv`: one row per pod, in order of creation.

use super::{ReportError, Table, TableForm, extended};
use crate::record::{Facts, PodOutcome, PodRecord};
use crate::report::evictions::{Cause, Evictions};
use crate::report::summary::pending_for;
use std::path::Path;

const COLUMNS: &[&str] = &[
    "namespace",
    "name",
    "workload",
    "arrival",
    "node",
    "priority",
    "cpu_request_cores",
    "memory_request_bytes",
    "extended_requests",
    "created_seconds",
    "scheduled_seconds",
    "running_seconds",
    "ready_seconds",
    "deletion_requested_seconds",
    "ended_seconds",
    "pending_seconds",
    "startup_seconds",
    "outcome",
    "evicted_by",
    "restarts",
    "scheduling_attempts",
    "reason",
];

/// The word for an outcome in files.
const fn outcome_word(outcome: PodOutcome) -> &'static str {
    match outcome {
        PodOutcome::Succeeded => "succeeded",
        PodOutcome::Failed => "failed",
        PodOutcome::Deleted => "deleted",
        PodOutcome::DeletedWhilePending => "deleted_while_pending",
        PodOutcome::Evicted => "evicted",
        PodOutcome::Running => "running",
        PodOutcome::Pending => "pending",
        PodOutcome::Impossible => "impossible",
    }
}

/// Writes every pod. `pending_seconds` of a pod that was never bound is the time until it was deleted or the run ended.
pub(in crate::report) fn write_pods(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COLUMNS)?;
    let evictions = Evictions::new(facts);
    for pod in &facts.pods {
        write_one(&mut table, facts, &evictions, pod)?;
    }
    table.finish()
}

fn write_one(table: &mut Table, facts: &Facts, evictions: &Evictions<'_>, pod: &PodRecord) -> Result<(), ReportError> {
    table.text(&pod.namespace)?;
    table.text(&pod.name)?;
    table.text(&pod.workload)?;
    table.text(&pod.arrival)?;
    table.text(pod.node.and_then(|node| facts.nodes.get(node as usize)).map_or("", |node| &node.name))?;
    table.integer(pod.priority)?;
    table.thousandths(Some(pod.cpu_request.get()))?;
    table.integer(pod.memory_request.get())?;
    table.text(&extended(&pod.extended_requests))?;
    table.instant(Some(pod.created))?;
    table.instant(pod.scheduled)?;
    table.instant(pod.running)?;
    table.instant(pod.ready)?;
    table.instant(pod.deletion_requested)?;
    table.instant(pod.ended)?;
    table.span(Some(pending_for(pod, facts.end)))?;
    table.span(pod.ready.map(|ready| ready - pod.created))?;
    table.text(outcome_word(pod.outcome))?;
    table.text(evictions.cause(pod).map_or("", Cause::word))?;
    table.integer(pod.restarts)?;
    table.integer(pod.scheduling_attempts)?;
    table.text(&pod.reason)?;
    table.end_row()
}
