//! Which pods a run places elsewhere than the run that it is compared with: the same replication at the point that has
//! the baseline values of the parameters.
//!
//! kube-scheduler breaks ties at random, so that another seed alone moves pods. A run of a baseline point is therefore
//! compared with the next replication of the same point: its figures are the noise floor, above which the others count.

use super::plan::Plan;
use super::run::{Placement, Run, RunOutcome};
use super::tables::write_whole;
use super::{Metrics, SweepError};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the table of placements that differ.
pub const PLACEMENTS_FILE: &str = "sweep_placements.csv";
/// Metric: placements that the compared run does not have.
const MOVED: &str = "placements_moved";
/// Metric: the share of them among all placements of the run.
const MOVED_RATIO: &str = "placements_moved_ratio";
/// Metric: the same by pool and zone instead of node: nodes of one pool and zone are alike.
const MOVED_POOL_RATIO: &str = "placements_moved_pool_or_zone_ratio";

/// The placements of one run and how many of them the compared run has.
struct Comparison {
    /// Workload, node, pods, pods of the compared run; where those differ.
    differences: Vec<(String, String, u32, u32)>,
    moved: u64,
    moved_pool: u64,
    all: u64,
}

impl Comparison {
    fn new(placements: &[Placement], compared: &[Placement]) -> Self {
        let counts = self::counts(placements, compared, |placement| (&*placement.workload, &*placement.node));
        let by_pool = self::counts(placements, compared, |placement| (&placement.workload, &placement.pool_and_zone));
        let surplus = |(pods, compared): &(u32, u32)| u64::from(pods.saturating_sub(*compared));
        let moved = counts.values().map(surplus).sum();
        let moved_pool = by_pool.values().map(surplus).sum();
        let all = counts.values().map(|(pods, _)| u64::from(*pods)).sum();
        let differing = counts.into_iter().filter(|(_, (pods, compared))| pods != compared);
        let differences = differing
            .map(|((workload, node), (pods, compared))| (workload.to_owned(), node.to_owned(), pods, compared))
            .collect();
        Self { differences, moved, moved_pool, all }
    }
}

/// Pods of both runs by what `key` tells apart.
fn counts<'a, K: Ord>(
    placements: &'a [Placement],
    compared: &'a [Placement],
    key: impl Fn(&'a Placement) -> K,
) -> BTreeMap<K, (u32, u32)> {
    let mut counts: BTreeMap<K, (u32, u32)> = BTreeMap::new();
    for placement in placements {
        counts.entry(key(placement)).or_default().0 += placement.pods;
    }
    for placement in compared {
        counts.entry(key(placement)).or_default().1 += placement.pods;
    }
    counts
}

/// The run that each run is compared with, by position; `None` where there is none.
fn compared_with(plan: &Plan, runs: &[Run]) -> Vec<Option<usize>> {
    let positions: BTreeMap<(usize, u32), usize> =
        runs.iter().enumerate().map(|(position, run)| ((run.point, run.replication), position)).collect();
    let baseline = |run: &Run| {
        let point = plan.baseline_of(run.point)?;
        if point != run.point {
            return positions.get(&(point, run.replication)).copied();
        }
        let next = positions.get(&(point, run.replication + 1)).or_else(|| positions.get(&(point, 0)));
        next.copied().filter(|position| runs.get(*position).is_some_and(|other| other.replication != run.replication))
    };
    runs.iter().map(baseline).collect()
}

/// Adds the metrics of a comparison to the runs of a plan with baseline values.
pub(super) fn add_metrics(plan: &Plan, runs: &mut [Run]) {
    let others = compared_with(plan, runs);
    let found: Vec<Option<Metrics>> = runs
        .iter()
        .zip(&others)
        .map(|(run, other)| {
            let comparison = compare(run, runs.get((*other)?)?)?;
            #[expect(clippy::cast_precision_loss, reason = "a number of pods")]
            let (moved, moved_pool, all) =
                (comparison.moved as f64, comparison.moved_pool as f64, comparison.all as f64);
            let mut metrics = vec![(MOVED.to_owned(), moved)];
            if all > 0.0 {
                metrics.push((MOVED_RATIO.to_owned(), moved / all));
                metrics.push((MOVED_POOL_RATIO.to_owned(), moved_pool / all));
            }
            Some(metrics)
        })
        .collect();
    for (run, found) in runs.iter_mut().zip(found) {
        if let (RunOutcome::Finished(metrics), Some(found)) = (&mut run.outcome, found) {
            metrics.extend(found);
        }
    }
}

fn compare(run: &Run, other: &Run) -> Option<Comparison> {
    let is_finished = |run: &Run| matches!(run.outcome, RunOutcome::Finished(_));
    (is_finished(run) && is_finished(other)).then(|| Comparison::new(&run.placements, &other.placements))
}

/// Writes `sweep_placements.csv`: the placements that differ from those of the compared run; nothing without a baseline.
///
/// # Errors
/// [`SweepError::Output`] names the file that cannot be written.
pub fn write_placements(plan: &Plan, runs: &[Run], folder: &Path) -> Result<Option<PathBuf>, SweepError> {
    if !plan.has_baseline() {
        return Ok(None);
    }
    write_whole(&folder.join(PLACEMENTS_FILE), &placements_table(plan, runs)).map(Some)
}

fn placements_table(plan: &Plan, runs: &[Run]) -> io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let parameters = plan.parameters().iter().map(|parameter| parameter.name.as_str());
    let columns =
        ["replication", "compared_point", "compared_replication", "workload", "node", "pods", "compared_pods"];
    table.write_record(["point"].into_iter().chain(parameters).chain(columns))?;
    for (run, other) in runs.iter().zip(compared_with(plan, runs)) {
        let Some(other) = other.and_then(|other| runs.get(other)) else { continue };
        let (Some(point), Some(comparison)) = (plan.points().get(run.point), compare(run, other)) else { continue };
        for (workload, node, pods, compared) in &comparison.differences {
            table.write_field(point.index.to_string())?;
            for value in point.texts() {
                table.write_field(value)?;
            }
            table.write_field(run.replication.to_string())?;
            table.write_field(other.point.to_string())?;
            table.write_field(other.replication.to_string())?;
            table.write_field(workload)?;
            table.write_field(node)?;
            table.write_field(pods.to_string())?;
            table.write_field(compared.to_string())?;
            table.write_record(None::<&[u8]>)?;
        }
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::super::plan::Parameter;
    use super::*;
    use serde_json::json;

    fn placements(list: &[(&str, &str, u32)]) -> Vec<Placement> {
        let one = |(workload, node, pods): &(&str, &str, u32)| Placement {
            workload: (*workload).to_owned(),
            node: (*node).to_owned(),
            pool_and_zone: ("general".to_owned(), if *node == "n2" { "b" } else { "a" }.to_owned()),
            pods: *pods,
        };
        list.iter().map(one).collect()
    }

    #[test]
    fn pods_of_a_workload_are_alike() {
        let cases = [
            (vec![("a", "n0", 2)], vec![("a", "n0", 2)], (0, 0, 2), "nothing moved"),
            (vec![("a", "n0", 1), ("a", "n1", 1)], vec![("a", "n0", 2)], (1, 0, 2), "one of two moved within the zone"),
            (vec![("a", "n0", 1), ("a", "n2", 1)], vec![("a", "n0", 2)], (1, 1, 2), "one of two moved to another zone"),
            (
                vec![("a", "n0", 1), ("b", "n2", 1)],
                vec![("b", "n0", 1), ("a", "n2", 1)],
                (2, 2, 2),
                "they changed places",
            ),
            (vec![("a", "n0", 3)], vec![("a", "n0", 1)], (2, 2, 3), "more pods were placed"),
            (vec![], vec![("a", "n0", 1)], (0, 0, 0), "none was placed"),
        ];
        for (placed, compared, expected, why) in cases {
            let found = Comparison::new(&placements(&placed), &placements(&compared));
            assert_eq!((found.moved, found.moved_pool, found.all), expected, "{why}");
        }
    }

    #[test]
    fn each_run_is_compared_with_the_baseline_and_the_baseline_with_its_next_replication() {
        let version =
            Parameter { baseline: Some(1), ..Parameter::of_field("version", vec![json!("new"), json!("old")]) };
        let nodes = Parameter::of_field("nodes", vec![json!(1), json!(2)]);
        let plan = Plan::new(&[version, nodes], 2).unwrap();
        let runs: Vec<Run> = (0..4)
            .flat_map(|point| (0..2).map(move |replication| (point, replication)))
            .map(|(point, replication)| Run {
                point,
                replication,
                seed: Some(1),
                outcome: RunOutcome::Finished(Vec::new()),
                placements: placements(&[("a", ["n0", "n1"][point / 2], 1)]),
            })
            .collect();
        let others: Vec<usize> = compared_with(&plan, &runs).into_iter().map(Option::unwrap).collect();
        assert_eq!(others, [4, 5, 6, 7, 5, 4, 7, 6]);
        let mut runs = runs;
        add_metrics(&plan, &mut runs);
        let moved = |run: &Run| match &run.outcome {
            RunOutcome::Finished(metrics) => metrics[0].1,
            RunOutcome::Failed(error) => panic!("{error}"),
        };
        assert!(runs[..4].iter().all(|run| moved(run) > 0.5) && runs[4..].iter().all(|run| moved(run) < 0.5));
        runs.remove(4);
        assert_eq!(compared_with(&plan, &runs)[0], None, "the run to compare with is missing");
    }
}
