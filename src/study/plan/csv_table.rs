//! `plan.csv`: a row for each point that was run.

use super::PLAN_FILE;
use super::outcome::{EvaluatedPoint, PlanOutcome};
use crate::report::Objective;
use crate::study::sweep::{Plan, SweepError, write_whole};
use std::io;
use std::path::{Path, PathBuf};

/// Writes the table, whole or not at all, and gives its path.
///
/// # Errors
/// [`SweepError::Output`] if it cannot be written.
pub fn write_csv(
    plan: &Plan,
    objectives: &[Objective],
    outcome: &PlanOutcome,
    folder: &Path,
) -> Result<PathBuf, SweepError> {
    write_whole(&folder.join(PLAN_FILE), &table(plan, objectives, outcome))
}

fn table(plan: &Plan, objectives: &[Objective], outcome: &PlanOutcome) -> io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let parameters = plan.parameters().iter().map(|parameter| parameter.name.clone());
    let fixed = ["runs", "met_runs", "met_ratio_low", "met_ratio_high", "verdict", "is_answer"].map(str::to_owned);
    let cost = [format!("{}_mean", outcome.cost)];
    let of_objectives = objectives.iter().enumerate().flat_map(|(index, objective)| {
        ["mean", "met_runs"].map(|what| format!("objective_{index}_{}_{what}", objective.column()))
    });
    let header = ["point".to_owned()].into_iter().chain(parameters).chain(fixed).chain(cost).chain(of_objectives);
    table.write_record(header)?;
    for evaluated in &outcome.points {
        let Some(point) = plan.points().get(evaluated.point) else { continue };
        table.write_field(point.index.to_string())?;
        for text in point.texts() {
            table.write_field(text)?;
        }
        let is_answer = outcome.answer == Some(evaluated.point);
        for cell in cells(evaluated, is_answer) {
            table.write_field(cell)?;
        }
        table.write_record(None::<&[u8]>)?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn cells(evaluated: &EvaluatedPoint, is_answer: bool) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let (low, high) = evaluated.bounds;
    let mut cells = vec![
        evaluated.tally.runs.to_string(),
        evaluated.tally.met.to_string(),
        low.to_string(),
        high.to_string(),
        evaluated.state.word().to_owned(),
        is_answer.to_string(),
        number(evaluated.tally.cost),
    ];
    for objective in &evaluated.objectives {
        cells.push(number(objective.mean));
        cells.push(objective.met.to_string());
    }
    cells
}
