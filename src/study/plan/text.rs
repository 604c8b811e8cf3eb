//! The answer for people at a terminal.

use super::outcome::{EvaluatedPoint, PlanOutcome};
use super::search::{Rules, State};
use crate::report::Objective;
use crate::report::format::{Column, Format, ResultSet};
use crate::study::amounts::{objective_text, push_wrapped, unit_of, value_text};
use crate::study::sweep::Plan;

/// The answer, what binds it, what the next cheaper point misses, what is not decided, and every point that was run.
#[must_use]
pub fn text(plan: &Plan, objectives: &[Objective], rules: &Rules, outcome: &PlanOutcome) -> String {
    let mut text = String::new();
    let mut line = |label: &str, content: String| {
        push_wrapped(&mut text, &format!("{label:<11} "), &content, 12);
    };
    let name = |point: usize| plan.points().get(point).map(crate::study::sweep::Point::label).unwrap_or_default();
    let share = value_text(unit_of("apdex_ratio"), rules.reliability);
    let confidence = value_text(unit_of("apdex_ratio"), rules.confidence);
    match outcome.answer.and_then(|answer| outcome.point(answer)) {
        Some(answer) => {
            let is_cheapest = outcome.undecided.is_empty() && !outcome.is_budget_spent;
            let word = if is_cheapest { "cheapest" } else { "meets" };
            line(word, name(answer.point));
            line("cost", cost(outcome, answer));
            let (met, runs) = (answer.tally.met, answer.tally.runs);
            line(
                "objectives",
                format!("met in {met} of {runs} runs: with {confidence} confidence in {share} or more of all"),
            );
            if let Some(index) = outcome.binding() {
                line("binds", binding(objectives, answer, index));
            }
        }
        None if outcome.undecided.is_empty() && !outcome.is_budget_spent => {
            line("answer", format!("no point meets the objectives in {share} of its runs"));
        }
        None => line("answer", "not known: no point is decided to meet the objectives".to_owned()),
    }
    if let Some(next) = outcome.next_cheaper() {
        let label = if outcome.answer.is_some() { "cheaper" } else { "nearest" };
        line(label, format!("{}: {}, {}", name(next.point), cost(outcome, next), missed(objectives, next)));
    }
    for index in &outcome.undecided {
        let Some(point) = outcome.point(*index) else { continue };
        let why = if point.tally.cost.is_none() { ", its cost is not known" } else { "" };
        let (met, runs) = (point.tally.met, point.tally.runs);
        line("undecided", format!("{}: {}, met in {met} of {runs} runs{why}", name(*index), cost(outcome, point)));
    }
    for index in &outcome.not_monotone {
        line("note", format!("from {} on, more does not always help: every point there was tried", name(*index)));
    }
    let budget = if outcome.is_budget_spent { ", which is the budget: a larger one goes on from here" } else { "" };
    let (tried, all) = (outcome.points.len(), plan.points().len());
    line("runs", format!("{} at {tried} of {all} points{budget}", outcome.spent));
    format!("{text}\n{}", table(plan, outcome).render(Format::Table))
}

fn cost(outcome: &PlanOutcome, point: &EvaluatedPoint) -> String {
    let amount = point.tally.cost.map_or_else(|| "unknown".to_owned(), |cost| value_text(unit_of(&outcome.cost), cost));
    format!("{amount} ({})", outcome.cost)
}

/// The objective that has least left to its bound.
fn binding(objectives: &[Objective], point: &EvaluatedPoint, index: usize) -> String {
    let (Some(objective), Some(found)) = (objectives.get(index), point.objectives.get(index)) else {
        return String::new();
    };
    let unit = if objective.of_intervals.is_some() { unit_of("apdex_ratio") } else { unit_of(&objective.metric) };
    let mean = found.mean.map_or_else(String::new, |mean| format!(" ({} on average)", value_text(unit, mean)));
    format!("{}{mean}", objective_text(objective))
}

/// Why a point fails: the objectives that some run misses.
fn missed(objectives: &[Objective], point: &EvaluatedPoint) -> String {
    let runs = point.tally.runs;
    let missed: Vec<String> = point
        .objectives
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.met < runs)
        .map(|(index, outcome)| {
            format!("{} missed in {} of {runs} runs", binding(objectives, point, index), runs - outcome.met)
        })
        .collect();
    format!("fails: {}", missed.join("; "))
}

fn table(plan: &Plan, outcome: &PlanOutcome) -> ResultSet {
    let mut table = ResultSet::new(vec![
        Column::for_people("POINT"),
        Column::for_people("CONFIGURATION"),
        Column::for_people("COST"),
        Column::for_people("RUNS"),
        Column::for_people("MET"),
        Column::for_people("VERDICT"),
    ]);
    for evaluated in &outcome.points {
        let label = plan.points().get(evaluated.point).map(crate::study::sweep::Point::short_label).unwrap_or_default();
        let unit = unit_of(&outcome.cost);
        let verdict = match evaluated.state {
            State::Met if outcome.answer == Some(evaluated.point) => "met, the answer",
            State::Open if outcome.answer.is_some() && !outcome.undecided.contains(&evaluated.point) => "dearer",
            state => state.word(),
        };
        table.push(vec![
            i64::try_from(evaluated.point).unwrap_or(i64::MAX).into(),
            label.into(),
            evaluated.tally.cost.map_or_else(|| "unknown".to_owned(), |cost| value_text(unit, cost)).into(),
            i64::from(evaluated.tally.runs).into(),
            i64::from(evaluated.tally.met).into(),
            verdict.into(),
        ]);
    }
    table
}
