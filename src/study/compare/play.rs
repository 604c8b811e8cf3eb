//! Runs the scenarios of a comparison, each with the same seeds.

use super::side::{MetricKey, SideRun};
use crate::record::Facts;
use crate::report::{self, ObjectiveResult, OutputOptions, ReportError, Summary};
use crate::sim::{self, Prepared, RunOptions};
use crate::study::single;
use crate::study::sweep::Progress;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How scenarios are run.
pub(super) struct Play<'a> {
    /// The seeds, the same ones for each.
    pub(super) seeds: &'a [u64],
    /// Those of them whose tables are kept.
    pub(super) kept: &'a [u64],
    /// Where tables are kept.
    pub(super) scratch: &'a Path,
    /// Number of threads; 0 is one for each CPU.
    pub(super) threads: usize,
    /// When it becomes true, no further run begins.
    pub(super) interrupt: &'a AtomicBool,
    /// Told after each run, from any thread.
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

/// Why the runs did not come to their end.
pub(super) enum PlayError {
    /// It was interrupted.
    Interrupted,
    /// A run failed: which scenario, and why.
    Run(usize, String),
    /// Tables cannot be written.
    Output(ReportError),
}

/// Runs each scenario with each seed; gives the runs of each, by seed. The same for any number of threads.
///
/// # Errors
/// The first that is wrong, by scenario and seed.
pub(super) fn play(scenarios: &[&Prepared], play: &Play<'_>) -> Result<Vec<Vec<SideRun>>, PlayError> {
    let jobs: Vec<(usize, u64)> =
        (0..scenarios.len()).flat_map(|scenario| play.seeds.iter().map(move |seed| (scenario, *seed))).collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(play.threads)
        .build()
        .map_err(|error| PlayError::Run(0, format!("threads cannot be started: {error}")))?;
    let done = AtomicUsize::new(0);
    let one = |(index, seed): &(usize, u64)| {
        let prepared = scenarios.get(*index).ok_or_else(|| PlayError::Run(*index, "is missing".to_owned()))?;
        let run = play.run(prepared, *index, *seed)?;
        (play.progress)(Progress { done: done.fetch_add(1, Ordering::AcqRel) + 1, runs: jobs.len() });
        Ok(run)
    };
    let runs: Vec<Result<SideRun, PlayError>> = pool.install(|| jobs.par_iter().with_max_len(1).map(one).collect());
    let mut of_scenario: Vec<Vec<SideRun>> = scenarios.iter().map(|_| Vec::new()).collect();
    for ((scenario, _), run) in jobs.iter().zip(runs) {
        let run = run?;
        if let Some(runs) = of_scenario.get_mut(*scenario) {
            runs.push(run);
        }
    }
    Ok(of_scenario)
}

impl Play<'_> {
    fn run(&self, prepared: &Prepared, index: usize, seed: u64) -> Result<SideRun, PlayError> {
        if self.interrupt.load(Ordering::Acquire) {
            return Err(PlayError::Interrupted);
        }
        let options = RunOptions { seed: Some(seed), interrupt: Some(self.interrupt), ..RunOptions::default() };
        let facts = sim::simulate(prepared, &options).map_err(|error| PlayError::Run(index, error.to_string()))?;
        if facts.interrupted {
            return Err(PlayError::Interrupted);
        }
        let summary = report::summarize(&facts);
        let objectives = report::check(&facts, &summary, &single::objectives(&prepared.scenario));
        let folder = if self.kept.contains(&seed) {
            let folder = self.scratch.join(format!("{index}-{seed}"));
            Some(write(&facts, &summary, &objectives, folder).map_err(PlayError::Output)?)
        } else {
            None
        };
        let traffic: Vec<(&str, &[(String, f64)])> = summary.traffic().collect();
        Ok(SideRun { seed, metrics: metrics(summary.iter(), &traffic), objectives, folder })
    }
}

/// Writes the tables of a run, which placements and timelines are compared by.
fn write(
    facts: &Facts,
    summary: &Summary,
    objectives: &[ObjectiveResult],
    folder: PathBuf,
) -> Result<PathBuf, ReportError> {
    let options = OutputOptions { svg: false, png: false, objectives: objectives.to_vec(), ..OutputOptions::default() };
    report::write_all(facts, summary, &folder, &options)?;
    Ok(folder)
}

/// The metrics of a run. Those of a traffic entry that is the only one are those of the run.
pub(super) fn metrics<'a>(
    run: impl Iterator<Item = (&'a str, f64)>,
    traffic: &[(&str, &[(String, f64)])],
) -> BTreeMap<MetricKey, f64> {
    let mut metrics: BTreeMap<MetricKey, f64> = run.map(|(name, value)| (MetricKey::of_run(name), value)).collect();
    for (entry, of_entry) in traffic.iter().filter(|_| traffic.len() > 1) {
        metrics.extend(of_entry.iter().map(|(name, value)| (MetricKey::new(name, Some(entry)), *value)));
    }
    metrics
}
