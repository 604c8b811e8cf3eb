//! The lists of Events and of pods, which the reader searches.

use super::chosen::Chosen;
use super::words::{float, milliseconds};
use crate::report::numbers::grouped;
use crate::report::read::{ReadError, RunFolder, number};
use serde::Serialize;

/// First and last time, count, type, reason, source, object, message.
pub(super) type EventRow = (f64, f64, u64, String, String, String, String, String);

/// A pod: each field is a column of the list.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PodRow(
    /// `namespace/name`.
    String,
    /// Workload or arrival stream.
    String,
    /// Node.
    String,
    /// When it was created.
    f64,
    /// How long it waited to be bound.
    Option<f64>,
    /// From its creation to ready.
    Option<f64>,
    /// How it came out.
    String,
    /// Restarts.
    u64,
    /// Why it had to go, or is not running.
    String,
);

/// What a list leaves out.
fn note(shown: usize, all: u64, things: &str, first: &str, file: &str) -> String {
    if all <= shown as u64 {
        return String::new();
    }
    format!(
        "{} of {} {things} are listed, {first} first; {file} has all.",
        grouped(float(shown as u64)),
        grouped(float(all))
    )
}

/// The Events, warnings first where not all can be shown.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn events(run: &RunFolder, most: usize) -> Result<(Vec<EventRow>, String), ReadError> {
    let columns =
        ["first_seconds", "last_seconds", "count", "type", "reason", "source", "kind", "namespace", "name", "message"];
    let mut chosen = Chosen::new(most);
    run.each(
        "events.csv",
        columns,
        |[first, last, count, kind_of, reason, source, kind, namespace, name, message]| {
            chosen.offer(u64::from(kind_of == "Warning"), || {
                let slash = if namespace.is_empty() { "" } else { "/" };
                (
                    milliseconds(number(first).unwrap_or(0.0)),
                    milliseconds(number(last).unwrap_or(0.0)),
                    count.parse().unwrap_or(1),
                    kind_of.to_owned(),
                    reason.to_owned(),
                    source.to_owned(),
                    format!("{kind} {namespace}{slash}{name}"),
                    message.to_owned(),
                )
            });
        },
    )?;
    let (rows, all) = chosen.finish();
    let note = note(rows.len(), all, "Events", "those of type Warning", "events.csv");
    Ok((rows, note))
}

/// The pods, those that had trouble first where not all can be shown.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn pods(run: &RunFolder, most: usize) -> Result<(Vec<PodRow>, String), ReadError> {
    let columns = [
        "namespace",
        "name",
        "workload",
        "arrival",
        "node",
        "created_seconds",
        "pending_seconds",
        "startup_seconds",
        "outcome",
        "restarts",
        "evicted_by",
        "reason",
    ];
    let mut chosen = Chosen::new(most);
    run.each("pods.csv", columns, |cells| {
        let [
            namespace,
            name,
            workload,
            arrival,
            node,
            created,
            pending,
            startup,
            outcome,
            restarts,
            evicted_by,
            reason,
        ] = cells;
        let had_trouble = ["failed", "evicted", "pending", "impossible"].contains(&outcome)
            || !evicted_by.is_empty()
            || restarts != "0"
            || number(pending).is_some_and(|seconds| seconds > 10.0);
        chosen.offer(had_trouble.into(), || {
            PodRow(
                format!("{namespace}/{name}"),
                if workload.is_empty() { arrival.to_owned() } else { workload.to_owned() },
                node.to_owned(),
                milliseconds(number(created).unwrap_or(0.0)),
                number(pending).map(milliseconds),
                number(startup).map(milliseconds),
                outcome.replace('_', " "),
                restarts.parse().unwrap_or(0),
                [evicted_by, reason].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": "),
            )
        });
    })?;
    let (rows, all) = chosen.finish();
    let first = "those that waited long, failed, restarted or had to go";
    let note = note(rows.len(), all, "pods", first, "pods.csv");
    Ok((rows, note))
}
