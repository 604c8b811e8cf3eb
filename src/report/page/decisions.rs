//! Tables of what happened: faults and recovery, actions and rollouts, what autoscalers decided and why.

use super::chosen::{Chosen, change};
use super::view::TableView;
use super::words::{instant_cell, span_cell};
use crate::report::numbers::human_number;
use crate::report::read::{ReadError, RunFolder, number};

/// The faults and the recovery from each.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn recoveries(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = ["struck@", "fault@", "detected after#", "all ready after#", "pods lost#", "replica-seconds missing#"];
    let mut table = TableView::new("Faults and recovery", &head);
    let mut chosen = Chosen::new(most);
    let columns = [
        "struck_seconds",
        "kind",
        "subject",
        "detection_seconds",
        "recovery_seconds",
        "restored_seconds",
        "pods_lost",
        "missing_replica_seconds",
    ];
    run.each("recovery.csv", columns, |[struck, kind, subject, detection, recovery, restored, lost, missing]| {
        chosen.offer(u64::from(restored.is_empty()), || {
            let or = |text: String, else_say: &str| if text.is_empty() { else_say.to_owned() } else { text };
            vec![
                instant_cell(run, struck),
                format!("{kind} {subject}"),
                or(span_cell(detection), "not detected"),
                if restored.is_empty() { "not in this run".to_owned() } else { span_cell(recovery) },
                lost.to_owned(),
                number(missing).map_or_else(String::new, human_number),
            ]
        });
    })?;
    let (rows, all) = chosen.finish();
    table.rows = rows;
    table.note_of(all, "faults", "recovery.csv");
    Ok(table)
}

/// The actions of the scenario: rollouts, drains, scalings and so on.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn actions(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let mut table =
        TableView::new("Actions and rollouts", &["at@", "action", "target@", "outcome", "took#", "detail*"]);
    let mut chosen = Chosen::new(most);
    let columns = ["at_seconds", "action", "target", "outcome", "duration_seconds", "detail"];
    run.each("actions.csv", columns, |[at, action, target, outcome, duration, detail]| {
        let is_notable = !["Done", "Unchanged"].contains(&outcome);
        chosen.offer(is_notable.into(), || {
            vec![
                instant_cell(run, at),
                action.to_owned(),
                target.to_owned(),
                outcome.to_owned(),
                span_cell(duration),
                detail.to_owned(),
            ]
        });
    })?;
    let (rows, all) = chosen.finish();
    table.rows = rows;
    table.note_of(all, "actions", "actions.csv");
    Ok(table)
}

/// What autoscalers decided and why; those decisions first that change a size.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn autoscaling(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = ["at@", "autoscaler", "object", "decision", "size@", "why*"];
    let mut table = TableView::new("Decisions of autoscalers", &head);
    let mut chosen = Chosen::new(most);
    let columns = [
        "time_seconds",
        "namespace",
        "name",
        "target",
        "autoscaler",
        "decision",
        "current_replicas",
        "desired_replicas",
        "proposed_replicas",
        "limited_by",
        "metric",
        "metric_current",
        "metric_target",
        "metric_error",
        "inputs",
    ];
    run.each("autoscaling.csv", columns, |cells| {
        let [time, namespace, name, target, autoscaler, decision, current, desired, rest @ ..] = cells;
        chosen.offer(change(current, desired), || {
            let slash = if namespace.is_empty() { "" } else { "/" };
            let object = match (name.is_empty(), target.is_empty()) {
                (false, true) => format!("{namespace}{slash}{name}"),
                (false, false) => format!("{namespace}{slash}{name} ({target})"),
                (true, _) => target.to_owned(),
            };
            let size = match (current, desired) {
                (_, "") => current.to_owned(),
                (current, desired) if current == desired => current.to_owned(),
                (current, desired) => format!("{current} to {desired}"),
            };
            vec![instant_cell(run, time), autoscaler.replace('-', " "), object, decision.to_owned(), size, why(rest)]
        });
    })?;
    let (rows, all) = chosen.finish();
    table.rows = rows;
    table.note_of(all, "rows, those with the largest changes of a size", "autoscaling.csv");
    Ok(table)
}

/// Metric, proposal and what limited it, in a sentence.
fn why([proposed, limited_by, metric, current, target, error, inputs]: [&str; 7]) -> String {
    let short = |cell: &str| number(cell).map_or_else(|| cell.to_owned(), human_number);
    let mut parts = Vec::new();
    if !metric.is_empty() {
        let value = if current.is_empty() { "unknown".to_owned() } else { short(current) };
        parts.push(format!("{metric}: {value} of {}", short(target)));
    }
    if !error.is_empty() {
        parts.push(error.to_owned());
    }
    if !proposed.is_empty() {
        parts.push(format!("metrics ask for {}", short(proposed)));
    }
    if !limited_by.is_empty() {
        parts.push(format!("limited by {limited_by}"));
    }
    if !inputs.is_empty() {
        parts.push(inputs.replace(';', "; "));
    }
    parts.join(", ")
}
