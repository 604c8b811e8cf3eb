//! Finds the cheapest point that meets the objectives.

use super::PLAN_JOURNAL;
use super::evaluator::{Evaluator, Stop, value};
use super::lines::lines;
use super::outcome::{EvaluatedPoint, ObjectiveOutcome, PlanOutcome, slack};
use super::search::{Bench, Line, Rules, Search};
use crate::report::{Objective, Verdict};
use crate::stats;
use crate::study::sweep::{Model, Plan, Run, RunOutcome, Session, SweepError, SweepOptions};
use std::path::Path;

/// The metric that is minimised unless another is asked for, and the one in its place where prices are not known.
const COST: [&str; 2] = ["cost_dollars", "node_hours"];

/// How a search goes.
pub struct PlanOptions<'a> {
    /// Confidence, and share of the runs.
    pub rules: Rules,
    /// Runs at most.
    pub budget: usize,
    /// The metric to minimise; `None` for the cost in dollars, or node hours where a price is not known.
    pub minimize: Option<String>,
    /// Threads, interrupt and progress.
    pub sweep: SweepOptions<'a>,
}

/// Searches the points of `plan`. `None` if it was interrupted: the journal in `folder` has the runs that ended, and the same
/// search goes on with them. A search whose budget is spent keeps its journal, for one with a larger budget.
///
/// # Errors
/// [`SweepError`] if the journal cannot be written or the threads cannot be started.
pub fn find<M: Model>(
    model: &M,
    plan: &Plan,
    objectives: &[Objective],
    folder: &Path,
    options: &PlanOptions<'_>,
) -> Result<Option<PlanOutcome>, SweepError> {
    let session = Session::open(model, plan, &folder.join(PLAN_JOURNAL), &options.sweep)?;
    let mut evaluator = Evaluator::new(&session, plan, options.sweep.interrupt, options.budget);
    let lines = lines(plan);
    let stopped = choose_cost(&mut evaluator, &lines, options).err();
    let mut search = Search::new(lines.clone());
    let stopped = stopped.or_else(|| search.run(&options.rules, &mut evaluator).err());
    let is_budget_spent = match stopped {
        None => false,
        Some(Stop::Budget) => true,
        Some(Stop::Interrupted) => return Ok(None),
        Some(Stop::Error(error)) => return Err(error),
    };
    let evaluated = |(point, runs): (usize, &[Run])| {
        let tally = evaluator.tally(point);
        EvaluatedPoint {
            point,
            tally,
            bounds: stats::share_bounds(tally.met, tally.runs, options.rules.confidence),
            state: options.rules.state(&tally),
            objectives: objectives.iter().map(|objective| objective_outcome(objective, runs)).collect(),
        }
    };
    let bent = search.lines.iter().zip(&lines).filter(|(found, expected)| expected.is_monotone && !found.is_monotone);
    let outcome = PlanOutcome {
        answer: search.answer,
        undecided: search.undecided.iter().copied().collect(),
        not_monotone: bent.filter_map(|(_, line)| line.points.first().copied()).collect(),
        points: evaluator.runs().map(evaluated).collect(),
        spent: evaluator.spent(),
        resumed: session.resumed(),
        is_budget_spent,
        cost: evaluator.cost.clone(),
        failures: evaluator.runs().flat_map(|(point, runs)| failures(plan, point, runs)).collect(),
    };
    if !is_budget_spent && outcome.failures.is_empty() {
        session.close()?;
    }
    Ok(Some(outcome))
}

/// Runs the first point of each line once, and takes node hours where one of them has no known cost.
fn choose_cost<M: Model>(
    evaluator: &mut Evaluator<'_, M>,
    lines: &[Line],
    options: &PlanOptions<'_>,
) -> Result<(), Stop> {
    if let Some(metric) = &options.minimize {
        evaluator.cost.clone_from(metric);
        return Ok(());
    }
    let [dollars, hours] = COST;
    dollars.clone_into(&mut evaluator.cost);
    let firsts: Vec<usize> = lines.iter().filter_map(|line| line.points.first().copied()).collect();
    evaluator.ensure(&firsts.iter().map(|point| (*point, 1)).collect::<Vec<_>>())?;
    // A run that failed says nothing of prices.
    let has_run = |point: usize| {
        let mut runs = evaluator.runs().filter(|(run, _)| *run == point).flat_map(|(_, runs)| runs);
        runs.any(|run| matches!(run.outcome, RunOutcome::Finished(_)))
    };
    if firsts.iter().any(|point| has_run(*point) && evaluator.tally(*point).cost.is_none()) {
        hours.clone_into(&mut evaluator.cost);
    }
    Ok(())
}

fn objective_outcome(objective: &Objective, runs: &[Run]) -> ObjectiveOutcome {
    let values: Vec<Option<f64>> = runs.iter().map(|run| value(run, &objective.column())).collect();
    let met = values.iter().filter(|value| objective.verdict(**value) == Verdict::Met).count();
    let known: Vec<f64> = values.into_iter().flatten().collect();
    let mean = stats::mean(&known);
    ObjectiveOutcome {
        met: u32::try_from(met).unwrap_or(u32::MAX),
        mean,
        slack: mean.map(|mean| slack(objective, mean)),
    }
}

fn failures(plan: &Plan, point: usize, runs: &[Run]) -> Vec<String> {
    let label = plan.points().get(point).map(crate::study::sweep::Point::label).unwrap_or_default();
    let failure = |run: &Run| match &run.outcome {
        RunOutcome::Failed(error) => {
            let seed = run.seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
            Some(format!("{label}{seed}: {error}"))
        }
        RunOutcome::Finished(_) => None,
    };
    runs.iter().filter_map(failure).collect()
}
