//! For what pods waited: by the reasons that kube-scheduler gave, and by what their node went through.

use super::view::TableView;
use super::words::{float, span_cell};
use crate::report::numbers::{grouped, human_percent, human_seconds};
use crate::report::read::{ReadError, RunFolder, number};
use std::collections::{BTreeMap, BTreeSet};

/// The most causes that are told.
const CAUSES: usize = 12;
/// Of pods that no attempt failed for.
const NO_FAILURE: &str = "no attempt failed: the scheduler's queue and the binding";

/// The reasons of a `FailedScheduling` message without their counts: `Insufficient cpu`.
fn reasons(message: &str) -> String {
    let Some((_, rest)) = message.split_once("nodes are available: ") else {
        return message.split(". ").next().unwrap_or(message).trim_end_matches('.').to_owned();
    };
    let rest = rest.split(". ").next().unwrap_or(rest).trim_end_matches('.');
    let mut reasons = BTreeSet::new();
    let mut clause = String::new();
    for part in rest.split(", ") {
        // A reason may have a comma in it; the next one begins with a count.
        let plain = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if plain.len() == part.len() && !clause.is_empty() {
            clause.push_str(", ");
        } else if !clause.is_empty() {
            reasons.insert(std::mem::take(&mut clause));
        }
        clause.push_str(plain.trim_start());
    }
    reasons.insert(clause);
    reasons.into_iter().collect::<Vec<_>>().join("; ")
}

/// The time that pods waited to be bound, by the reasons of the first message about them.
///
/// # Errors
/// A table is missing or damaged.
pub(super) fn by_cause(run: &RunFolder) -> Result<TableView, ReadError> {
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    let columns = ["reason", "kind", "namespace", "name", "message"];
    run.each("events.csv", columns, |[reason, kind, namespace, name, message]| {
        if reason == "FailedScheduling" && kind == "Pod" {
            failed.entry(format!("{namespace}/{name}")).or_insert_with(|| reasons(message));
        }
    })?;
    let mut waits: BTreeMap<String, (u64, f64, f64)> = BTreeMap::new();
    let mut total = 0.0;
    run.each("pods.csv", ["namespace", "name", "pending_seconds"], |[namespace, name, pending]| {
        let seconds = number(pending).unwrap_or(0.0);
        let cause = failed.get(&format!("{namespace}/{name}")).map_or(NO_FAILURE, String::as_str);
        if !waits.contains_key(cause) {
            waits.insert(cause.to_owned(), (0, 0.0, 0.0));
        }
        if let Some((pods, sum, most)) = waits.get_mut(cause) {
            *pods += 1;
            *sum += seconds;
            *most = most.max(seconds);
        }
        total += seconds;
    })?;
    let head = ["why (first FailedScheduling)*", "pods#", "waited together#", "share#", "longest#"];
    let mut table = TableView::new("Time that pods waited to be bound, by cause", &head);
    let mut waits: Vec<(String, (u64, f64, f64))> = waits.into_iter().collect();
    waits.sort_by(|(_, one), (_, other)| other.1.total_cmp(&one.1));
    let all = waits.len() as u64;
    for (cause, (pods, sum, most)) in waits.into_iter().take(CAUSES) {
        let share = if total > 0.0 { human_percent(sum / total) } else { String::new() };
        table.rows.push(vec![cause, grouped(float(pods)), human_seconds(sum), share, human_seconds(most)]);
    }
    table.note_of(all, "causes", "events.csv");
    Ok(table)
}

/// The cause for which pods waited longest together, in a sentence, where an attempt failed.
pub(super) fn longest(by_cause: &TableView) -> Option<String> {
    by_cause.rows.iter().find_map(|row| match row.as_slice() {
        [cause, pods, together, _, longest] if cause != NO_FAILURE => {
            let noun = if pods == "1" { "pod" } else { "pods" };
            Some(format!("{pods} {noun} waited to be bound for {together} together, at most {longest}: {cause}."))
        }
        _ => None,
    })
}

/// What pods that were bound to a new node waited for, stage by stage.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn by_stage(run: &RunFolder) -> Result<TableView, ReadError> {
    const STAGES: [(&str, &str); 7] = [
        ("decision_seconds", "until the machine was asked for"),
        ("launch_seconds", "until the machine was there"),
        ("register_seconds", "until it had a Node object"),
        ("ready_seconds", "until the node was ready"),
        ("schedule_seconds", "until the pod was bound"),
        ("pull_seconds", "until its containers ran"),
        ("start_seconds", "until it was ready"),
    ];
    let mut stages: [Vec<f64>; 7] = Default::default();
    run.each("node_waits.csv", STAGES.map(|(column, _)| column), |cells| {
        for (stage, cell) in stages.iter_mut().zip(cells) {
            stage.extend(number(cell));
        }
    })?;
    let pods = stages.first().map_or(0, Vec::len);
    let caption = format!(
        "What {} waited for that were bound to a node that came after them",
        super::words::counted(pods as u64, "pod")
    );
    let mut table = TableView::new(&caption, &["stage", "mean#", "longest#"]);
    for ((_, words), values) in STAGES.iter().zip(stages) {
        if values.is_empty() {
            continue;
        }
        let mean = values.iter().sum::<f64>() / float(values.len() as u64);
        let most = values.iter().copied().fold(0.0, f64::max);
        table.rows.push(vec![(*words).to_owned(), human_seconds(mean), span_cell(&most.to_string())]);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_without_counts() {
        let cases = [
            (
                "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No victims.",
                "Insufficient cpu",
                "what preemption says is another matter",
            ),
            (
                "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient memory.",
                "Insufficient memory; node(s) had untolerated taint(s)",
                "several reasons in one order",
            ),
            ("0/1 nodes are available: 1 a, b, 2 c.", "a, b; c", "a comma within a reason"),
            ("no nodes available to schedule pods", "no nodes available to schedule pods", "no list"),
        ];
        for (message, expected, why) in cases {
            assert_eq!(reasons(message), expected, "{why}");
        }
    }
}
