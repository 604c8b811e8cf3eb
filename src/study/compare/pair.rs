//! B against A: each metric and objective over pairs of runs, with a verdict.

use super::side::{MetricKey, SidePoint, SideRun};
use super::tolerance::{Tolerance, ToleranceState};
use super::verdict::Verdict;
use crate::report::{Direction, Objective, Unit, direction};
use crate::stats::{self, Interval};
use std::collections::{BTreeMap, BTreeSet};

/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;
/// Values that differ by no more than this share are the same: the last digits are of no use to anyone, and a number may
/// lose its last bit on the way through a file.
const SAME: f64 = 1e-6;
/// The metric that says that costs are lower bounds.
const UNKNOWN_PRICE: &str = "node_hours_of_unknown_price";

/// A metric of A and of B.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRow {
    /// The metric.
    pub key: MetricKey,
    /// Means over the runs that are compared; `None` if they have none.
    pub values: [Option<f64>; 2],
    /// Whether the value is a lower bound, or missing, because prices are not known.
    pub is_of_unknown_price: [bool; 2],
    /// B less A with its 95 % interval; `None` where one is missing or not known.
    pub difference: Option<Interval>,
    /// How B stands to A.
    pub verdict: Verdict,
    /// How the tolerance on it came out, if there is one.
    pub tolerance: Option<ToleranceState>,
}

impl MetricRow {
    /// The unit, if it is known.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.key.unit()
    }

    /// The difference as a share of the value in A; `None` without one, and of a value of zero.
    #[must_use]
    pub fn change(&self) -> Option<f64> {
        let a = self.values[0].filter(|value| *value != 0.0)?;
        Some(self.difference?.mean / a.abs())
    }
}

/// An objective of A and of B.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveRow {
    /// The objective.
    pub objective: Objective,
    /// Runs that meet it, and runs that have it; a run that did not test it does not meet it.
    pub met: [(usize, usize); 2],
    /// How B stands to A.
    pub verdict: Verdict,
}

/// B against A.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Seeds of the pairs; empty if the runs are not paired.
    pub seeds: Vec<u64>,
    /// Runs that are compared, of A and of B.
    pub runs: [usize; 2],
    /// The metrics that either has.
    pub metrics: Vec<MetricRow>,
    /// The objectives that either has.
    pub objectives: Vec<ObjectiveRow>,
}

/// The seeds that two points share.
pub(super) fn shared_seeds(a: &SidePoint, b: &SidePoint) -> Vec<u64> {
    let seeds = |point: &SidePoint| point.runs.iter().map(|run| run.seed).collect::<BTreeSet<u64>>();
    seeds(a).intersection(&seeds(b)).copied().collect()
}

/// Compares two points: over pairs if they share seeds, otherwise as independent runs.
pub(super) fn compare_points(a: &SidePoint, b: &SidePoint, tolerances: &[Tolerance]) -> Pair {
    let seeds = shared_seeds(a, b);
    let is_compared = |run: &&SideRun| seeds.is_empty() || seeds.contains(&run.seed);
    let runs: [Vec<&SideRun>; 2] = [a, b].map(|point| point.runs.iter().filter(is_compared).collect());
    let keys: BTreeSet<&MetricKey> = runs.iter().flatten().flat_map(|run| run.metrics.keys()).collect();
    let mut metrics: Vec<MetricRow> = keys.into_iter().map(|key| metric_row(key, &runs, !seeds.is_empty())).collect();
    for tolerance in tolerances {
        match metrics.iter_mut().find(|row| row.key == tolerance.key) {
            Some(row) => {
                row.tolerance = Some(tolerance.judge(row.values[0], row.difference.as_ref(), row.verdict));
            }
            None => metrics.push(MetricRow {
                key: tolerance.key.clone(),
                values: [None; 2],
                is_of_unknown_price: [false; 2],
                difference: None,
                verdict: Verdict::Unknown,
                tolerance: Some(ToleranceState::Unknown),
            }),
        }
    }
    Pair { objectives: objectives(&runs), runs: runs.each_ref().map(Vec::len), metrics, seeds }
}

fn metric_row(key: &MetricKey, runs: &[Vec<&SideRun>; 2], is_paired: bool) -> MetricRow {
    let by_seed = |runs: &Vec<&SideRun>| -> BTreeMap<u64, f64> {
        runs.iter().filter_map(|run| Some((run.seed, *run.metrics.get(key)?))).collect()
    };
    let mut values = runs.each_ref().map(by_seed);
    if is_paired && values.iter().all(|of_side| !of_side.is_empty()) {
        // Means over the same pairs as the difference, where there are any.
        let both: BTreeSet<u64> = values[0].keys().filter(|seed| values[1].contains_key(seed)).copied().collect();
        if !both.is_empty() {
            for of_side in &mut values {
                of_side.retain(|seed, _| both.contains(seed));
            }
        }
    }
    let is_money =
        matches!(key.unit(), Some(Unit::Dollars | Unit::DollarsPerHour)) && key.metric().starts_with("cost_");
    let unpriced = MetricKey::of_run(UNKNOWN_PRICE);
    let is_unpriced = |runs: &Vec<&SideRun>| {
        is_money && runs.iter().any(|run| run.metrics.get(&unpriced).is_some_and(|hours| *hours > 0.0))
    };
    let is_of_unknown_price = runs.each_ref().map(is_unpriced);
    let lists = values.each_ref().map(|of_side| of_side.values().copied().collect::<Vec<f64>>());
    let means = lists.each_ref().map(|list| stats::mean(list));
    let difference = if is_of_unknown_price.contains(&true) {
        None
    } else if is_paired {
        stats::paired_difference(&values[1], &values[0], CONFIDENCE)
    } else {
        stats::unpaired_difference(&lists[1], &lists[0], CONFIDENCE)
    };
    let is_same = is_same(&values, is_paired);
    let verdict = match (means, &difference) {
        _ if is_of_unknown_price.contains(&true) => Verdict::Unknown,
        ([_, None], _) => Verdict::OnlyA,
        ([None, _], _) => Verdict::OnlyB,
        _ if is_same => Verdict::Same,
        (_, Some(difference)) if is_beyond_chance(difference, is_paired) => {
            verdict_of(direction_of(key), difference.mean)
        }
        _ => Verdict::NoEvidence,
    };
    // What is the same is so to the last digit that is shown.
    let difference = difference.map(|found| {
        if is_same { Interval { mean: 0.0, half_width: found.half_width.map(|_| 0.0), ..found } } else { found }
    });
    MetricRow { key: key.clone(), values: means, is_of_unknown_price, difference, verdict, tolerance: None }
}

fn direction_of(key: &MetricKey) -> Direction {
    if key.metric().ends_with("_held_ratio") { Direction::Higher } else { direction(key.listed()) }
}

const fn verdict_of(direction: Direction, difference: f64) -> Verdict {
    match direction {
        Direction::Neither => Verdict::Changed,
        Direction::Lower if difference < 0.0 => Verdict::Better,
        Direction::Higher if difference > 0.0 => Verdict::Better,
        _ => Verdict::Worse,
    }
}

/// Whether every pair has the same value twice; of runs that are not paired, all of them.
fn is_same(values: &[BTreeMap<u64, f64>; 2], is_paired: bool) -> bool {
    let alike = |one: f64, other: f64| (one - other).abs() <= SAME * one.abs().max(other.abs());
    let [a, b] = values;
    if is_paired {
        return a.len() == b.len() && a.iter().all(|(seed, one)| b.get(seed).is_some_and(|other| alike(*one, *other)));
    }
    let all: Vec<f64> = a.values().chain(b.values()).copied().collect();
    all.first().is_some_and(|first| all.iter().all(|value| alike(*first, *value)))
}

/// Whether the interval of a difference does not reach zero. One pair has no interval, and the same seed makes it the same
/// luck: its difference counts; that of two runs with different seeds does not.
fn is_beyond_chance(difference: &Interval, is_paired: bool) -> bool {
    difference.half_width.map_or(is_paired, |half| difference.mean.abs() > half)
}

fn objectives(runs: &[Vec<&SideRun>; 2]) -> Vec<ObjectiveRow> {
    let mut rows: Vec<ObjectiveRow> = Vec::new();
    for (side, runs) in runs.iter().enumerate() {
        for result in runs.iter().flat_map(|run| &run.objectives) {
            let place = rows.iter().position(|row| row.objective == result.objective).unwrap_or_else(|| {
                rows.push(ObjectiveRow {
                    objective: result.objective.clone(),
                    met: [(0, 0); 2],
                    verdict: Verdict::Same,
                });
                rows.len() - 1
            });
            let Some((met, all)) = rows.get_mut(place).and_then(|row| row.met.get_mut(side)) else { continue };
            *met += usize::from(result.passed());
            *all += 1;
        }
    }
    for row in &mut rows {
        let [(met_a, all_a), (met_b, all_b)] = row.met;
        row.verdict = match (met_a * all_b).cmp(&(met_b * all_a)) {
            _ if all_b == 0 => Verdict::OnlyA,
            _ if all_a == 0 => Verdict::OnlyB,
            std::cmp::Ordering::Less => Verdict::Better,
            std::cmp::Ordering::Equal => Verdict::Same,
            std::cmp::Ordering::Greater => Verdict::Worse,
        };
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ObjectiveResult, Verdict as Outcome};

    fn point(metric: &str, values: &[(u64, f64)]) -> SidePoint {
        let run = |(seed, value): &(u64, f64)| SideRun {
            seed: *seed,
            metrics: BTreeMap::from([(MetricKey::of_run(metric), *value)]),
            objectives: Vec::new(),
            folder: None,
        };
        SidePoint { name: String::new(), runs: values.iter().map(run).collect() }
    }

    #[test]
    fn verdicts_by_direction_and_interval() {
        use Verdict::{Better, Changed, NoEvidence, Same, Worse};
        type Values<'a> = &'a [(u64, f64)];
        let cases: [(&str, Values<'_>, Values<'_>, Verdict, &str); 9] = [
            ("cost_dollars", &[(1, 5.0), (2, 6.0)], &[(1, 5.0), (2, 6.0)], Same, "equal pairs"),
            ("cost_dollars", &[(1, 5.0), (2, 6.0)], &[(1, 6.0), (2, 5.0)], NoEvidence, "once more, once less"),
            ("cost_dollars", &[(1, 5.0), (2, 9.0)], &[(1, 6.0), (2, 10.0)], Worse, "one more in each pair"),
            ("cost_dollars", &[(1, 5.0)], &[(1, 4.0)], Better, "one pair"),
            ("apdex_ratio", &[(1, 0.5)], &[(1, 0.4)], Worse, "more is better"),
            ("node_count_max", &[(1, 5.0)], &[(1, 4.0)], Changed, "neither is"),
            ("cost_dollars", &[(1, 5.0)], &[(2, 4.0)], NoEvidence, "different seeds, one run each"),
            ("cost_dollars", &[(1, 5.0), (2, 5.1)], &[(3, 9.0), (4, 9.1)], Worse, "different seeds, far apart"),
            ("cost_dollars", &[(1, 0.1 + 0.2)], &[(1, 0.3)], Same, "but for the last bit"),
        ];
        for (metric, a, b, expected, why) in cases {
            let pair = compare_points(&point(metric, a), &point(metric, b), &[]);
            assert_eq!(pair.metrics[0].verdict, expected, "{why}: {pair:?}");
        }
        let pair = compare_points(&point("faults", &[(1, 1.0), (7, 9.0)]), &point("faults", &[(1, 2.0)]), &[]);
        assert_eq!((pair.seeds, pair.metrics[0].values), (vec![1], [Some(1.0), Some(2.0)]), "only pairs count");
    }

    #[test]
    fn what_has_no_price_has_no_difference() {
        let mut a = point("cost_dollars", &[(1, 5.0)]);
        let b = point("cost_dollars", &[(1, 4.0)]);
        a.runs[0].metrics.insert(MetricKey::of_run(UNKNOWN_PRICE), 2.0);
        let pair = compare_points(&a, &b, &["cost_dollars=50%".parse().unwrap()]);
        let row = pair.metrics.iter().find(|row| row.key.metric() == "cost_dollars").unwrap();
        assert_eq!(
            (row.verdict, row.difference, row.tolerance),
            (Verdict::Unknown, None, Some(ToleranceState::Unknown))
        );
        assert_eq!(row.is_of_unknown_price, [true, false]);
        let absent = compare_points(&b, &b, &["apdex_ratio=1%".parse().unwrap()]);
        assert_eq!(absent.metrics[1].tolerance, Some(ToleranceState::Unknown), "nobody measured it");
    }

    #[test]
    fn objectives_by_the_runs_that_meet_them() {
        let result = |verdict| ObjectiveResult {
            objective: Objective { metric: "x".to_owned(), ..Objective::default() },
            value: None,
            verdict,
        };
        let with = |verdicts: &[Outcome]| {
            let mut point = point("faults", &[(1, 0.0), (2, 0.0)]);
            for (run, verdict) in point.runs.iter_mut().zip(verdicts) {
                run.objectives.push(result(*verdict));
            }
            point
        };
        use Outcome::{Met, Missed, NotTested};
        let cases: [(&[Outcome], &[Outcome], Verdict); 5] = [
            (&[Met, Met], &[Met, Met], Verdict::Same),
            (&[Met, Met], &[Met, NotTested], Verdict::Worse),
            (&[Missed, Met], &[Met, Met], Verdict::Better),
            (&[Met, Met], &[], Verdict::OnlyA),
            (&[], &[Met, Met], Verdict::OnlyB),
        ];
        for (a, b, expected) in cases {
            assert_eq!(compare_points(&with(a), &with(b), &[]).objectives[0].verdict, expected, "{a:?} {b:?}");
        }
    }
}
