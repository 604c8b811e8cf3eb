//! What a search found, point by point.

use super::search::{State, Tally};
use crate::report::Objective;

/// Costs that differ by less than this share are the same: they are sums in another order.
const ALIKE: f64 = 1e-9;

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOutcome {
    /// The cheapest point that meets the objectives, by its index; `None` if none is known to.
    pub answer: Option<usize>,
    /// Points that could be cheaper and are not decided.
    pub undecided: Vec<usize>,
    /// Points of lines along which cost and reliability do not rise together, the first of each.
    pub not_monotone: Vec<usize>,
    /// Every point that was run, in order.
    pub points: Vec<EvaluatedPoint>,
    /// Runs.
    pub spent: usize,
    /// Of those, runs that an interrupted search had finished.
    pub resumed: usize,
    /// Whether the search ended because the budget was spent.
    pub is_budget_spent: bool,
    /// The metric that was minimised.
    pub cost: String,
    /// The errors of runs that failed, each with its point and seed.
    pub failures: Vec<String>,
}

/// A point that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedPoint {
    /// Its index.
    pub point: usize,
    /// Its runs.
    pub tally: Tally,
    /// Bounds on the share of its runs that meet the objectives, each one-sided.
    pub bounds: (f64, f64),
    /// Whether it meets the objectives.
    pub state: State,
    /// How each objective came out.
    pub objectives: Vec<ObjectiveOutcome>,
}

/// How an objective came out at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveOutcome {
    /// Runs that meet it.
    pub met: u32,
    /// Mean of its metric over the runs that have one.
    pub mean: Option<f64>,
    /// What is left to the bound, as a share of it; negative beyond. `None` without a value.
    pub slack: Option<f64>,
}

impl PlanOutcome {
    /// A point that was run.
    #[must_use]
    pub fn point(&self, index: usize) -> Option<&EvaluatedPoint> {
        self.points.iter().find(|one| one.point == index)
    }

    /// The objective of the answer with the least slack, by its index.
    #[must_use]
    pub fn binding(&self) -> Option<usize> {
        let objectives = &self.point(self.answer?)?.objectives;
        let slack = objectives.iter().enumerate().filter_map(|(index, one)| Some((index, one.slack?)));
        slack.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(index, _)| index)
    }

    /// Of the points that do not meet the objectives, the dearest that is cheaper than the answer; without an answer the one
    /// that meets them in the largest share of its runs.
    #[must_use]
    pub fn next_cheaper(&self) -> Option<&EvaluatedPoint> {
        let failed = self.points.iter().filter(|one| one.state == State::Failed);
        let cost = |one: &EvaluatedPoint| one.tally.cost.unwrap_or(f64::NEG_INFINITY);
        match self.answer.and_then(|answer| self.point(answer)) {
            Some(answer) => failed
                .filter(|one| cost(one) < cost(answer) * (1.0 - ALIKE))
                .max_by(|one, other| cost(one).total_cmp(&cost(other)).then(other.point.cmp(&one.point))),
            None => failed.max_by(|one, other| {
                let share = |one: &EvaluatedPoint| f64::from(one.tally.met) / f64::from(one.tally.runs.max(1));
                share(one).total_cmp(&share(other)).then(other.point.cmp(&one.point))
            }),
        }
    }
}

/// What is left of an objective's bound at a value, as a share of the bound; of a bound of zero the distance itself.
pub(super) fn slack(objective: &Objective, value: f64) -> f64 {
    let share = |distance: f64, bound: f64| if bound == 0.0 { distance } else { distance / bound.abs() };
    if let Some(wanted) = objective.of_intervals {
        return share(value - wanted, wanted);
    }
    let least = objective.min.map(|min| share(value - min, min));
    let most = objective.max.map(|max| share(max - value, max));
    least.into_iter().chain(most).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_the_share_of_the_bound_that_is_left() {
        let objective = |min, max, of_intervals| Objective { of_intervals, min, max, ..Objective::default() };
        let cases = [
            (objective(None, Some(30.0), None), 24.0, 0.2, "a fifth is left"),
            (objective(None, Some(30.0), None), 33.0, -0.1, "a tenth too much"),
            (objective(Some(0.5), None, None), 0.75, 0.5, "above the least"),
            (objective(Some(2.0), Some(4.0), None), 3.0, 0.25, "the nearer bound"),
            (objective(None, Some(0.0), None), 0.0, 0.0, "nothing is left of nothing"),
            (objective(None, Some(1.0), Some(0.8)), 1.0, 0.25, "of the intervals"),
        ];
        for (objective, value, expected, why) in cases {
            assert!((slack(&objective, value) - expected).abs() < 1e-12, "{why}");
        }
    }
}
