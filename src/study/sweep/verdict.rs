//! Which points meet the scenario's objectives, in how many of their runs, and which of those costs least.

use super::plan::Plan;
use super::point_summary::PointSummary;
use super::run::{Run, RunOutcome, SweepResult};
use crate::report::{Objective, Verdict};

/// Metric: share of the objectives that a run meets.
pub const OBJECTIVES_MET: &str = "objectives_met_ratio";
/// Metric that the cheapest point has least of.
const COST: &str = "cost_dollars";

/// How a point came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointVerdict {
    /// Index of the point.
    pub point: usize,
    /// Runs that came to their end or failed.
    pub runs: usize,
    /// Of them those that meet every objective.
    pub met: usize,
    /// The objectives that some run does not meet, by index, with the number of those runs.
    pub missed: Vec<(usize, usize)>,
    /// Whether it is the cheapest of the points that meet every objective in every run; the first of equal ones.
    pub is_cheapest: bool,
}

impl PointVerdict {
    /// Whether every run meets every objective.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.runs > 0 && self.met == self.runs
    }
}

/// Holds the runs of each point against the objectives. A run without a value for one, and one that failed, does not meet it.
#[must_use]
pub fn judge(
    plan: &Plan,
    result: &SweepResult,
    summaries: &[PointSummary],
    objectives: &[Objective],
) -> Vec<PointVerdict> {
    let verdict = |(index, _)| PointVerdict { point: index, runs: 0, met: 0, missed: Vec::new(), is_cheapest: false };
    let mut verdicts: Vec<PointVerdict> = plan.points().iter().enumerate().map(verdict).collect();
    let mut missed = vec![vec![0_usize; objectives.len()]; verdicts.len()];
    for run in &result.runs {
        let (Some(verdict), Some(missed)) = (verdicts.get_mut(run.point), missed.get_mut(run.point)) else { continue };
        verdict.runs += 1;
        verdict.met += usize::from(value(run, OBJECTIVES_MET).is_some_and(|share| share >= 1.0));
        for (objective, missed) in objectives.iter().zip(missed) {
            *missed += usize::from(objective.verdict(value(run, &objective.column())) != Verdict::Met);
        }
    }
    for (verdict, missed) in verdicts.iter_mut().zip(missed) {
        verdict.missed = missed.into_iter().enumerate().filter(|(_, runs)| *runs > 0).collect();
    }
    let cost = |verdict: &PointVerdict| summaries.get(verdict.point)?.metric(COST).map(|found| found.mean);
    let good = verdicts.iter().filter(|verdict| !objectives.is_empty() && verdict.is_met());
    let cheapest = good
        .filter_map(|verdict| Some((verdict.point, cost(verdict)?)))
        .min_by(|(_, one), (_, other)| one.total_cmp(other));
    if let Some(verdict) = cheapest.and_then(|(point, _)| verdicts.get_mut(point)) {
        verdict.is_cheapest = true;
    }
    verdicts
}

fn value(run: &Run, name: &str) -> Option<f64> {
    match &run.outcome {
        RunOutcome::Finished(metrics) => metrics.iter().find(|(own, _)| own == name).map(|(_, value)| *value),
        RunOutcome::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Parameter;
    use super::super::point_summary::summarize_points;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_cheapest_point_that_meets_all_in_every_run_is_marked() {
        let plan = Plan::new(&[Parameter::of_field("nodes", vec![json!(1), json!(2), json!(3), json!(4)])], 2).unwrap();
        let objectives = [Objective { metric: "wait".to_owned(), max: Some(10.0), ..Objective::default() }];
        // Waiting and cost of the two runs of each point; the last run of the last point failed.
        let measured =
            [[(12.0, 1.0), (9.0, 1.0)], [(9.0, 2.0), (10.0, 2.0)], [(1.0, 3.0), (1.0, 3.0)], [(1.0, 0.5), (1.0, 0.5)]];
        let run = |point: usize, replication: u32| {
            let (wait, cost) = measured[point][replication as usize];
            let met = f64::from(u8::from(wait <= 10.0));
            let metrics = [("wait", wait), (COST, cost), (OBJECTIVES_MET, met)];
            let finished = RunOutcome::Finished(metrics.map(|(name, value)| (name.to_owned(), value)).to_vec());
            let failed = (point, replication) == (3, 1);
            let outcome = if failed { RunOutcome::Failed("broken".to_owned()) } else { finished };
            Run { point, replication, seed: Some(1), outcome, placements: Vec::new() }
        };
        let runs = (0..4).flat_map(|point| (0..2).map(move |replication| run(point, replication))).collect();
        let result = SweepResult { runs, resumed: 0, missing: 0 };
        let verdicts = judge(&plan, &result, &summarize_points(&plan, &result), &objectives);
        let found: Vec<_> = verdicts.iter().map(|one| (one.met, one.missed.clone(), one.is_cheapest)).collect();
        let expected = [(1, vec![(0, 1)], false), (2, vec![], true), (2, vec![], false), (1, vec![(0, 1)], false)];
        assert_eq!(found, expected);
        let none = judge(&plan, &result, &summarize_points(&plan, &result), &[]);
        assert!(none.iter().all(|one| !one.is_cheapest), "without objectives nothing is good");
    }
}
