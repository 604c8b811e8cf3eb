//! What happened when: faults, actions and scale events, as marks in every timeline.

use super::chosen::{Chosen, change};
use super::words::milliseconds;
use crate::report::read::{ReadError, RunFolder, number};
use serde::Serialize;

/// What a mark is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MarkKind {
    /// A fault.
    Fault,
    /// An action of the scenario.
    Action,
    /// An autoscaler's decision that changes a size.
    Scale,
}

/// A mark.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Mark {
    /// When, in seconds.
    pub(super) at: f64,
    /// When its cause was gone, of a fault.
    pub(super) end: Option<f64>,
    /// What it is of.
    pub(super) kind: MarkKind,
    /// What happened.
    pub(super) what: String,
}

/// The marks in order of time, and what is left out.
///
/// # Errors
/// A table is missing or damaged.
pub(super) fn read(run: &RunFolder, most: usize) -> Result<(Vec<Mark>, String), ReadError> {
    let at = |cell: &str| milliseconds(number(cell).unwrap_or(0.0));
    let mut chosen = Chosen::new(most);
    run.each(
        "recovery.csv",
        ["struck_seconds", "ended_seconds", "kind", "subject"],
        |[struck, ended, kind, subject]| {
            chosen.offer(u64::MAX, || Mark {
                at: at(struck),
                end: number(ended).map(milliseconds),
                kind: MarkKind::Fault,
                what: format!("{kind} {subject}"),
            });
        },
    )?;
    run.each("actions.csv", ["at_seconds", "action", "target"], |[when, action, target]| {
        chosen.offer(u64::MAX, || Mark {
            at: at(when),
            end: None,
            kind: MarkKind::Action,
            what: format!("{action} of {target}"),
        });
    })?;
    let mut last = [String::new(), String::new()];
    run.each(
        "autoscaling.csv",
        ["time_seconds", "namespace", "name", "current_replicas", "desired_replicas"],
        |[when, namespace, name, current, desired]| {
            if current == desired || current.is_empty() || desired.is_empty() || last == [when, name] {
                // A HorizontalPodAutoscaler with several metrics has a row for each.
                return;
            }
            last = [when.to_owned(), name.to_owned()];
            let slash = if namespace.is_empty() { "" } else { "/" };
            chosen.offer(change(current, desired), || Mark {
                at: at(when),
                end: None,
                kind: MarkKind::Scale,
                what: format!("{namespace}{slash}{name} from {current} to {desired}"),
            });
        },
    )?;
    let (mut marks, all) = chosen.finish();
    marks.sort_by(|one, other| one.at.total_cmp(&other.at));
    let note = if all > marks.len() as u64 {
        format!(
            "{} of {all} faults, actions and scale events are marked: faults, actions and the largest changes.",
            marks.len()
        )
    } else {
        String::new()
    };
    Ok((marks, note))
}
