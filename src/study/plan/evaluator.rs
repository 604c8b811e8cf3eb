//! Runs points for a search, within a budget.

use super::search::{Bench, Tally};
use crate::study::sweep::{Model, OBJECTIVES_MET, Plan, Point, Run, RunOutcome, Session, SweepError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// The metric that says that costs are lower bounds.
const UNKNOWN_PRICE: &str = "node_hours_of_unknown_price";

/// Why no further run can be had.
#[derive(Debug)]
pub(super) enum Stop {
    /// The budget is spent.
    Budget,
    /// It was interrupted.
    Interrupted,
    /// A run cannot be kept.
    Error(SweepError),
}

/// The runs of a search. Runs of an earlier, interrupted search count as if they were played now, so that the same are asked
/// for and the result is the same.
pub(super) struct Evaluator<'a, M: Model> {
    session: &'a Session<'a, M>,
    plan: &'a Plan,
    interrupt: &'a AtomicBool,
    budget: usize,
    spent: usize,
    runs: BTreeMap<usize, Vec<Run>>,
    /// The metric to minimise.
    pub(super) cost: String,
}

impl<'a, M: Model> Evaluator<'a, M> {
    /// No run yet.
    pub(super) fn new(session: &'a Session<'a, M>, plan: &'a Plan, interrupt: &'a AtomicBool, budget: usize) -> Self {
        Self { session, plan, interrupt, budget, spent: 0, runs: BTreeMap::new(), cost: String::new() }
    }

    /// Runs so far.
    pub(super) const fn spent(&self) -> usize {
        self.spent
    }

    /// The points that were run, each with its runs in order of the replications.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, &[Run])> {
        self.runs.iter().map(|(point, runs)| (*point, runs.as_slice()))
    }

    /// The mean of the metric to minimise; `None` if a run has none, or one that is a lower bound.
    fn mean_cost(&self, runs: &[Run]) -> Option<f64> {
        let mut values = Vec::new();
        for run in runs {
            let RunOutcome::Finished(_) = &run.outcome else { continue };
            let is_bound = self.cost.starts_with("cost_") && value(run, UNKNOWN_PRICE).is_some_and(|hours| hours > 0.0);
            values.push(value(run, &self.cost).filter(|_| !is_bound)?);
        }
        crate::stats::mean(&values)
    }
}

/// A metric of a run; nothing of one that failed.
pub(super) fn value(run: &Run, name: &str) -> Option<f64> {
    match &run.outcome {
        RunOutcome::Finished(metrics) => metrics.iter().find(|(own, _)| own == name).map(|(_, value)| *value),
        RunOutcome::Failed(_) => None,
    }
}

impl<M: Model> Bench for Evaluator<'_, M> {
    type Stop = Stop;

    fn ensure(&mut self, wanted: &[(usize, u32)]) -> Result<(), Stop> {
        let mut jobs: Vec<(&Point, u32)> = Vec::new();
        for (point, runs) in wanted {
            let known = self.runs.get(point).map_or(0, Vec::len);
            let known = u32::try_from(known).unwrap_or(u32::MAX);
            let point = self.plan.points().get(*point);
            jobs.extend(
                point.into_iter().flat_map(|point| (known..*runs).map(move |replication| (point, replication))),
            );
        }
        let left = self.budget.saturating_sub(self.spent);
        let is_spent = jobs.len() > left;
        jobs.truncate(left);
        let played = self.session.play(&jobs).map_err(Stop::Error)?;
        self.spent += played.len();
        let is_whole = played.len() == jobs.len();
        for run in played {
            self.runs.entry(run.point).or_default().push(run);
        }
        if !is_whole || self.interrupt.load(Ordering::Acquire) {
            return Err(Stop::Interrupted);
        }
        if is_spent { Err(Stop::Budget) } else { Ok(()) }
    }

    fn tally(&self, point: usize) -> Tally {
        let runs = self.runs.get(&point).map_or(&[][..], Vec::as_slice);
        let met = runs.iter().filter(|run| value(run, OBJECTIVES_MET).is_some_and(|share| share >= 1.0)).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Tally { runs: count(runs.len()), met: count(met), cost: self.mean_cost(runs) }
    }
}
