//! What users felt of each incident.

use super::chosen::Chosen;
use super::view::TableView;
use super::words::{instant_cell, span_cell};
use crate::report::numbers::{grouped, human_percent};
use crate::report::read::{ReadError, RunFolder, number};

/// The incident that did most harm.
#[derive(Clone, Debug, Default)]
pub(super) struct Harm {
    /// What it was and what it did, in a sentence.
    pub(super) words: Option<String>,
    /// Requests that it cost.
    lost: f64,
    is_not_back: bool,
}

impl Harm {
    /// Finds it.
    ///
    /// # Errors
    /// The table is missing or damaged.
    pub(super) fn read(run: &RunFolder) -> Result<Self, ReadError> {
        let mut most = Self::default();
        let columns = [
            "start_seconds",
            "incident",
            "requests_lost",
            "worst_minute_failed_ratio",
            "worst_minute_latency_seconds_p99",
            "back_after_seconds",
            "outcome",
        ];
        run.each("incidents.csv", columns, |[start, incident, lost, ratio, p99, back, outcome]| {
            let count = number(lost).unwrap_or(0.0);
            let is_not_back = outcome == "not_back";
            let is_worse = (is_not_back, count) > (most.is_not_back, most.lost);
            if !is_worse || (count <= 0.0 && outcome == "objective_held") {
                return;
            }
            let mut parts = vec![format!("{} requests lost", grouped(count.ceil()))];
            if let Some(ratio) = number(ratio).filter(|ratio| *ratio > 0.0) {
                parts.push(format!("{} in the worst minute", human_percent(ratio)));
            }
            if !p99.is_empty() {
                parts.push(format!("99th percentile of the latency up to {}", span_cell(p99)));
            }
            match outcome {
                "not_back" => parts.push("not back to its objective when the run ended".to_owned()),
                "back" => parts.push(format!("back to its objective after {}", span_cell(back))),
                _ => {}
            }
            let at = instant_cell(run, start);
            most = Self { words: Some(format!("{incident} at {at}: {}.", parts.join(", "))), lost: count, is_not_back };
        })?;
        Ok(most)
    }
}

/// One row per incident and traffic entry; those that did harm first where not all can be shown.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn incidents(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = [
        "at@",
        "incident*",
        "traffic",
        "requests lost#",
        "failed in the worst minute#",
        "p99 in the worst minute#",
        "p99 before#",
        "back after#",
        "outcome",
    ];
    let mut table = TableView::new("What users felt of each incident", &head);
    let mut chosen = Chosen::new(most);
    let columns = [
        "start_seconds",
        "kind",
        "incident",
        "traffic",
        "requests_lost",
        "worst_minute_failed_ratio",
        "worst_minute_latency_seconds_p99",
        "minute_before_latency_seconds_p99",
        "back_after_seconds",
        "outcome",
    ];
    let mut harmless = 0_u64;
    run.each("incidents.csv", columns, |[start, kind, incident, traffic, lost, ratio, p99, before, back, outcome]| {
        let count = number(lost).unwrap_or(0.0);
        if count <= 0.0 && outcome == "objective_held" {
            harmless += 1;
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float-to-integer cast saturates"
        )]
        let weight = match outcome {
            "not_back" => u64::MAX,
            "back" => (count as u64).saturating_add(1),
            _ => count as u64,
        };
        chosen.offer(weight, || {
            vec![
                instant_cell(run, start),
                format!("{kind}: {incident}"),
                traffic.to_owned(),
                grouped(count.ceil()),
                number(ratio).map_or_else(String::new, human_percent),
                span_cell(p99),
                span_cell(before),
                span_cell(back),
                outcome.replace('_', " "),
            ]
        });
    })?;
    let (rows, all) = chosen.finish();
    table.rows = rows;
    table.note_of(all, "incidents, those that did most harm", "incidents.csv");
    if harmless > 0 {
        let space = if table.note.is_empty() { "" } else { " " };
        let told = super::words::counted(harmless, "incident");
        let verb = if harmless == 1 { "is" } else { "are" };
        table.note = format!(
            "{}{space}{told} that cost no request and kept the objective {verb} left out; incidents.csv has all.",
            table.note
        );
    }
    Ok(table)
}
