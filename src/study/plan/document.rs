//! `plan.json`: the answer and what it rests on.

use super::PLAN_DOCUMENT;
use super::outcome::{EvaluatedPoint, PlanOutcome};
use super::search::Rules;
use crate::report::Objective;
use crate::study::sweep::{Plan, SweepError, write_whole};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Version of the form. It grows when a field changes its meaning or goes; new ones leave it.
const FORMAT_VERSION: u32 = 1;

/// Writes the document, whole or not at all, and gives its path.
///
/// # Errors
/// [`SweepError::Output`] if it cannot be written.
pub fn write_json(
    plan: &Plan,
    objectives: &[Objective],
    rules: &Rules,
    outcome: &PlanOutcome,
    folder: &Path,
) -> Result<PathBuf, SweepError> {
    let text = format!("{:#}\n", document(plan, objectives, rules, outcome));
    write_whole(&folder.join(PLAN_DOCUMENT), &Ok(text.into_bytes()))
}

/// The document.
pub(super) fn document(plan: &Plan, objectives: &[Objective], rules: &Rules, outcome: &PlanOutcome) -> Value {
    let of_point = |evaluated: &EvaluatedPoint| point(plan, objectives, evaluated);
    let set = |index: usize| {
        let values = plan.points().get(index).map(|point| point.values.clone()).unwrap_or_default();
        Value::Object(values.into_iter().collect::<Map<String, Value>>())
    };
    let binding = outcome.binding().and_then(|index| objectives.get(index)).map(Objective::column);
    json!({
        "format_version": FORMAT_VERSION,
        "wavetank_version": env!("CARGO_PKG_VERSION"),
        "confidence": rules.confidence,
        "reliability": rules.reliability,
        "minimized": outcome.cost,
        "answer": outcome.answer.and_then(|index| outcome.point(index)).map(of_point),
        "answer_set": outcome.answer.map(set),
        "binding_objective": binding,
        "next_cheaper": outcome.next_cheaper().map(of_point),
        "undecided": outcome.undecided.iter().filter_map(|index| outcome.point(*index)).map(of_point).collect::<Vec<_>>(),
        "not_monotone_lines": outcome.not_monotone,
        "runs": outcome.spent,
        "is_budget_spent": outcome.is_budget_spent,
        "points_evaluated": outcome.points.len(),
        "points": plan.points().len(),
        "failures": outcome.failures,
    })
}

fn point(plan: &Plan, objectives: &[Objective], evaluated: &EvaluatedPoint) -> Value {
    let label = plan.points().get(evaluated.point).map(crate::study::sweep::Point::label);
    let of_objectives: Vec<Value> = objectives
        .iter()
        .zip(&evaluated.objectives)
        .map(|(objective, outcome)| {
            json!({
                "objective": objective.column(),
                "min": objective.min,
                "max": objective.max,
                "mean": outcome.mean,
                "met_runs": outcome.met,
                "slack_ratio": outcome.slack,
            })
        })
        .collect();
    json!({
        "point": evaluated.point,
        "name": label,
        "runs": evaluated.tally.runs,
        "met_runs": evaluated.tally.met,
        "met_ratio_low": evaluated.bounds.0,
        "met_ratio_high": evaluated.bounds.1,
        "verdict": evaluated.state.word(),
        "cost_mean": evaluated.tally.cost,
        "objectives": of_objectives,
    })
}
