//! A comparison: reads or runs each side, and holds each against the first one.

use super::checks;
use super::pair::{MetricRow, Pair, compare_points, shared_seeds};
use super::play::{Play, PlayError, metrics, play};
use super::side::{MetricKey, Side, SideKind, SidePoint, SideRun};
use super::source::{self, Source};
use super::sweep_folder::{self, SweepPoint};
use super::tolerance::{Tolerance, ToleranceState};
use super::verdict::Verdict;
use crate::input::{Diagnostic, Diagnostics};
use crate::report::{self, ReadError, ReportError, RunDifference};
use crate::sim::{PrepareOptions, Prepared};
use crate::study::single;
use crate::study::sweep::{JOURNAL_FILE, OBJECTIVES_MET, Progress};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// How things are compared.
pub struct CompareOptions<'a> {
    /// How scenarios are read.
    pub prepare: PrepareOptions,
    /// Fields that are set in all scenarios but A, besides those of `prepare`.
    pub changes: Vec<(String, String)>,
    /// Runs of each scenario, where no folder says which seeds there are.
    pub replications: u32,
    /// Bounds on how much worse B may be.
    pub tolerances: Vec<Tolerance>,
    /// Compares runs of different seeds as independent ones.
    pub unpaired: bool,
    /// Pods that are named of each kind of difference.
    pub examples: usize,
    /// Number of threads; 0 is one for each CPU.
    pub threads: usize,
    /// When it becomes true, no further run begins.
    pub interrupt: &'a AtomicBool,
    /// Told after each run, from any thread.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// Why there is no comparison.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// What was given is wrong, or cannot be compared.
    #[error("what is to be compared is wrong")]
    Input(Box<Diagnostics>),
    /// Tables of a run cannot be written.
    #[error(transparent)]
    Output(#[from] ReportError),
    /// No temporary folder can be made.
    #[error("temporary folder: {0}")]
    Scratch(std::io::Error),
    /// It was interrupted.
    #[error("interrupted: nothing was compared")]
    Interrupted,
}

impl From<Diagnostic> for CompareError {
    fn from(problem: Diagnostic) -> Self {
        Self::Input(Box::new(Diagnostics::from(problem)))
    }
}

impl From<Diagnostics> for CompareError {
    fn from(problems: Diagnostics) -> Self {
        Self::Input(Box::new(problems))
    }
}

impl From<ReadError> for CompareError {
    fn from(error: ReadError) -> Self {
        Diagnostic::error(error.file.display().to_string(), error.problem).into()
    }
}

/// What makes a comparison fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// A tolerance that is exceeded, or cannot be judged.
    Tolerance,
    /// That, and a metric without a tolerance or an objective that is worse.
    Worse,
    /// Any difference, also one that may be chance.
    Different,
    /// Nothing.
    Never,
}

/// What the comparison of two points found.
#[derive(Clone, Debug, PartialEq)]
pub struct PointComparison {
    /// Index of the side that is compared with the first one.
    pub side: usize,
    /// The point; empty if there is only one.
    pub point: String,
    /// Metrics and objectives.
    pub pair: Pair,
    /// Pods and timelines of the pair with the smallest seed whose tables both have, and that seed.
    pub difference: Option<(u64, RunDifference)>,
}

/// What is different.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What was compared, A first.
    pub sides: Vec<Side>,
    /// Each side against A, point by point.
    pub points: Vec<PointComparison>,
    /// What is to be said besides.
    pub warnings: Vec<String>,
    /// What is to be said of the scenarios that were run.
    pub diagnostics: Diagnostics,
}

impl Comparison {
    /// Whether it fails.
    #[must_use]
    pub fn fails(&self, on: FailOn) -> bool {
        self.points.iter().any(|point| match on {
            FailOn::Never => false,
            FailOn::Tolerance => point.has_exceeded(),
            FailOn::Worse => point.has_exceeded() || point.is_worse(),
            FailOn::Different => point.has_exceeded() || point.is_different(),
        })
    }
}

impl PointComparison {
    fn has_exceeded(&self) -> bool {
        self.pair.metrics.iter().filter_map(|row| row.tolerance).any(ToleranceState::is_failure)
    }

    fn is_worse(&self) -> bool {
        let worse = |row: &MetricRow| row.verdict == Verdict::Worse && row.tolerance.is_none();
        self.pair.metrics.iter().any(worse) || self.pair.objectives.iter().any(|row| row.verdict == Verdict::Worse)
    }

    fn is_different(&self) -> bool {
        let verdicts = self.pair.metrics.iter().map(|row| row.verdict);
        let mut verdicts = verdicts.chain(self.pair.objectives.iter().map(|row| row.verdict));
        verdicts.any(|verdict| verdict != Verdict::Same)
            || self.difference.as_ref().is_some_and(|(_, found)| {
                !found.pods.is_none() || found.timeline.parting.is_some() || found.timeline.differing != Some(0)
            })
    }
}

/// Compares what the paths name, each with the first one.
///
/// # Errors
/// [`CompareError`] if something is not what it should be, or cannot be compared.
pub fn compare(paths: &[PathBuf], options: &CompareOptions<'_>) -> Result<Comparison, CompareError> {
    let mut sources = Vec::new();
    for path in paths {
        sources.push(source::find(path)?);
    }
    let (mut sides, mut diagnostics) = (Vec::new(), Diagnostics::default());
    let mut scenarios: Vec<(usize, Prepared)> = Vec::new();
    for (index, (path, source)) in paths.iter().zip(&sources).enumerate() {
        let side = match source.kind {
            SideKind::Run => run_side(&source.path)?,
            SideKind::Sweep => sweep_side(source)?,
            SideKind::Scenario => {
                let (prepared, found) = prepare(&source.path, index, options)?;
                diagnostics.extend(found.iter().cloned());
                let side = scenario_side(&prepared);
                scenarios.push((index, prepared));
                side
            }
        };
        sides.push(Side { label: label(index), given: path.display().to_string(), ..side });
    }
    checks::refuse_lengths(&sides)?;
    let scratch = tempfile::tempdir().map_err(CompareError::Scratch)?;
    run_scenarios(&mut sides, &scenarios, scratch.path(), options)?;
    as_sweeps(&mut sides);
    let mut warnings: Vec<String> = sides.iter().flat_map(|side| side.warnings.clone()).collect();
    let mut points = Vec::new();
    if let Some((first, others)) = sides.split_first() {
        for (index, other) in others.iter().enumerate() {
            warnings.extend(checks::warnings(first, other));
            compare_sides(first, other, index + 1, options, &mut points, &mut warnings)?;
        }
    }
    Ok(Comparison { sides, points, warnings, diagnostics })
}

/// `A`, `B` and so on; beyond `Z` a number.
fn label(index: usize) -> String {
    let letter = u8::try_from(index).ok().filter(|index| *index < 26).map(|index| char::from(b'A' + index));
    letter.map_or_else(|| format!("#{}", index + 1), String::from)
}

fn prepare(path: &Path, index: usize, options: &CompareOptions<'_>) -> Result<(Prepared, Diagnostics), CompareError> {
    let mut prepare = options.prepare.clone();
    if index > 0 {
        prepare.overrides.extend(options.changes.iter().cloned());
    }
    Ok(single::prepare(path, &prepare)?)
}

/// A side without runs and names.
fn empty_side(kind: SideKind) -> Side {
    Side {
        label: String::new(),
        given: String::new(),
        kind,
        scenario: String::new(),
        seconds: None,
        start_time: None,
        kubernetes_version: String::new(),
        wavetank_version: String::new(),
        points: Vec::new(),
        warnings: Vec::new(),
    }
}

fn scenario_side(prepared: &Prepared) -> Side {
    let scenario = &prepared.scenario;
    Side {
        scenario: scenario.metadata.name.clone(),
        seconds: Some(scenario.spec.duration.get().as_secs_f64()),
        start_time: scenario.spec.start.as_ref().map(ToString::to_string),
        kubernetes_version: scenario.spec.kubernetes_version.as_str().to_owned(),
        wavetank_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..empty_side(SideKind::Scenario)
    }
}

fn run_side(folder: &Path) -> Result<Side, CompareError> {
    let run = report::read_run(folder)?;
    if run.interrupted {
        let problem = format!(
            "is a run that was interrupted at {} s of {} s (expected a whole one; run it again)",
            run.end_seconds, run.planned_seconds
        );
        return Err(Diagnostic::error(folder.display().to_string(), problem).into());
    }
    let traffic: Vec<(&str, &[(String, f64)])> =
        run.traffic.iter().map(|(entry, metrics)| (entry.as_str(), metrics.as_slice())).collect();
    let of_run = run.metrics.iter().map(|(name, value)| (name.as_str(), *value));
    let only = SideRun {
        seed: run.seed,
        metrics: metrics(of_run, &traffic),
        objectives: run.objectives,
        folder: Some(run.folder),
    };
    Ok(Side {
        scenario: run.scenario,
        seconds: Some(run.planned_seconds),
        start_time: run.start_time,
        kubernetes_version: run.kubernetes_version,
        wavetank_version: run.wavetank_version,
        points: vec![SidePoint { name: String::new(), runs: vec![only] }],
        ..empty_side(SideKind::Run)
    })
}

fn sweep_side(source: &Source) -> Result<Side, CompareError> {
    let given = source.path.display().to_string();
    let mut points = sweep_folder::read(&source.path)?;
    if let Some(wanted) = &source.point {
        points.retain(|point| point.number == *wanted);
        if points.is_empty() {
            return Err(Diagnostic::error(given, format!("has no point `{wanted}`")).into());
        }
    }
    let mut warnings = Vec::new();
    let failed: usize = points.iter().map(|point| point.failed).sum();
    if failed > 0 {
        warnings.push(format!("{given}: {failed} runs of the sweep failed and are left out"));
    }
    if source.path.join(JOURNAL_FILE).exists() {
        warnings.push(format!("{given}: the sweep is not complete; what it has is compared"));
    }
    let length = MetricKey::of_run("simulated_seconds");
    let run = points.iter().flat_map(|point| &point.point.runs).find_map(|run| run.metrics.get(&length));
    let is_one = points.len() == 1;
    let named = |point: SweepPoint| {
        // A single point is compared with anything, whatever its parameters are called.
        if is_one { SidePoint { name: String::new(), ..point.point } } else { point.point }
    };
    Ok(Side {
        seconds: run.copied(),
        points: points.into_iter().map(named).collect(),
        warnings,
        ..empty_side(SideKind::Sweep)
    })
}

/// Runs the scenarios with the seeds that the folders have, or with as many as are asked for from the first scenario's on.
fn run_scenarios(
    sides: &mut [Side],
    scenarios: &[(usize, Prepared)],
    scratch: &Path,
    options: &CompareOptions<'_>,
) -> Result<(), CompareError> {
    let Some((_, first)) = scenarios.first() else { return Ok(()) };
    let of_kind = |kind: SideKind| -> BTreeSet<u64> {
        let of_kind = sides.iter().filter(|side| side.kind == kind);
        of_kind.flat_map(|side| &side.points).flat_map(|point| &point.runs).map(|run| run.seed).collect()
    };
    let of_runs = of_kind(SideKind::Run);
    let mut seeds: Vec<u64> = of_runs.union(&of_kind(SideKind::Sweep)).copied().collect();
    if seeds.is_empty() {
        seeds = (0..options.replications).map(|run| first.scenario.spec.seed.wrapping_add(run.into())).collect();
    }
    let kept: Vec<u64> = of_runs.into_iter().chain(seeds.first().copied()).collect();
    let prepared: Vec<&Prepared> = scenarios.iter().map(|(_, prepared)| prepared).collect();
    let settings = Play {
        seeds: &seeds,
        kept: &kept,
        scratch,
        threads: options.threads,
        interrupt: options.interrupt,
        progress: options.progress,
    };
    let runs = play(&prepared, &settings).map_err(|error| match error {
        PlayError::Interrupted => CompareError::Interrupted,
        PlayError::Output(error) => CompareError::Output(error),
        PlayError::Run(scenario, problem) => {
            let side = scenarios.get(scenario).and_then(|(side, _)| sides.get(*side));
            Diagnostic::error(side.map_or_else(String::new, |side| side.given.clone()), problem).into()
        }
    })?;
    for ((side, _), runs) in scenarios.iter().zip(runs) {
        if let Some(side) = sides.get_mut(*side) {
            side.points = vec![SidePoint { name: String::new(), runs }];
        }
    }
    Ok(())
}

/// Beside a sweep, whose table has neither the objectives nor the traffic entries by themselves, the others are taken to
/// what it has.
fn as_sweeps(sides: &mut [Side]) {
    let sweeps = sides.iter().filter(|side| side.kind == SideKind::Sweep).count();
    if sweeps == 0 || sweeps == sides.len() {
        return;
    }
    let met = MetricKey::of_run(OBJECTIVES_MET);
    for run in sides.iter_mut().flat_map(|side| &mut side.points).flat_map(|point| &mut point.runs) {
        run.metrics.retain(|key, _| key.traffic().is_none() && report::is_metric(key.metric()));
        #[expect(clippy::cast_precision_loss, reason = "a number of objectives")]
        if !run.objectives.is_empty() {
            let passed = run.objectives.iter().filter(|result| result.passed()).count();
            run.metrics.insert(met.clone(), passed as f64 / run.objectives.len() as f64);
            run.objectives.clear();
        }
    }
}

/// Compares each point of a side with the one of the same name of the first side.
fn compare_sides(
    first: &Side,
    other: &Side,
    side: usize,
    options: &CompareOptions<'_>,
    points: &mut Vec<PointComparison>,
    warnings: &mut Vec<String>,
) -> Result<(), CompareError> {
    let mut missing = [0_usize; 2];
    let before = points.len();
    for point in &other.points {
        let Some(twin) = first.points.iter().find(|twin| twin.name == point.name) else {
            missing[1] += 1;
            continue;
        };
        if shared_seeds(twin, point).is_empty() && !options.unpaired {
            return Err(refuse_seeds(first, other, twin, point).into());
        }
        let difference = difference(twin, point, options.examples)?;
        if let Some((_, RunDifference { pods, .. })) = &difference
            && pods.shared == 0
            && pods.only.iter().all(|count| *count > 0)
        {
            let (a, b) = (&first.label, &other.label);
            warnings.push(format!(
                "no pod of {a} is in {b}: other workloads, or pod templates that give all pods other names"
            ));
        }
        let pair = compare_points(twin, point, &options.tolerances);
        points.push(PointComparison { side, point: point.name.clone(), pair, difference });
    }
    missing[0] = first.points.iter().filter(|one| !other.points.iter().any(|two| two.name == one.name)).count();
    if points.len() == before {
        let problem = "has no point that `{}` has: a sweep of several points is compared with one of the same parameters, and \
            `DIR@POINT` names one of its points";
        return Err(Diagnostic::error(other.given.clone(), problem.replace("{}", &first.given)).into());
    }
    for (count, one, two) in [(missing[0], first, other), (missing[1], other, first)] {
        if count > 0 {
            warnings.push(format!("{count} points of {} are not in {} and are left out", one.label, two.label));
        }
    }
    Ok(())
}

fn refuse_seeds(first: &Side, other: &Side, a: &SidePoint, b: &SidePoint) -> Diagnostic {
    let seeds = |point: &SidePoint| {
        let list: Vec<String> = point.runs.iter().take(5).map(|run| run.seed.to_string()).collect();
        if list.is_empty() { "no finished run".to_owned() } else { format!("seed {}", list.join(", ")) }
    };
    let problem = format!("has {}, and `{}` has {}: no two runs make a pair", seeds(b), first.given, seeds(a));
    let hint = "run them with the same --seed; or compare them as independent runs with --unpaired, which needs two or more \
        on each side to tell chance from difference";
    Diagnostic::error(other.given.clone(), problem).with_hint(Some(hint.to_owned()))
}

/// Pods and timelines of the first pair whose tables are there.
fn difference(a: &SidePoint, b: &SidePoint, examples: usize) -> Result<Option<(u64, RunDifference)>, CompareError> {
    for seed in shared_seeds(a, b) {
        let folder = |point: &SidePoint| {
            point.runs.iter().find(|run| run.seed == seed && run.folder.is_some()).and_then(|run| run.folder.clone())
        };
        if let (Some(one), Some(other)) = (folder(a), folder(b)) {
            return Ok(Some((seed, report::run_difference(&one, &other, examples)?)));
        }
    }
    Ok(None)
}
