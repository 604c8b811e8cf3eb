//! Plays the runs of a sweep, in rounds where it adds replications.

use super::SweepError;
use super::journal::JOURNAL_FILE;
use super::model::{Model, SweepOptions};
use super::moves;
use super::plan::{HalfWidth, Plan, Point, Precision};
use super::point_summary::CONFIDENCE;
use super::run::{Run, RunOutcome, SweepResult};
use super::session::Session;
use crate::stats::{self, Interval};
use std::collections::BTreeMap;
use std::path::Path;

/// Plays all runs of `plan`, and keeps those that finish in a journal in `folder` until all have. Runs that the journal
/// already has are not played again; failed ones are.
///
/// # Errors
/// [`SweepError`] if the journal cannot be written or the threads cannot be started.
pub fn execute<M: Model>(
    model: &M,
    plan: &Plan,
    folder: &Path,
    options: &SweepOptions<'_>,
) -> Result<SweepResult, SweepError> {
    let session = Session::open(model, plan, &folder.join(JOURNAL_FILE), options)?;
    let mut runs: Vec<Run> = Vec::new();
    let mut wanting: Vec<&Point> = plan.points().iter().collect();
    let least = plan.replications().least;
    for first in (0..plan.replications().most()).step_by(least.max(1) as usize) {
        let replications = first..plan.replications().most().min(first + least);
        let jobs: Vec<(&Point, u32)> = wanting
            .iter()
            .flat_map(|point| replications.clone().map(move |replication| (*point, replication)))
            .collect();
        let played = session.play(&jobs)?;
        let is_whole = played.len() == jobs.len();
        runs.extend(played);
        if !is_whole {
            break;
        }
        // Which points go on is decided when all have as many runs, so that it does not hang on the threads.
        let Some(precision) = &plan.replications().until else { break };
        let mut of_point: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
        for run in &runs {
            of_point.entry(run.point).or_default().push(run);
        }
        wanting.retain(|point| of_point.get(&point.index).is_some_and(|runs| !has_enough(precision, runs)));
        if wanting.is_empty() {
            break;
        }
    }
    runs.sort_by_key(|run| (run.point, run.replication));
    let missing = session.planned() - runs.len();
    moves::add_metrics(plan, &mut runs);
    let result = SweepResult { runs, resumed: session.resumed(), missing };
    if missing == 0 && result.failures().next().is_none() {
        session.close()?;
    }
    Ok(result)
}

/// Whether a point with these runs needs no more of them. One that has failed runs gets no further ones.
fn has_enough(precision: &Precision, runs: &[&Run]) -> bool {
    let mut values = Vec::new();
    for run in runs {
        match &run.outcome {
            RunOutcome::Failed(_) => return true,
            RunOutcome::Finished(metrics) => {
                values.extend(metrics.iter().find(|(name, _)| *name == precision.metric).map(|(_, value)| *value));
            }
        }
    }
    let Some(Interval { mean, half_width: Some(half), .. }) = stats::confidence_interval(&values, CONFIDENCE) else {
        return false;
    };
    match precision.bound {
        HalfWidth::Absolute(bound) => half <= bound,
        HalfWidth::Relative(share) => half <= share * mean.abs(),
    }
}
