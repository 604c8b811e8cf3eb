//! Plays the runs of a sweep on several threads.

use super::journal::{Journal, KnownRun, RunKey};
use super::moves;
use super::plan::{HalfWidth, Plan, Point, Precision};
use super::point_summary::CONFIDENCE;
use super::run::{Placement, Run, RunOutcome, SweepResult};
use super::{Metrics, SweepError};
use crate::stats::{self, Interval};
use rayon::prelude::*;
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a sweep varies: prepares a point, and runs it with a seed.
pub trait Model: Sync {
    /// A point that is ready to run; shared by its replications.
    type Prepared: Send + Sync;

    /// Reads and checks everything that the point needs. Called once for each point that is not finished.
    ///
    /// # Errors
    /// What is wrong with the point.
    fn prepare(&self, point: &Point) -> Result<PreparedPoint<Self::Prepared>, RunError>;

    /// Plays one run. The same point and seed give the same metrics.
    ///
    /// # Errors
    /// Why the run could not be played to its end.
    fn run(&self, prepared: &Self::Prepared, seed: u64) -> Result<Attempt, RunError>;
}

/// A point that is ready to run.
#[derive(Clone, Debug)]
pub struct PreparedPoint<P> {
    /// What the runs need.
    pub prepared: P,
    /// A checksum over everything that the point simulates; points with the same one have the same runs.
    pub fingerprint: u64,
    /// The seed of the first replication.
    pub first_seed: u64,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RunError(pub String);

/// How a run came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// It came to its end: its metrics, and where it placed pods, if the runs of the plan are compared.
    Finished(Metrics, Vec<Placement>),
    /// It was stopped by the interrupt; what it measured counts for nothing.
    Interrupted,
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs that are finished or have failed.
    pub done: usize,
    /// Runs of the sweep, as far as it is decided which there are.
    pub runs: usize,
}

/// How a sweep is played.
pub struct SweepOptions<'a> {
    /// Number of threads; 0 is one for each CPU.
    pub threads: usize,
    /// When it becomes true, no further run begins.
    pub interrupt: &'a AtomicBool,
    /// Told after each run, from any thread.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

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
    let (journal, known) = Journal::open(folder)?;
    let sweep = Running {
        model,
        plan,
        known,
        journal: Mutex::new(journal),
        journal_error: Mutex::new(None),
        broken: AtomicBool::new(false),
        points: plan.points().iter().map(|_| Mutex::new(Slot::Waiting)).collect(),
        left: plan.points().iter().map(|_| AtomicUsize::new(0)).collect(),
        done: AtomicUsize::new(0),
        planned: AtomicUsize::new(0),
        resumed: AtomicUsize::new(0),
        options,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .thread_name(|index| format!("sweep-{index}"))
        .build()
        .map_err(|error| SweepError::Threads { threads: options.threads, problem: error.to_string() })?;
    let mut runs: Vec<Run> = Vec::new();
    let mut wanting: Vec<&Point> = plan.points().iter().collect();
    let least = plan.replications().least;
    for first in (0..plan.replications().most()).step_by(least.max(1) as usize) {
        let replications = first..plan.replications().most().min(first + least);
        let played = sweep.round(&pool, &wanting, &replications);
        let is_whole = played.len() == wanting.len() * replications.len();
        runs.extend(played);
        if let Some(error) = lock(&sweep.journal_error).take() {
            return Err(error);
        }
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
    let missing = sweep.planned.into_inner() - runs.len();
    moves::add_metrics(plan, &mut runs);
    let result = SweepResult { runs, resumed: sweep.resumed.into_inner(), missing };
    if missing == 0 && result.failures().next().is_none() {
        sweep.journal.into_inner().unwrap_or_else(PoisonError::into_inner).remove()?;
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

/// A point's preparation, shared by its replications and dropped after the last.
enum Slot<P> {
    Waiting,
    Ready(Arc<PreparedPoint<P>>),
    Failed(RunError),
}

struct Running<'a, M: Model> {
    model: &'a M,
    plan: &'a Plan,
    known: BTreeMap<RunKey, KnownRun>,
    journal: Mutex<Journal>,
    /// The first error of the journal; nothing begins after it.
    journal_error: Mutex<Option<SweepError>>,
    broken: AtomicBool,
    points: Vec<Mutex<Slot<M::Prepared>>>,
    left: Vec<AtomicUsize>,
    done: AtomicUsize,
    /// Runs that were begun or will be, as far as that is decided.
    planned: AtomicUsize,
    resumed: AtomicUsize,
    options: &'a SweepOptions<'a>,
}

impl<M: Model> Running<'_, M> {
    /// Plays the same replications of several points; those that were interrupted are missing.
    fn round(&self, pool: &rayon::ThreadPool, points: &[&Point], replications: &Range<u32>) -> Vec<Run> {
        self.planned.fetch_add(points.len() * replications.len(), Ordering::AcqRel);
        for point in points {
            if let Some(left) = self.left.get(point.index) {
                left.store(replications.len(), Ordering::Release);
            }
        }
        let jobs: Vec<(&Point, u32)> = points
            .iter()
            .flat_map(|point| replications.clone().map(move |replication| (*point, replication)))
            .collect();
        pool.install(|| {
            // One run per job: runs differ too much in length to be handed out in lots.
            let outcomes: Vec<Option<Run>> =
                jobs.par_iter().with_max_len(1).map(|(point, replication)| self.play(point, *replication)).collect();
            outcomes.into_iter().flatten().collect()
        })
    }

    /// Plays one run; `None` if it was interrupted or never began.
    fn play(&self, point: &Point, replication: u32) -> Option<Run> {
        let run = self.attempt(point, replication);
        if self.left.get(point.index).is_some_and(|left| left.fetch_sub(1, Ordering::AcqRel) == 1)
            && let Some(slot) = self.points.get(point.index)
        {
            *lock(slot) = Slot::Waiting;
        }
        if run.is_some() {
            let done = self.done.fetch_add(1, Ordering::AcqRel) + 1;
            (self.options.progress)(Progress { done, runs: self.planned.load(Ordering::Acquire) });
        }
        run
    }

    fn attempt(&self, point: &Point, replication: u32) -> Option<Run> {
        if self.broken.load(Ordering::Acquire) || self.options.interrupt.load(Ordering::Acquire) {
            return None;
        }
        let failed = |seed, RunError(error)| Run {
            point: point.index,
            replication,
            seed,
            outcome: RunOutcome::Failed(error),
            placements: Vec::new(),
        };
        let ready = match self.prepared(point) {
            Ok(ready) => ready,
            Err(error) => return Some(failed(None, error)),
        };
        let seed = ready.first_seed.wrapping_add(u64::from(replication));
        let key = RunKey::new(ready.fingerprint, seed);
        let finished = |metrics, placements| Run {
            point: point.index,
            replication,
            seed: Some(seed),
            outcome: RunOutcome::Finished(metrics),
            placements,
        };
        if let Some(known) = self.known.get(&key)
            && (known.placements.is_some() || !self.plan.has_baseline())
        {
            self.resumed.fetch_add(1, Ordering::AcqRel);
            return Some(finished(known.metrics.clone(), known.placements.clone().unwrap_or_default()));
        }
        match guarded(|| self.model.run(&ready.prepared, seed)) {
            Ok(Attempt::Finished(metrics, placements)) => {
                let kept = self.plan.has_baseline().then_some(&*placements);
                if let Err(error) = lock(&self.journal).append(key, &metrics, kept) {
                    self.broken.store(true, Ordering::Release);
                    lock(&self.journal_error).get_or_insert(error);
                }
                Some(finished(metrics, placements))
            }
            Ok(Attempt::Interrupted) => None,
            Err(error) => Some(failed(Some(seed), error)),
        }
    }

    /// The prepared point; whoever comes first prepares it, and the other replications wait.
    fn prepared(&self, point: &Point) -> Result<Arc<PreparedPoint<M::Prepared>>, RunError> {
        let Some(slot) = self.points.get(point.index) else {
            return Err(RunError(format!("point {} is not part of the sweep", point.index)));
        };
        let mut slot = lock(slot);
        if matches!(*slot, Slot::Waiting) {
            *slot = match guarded(|| self.model.prepare(point)) {
                Ok(ready) => Slot::Ready(Arc::new(ready)),
                Err(error) => Slot::Failed(error),
            };
        }
        match &*slot {
            Slot::Ready(ready) => Ok(Arc::clone(ready)),
            Slot::Failed(error) => Err(error.clone()),
            Slot::Waiting => Err(RunError("the point was not prepared".to_owned())),
        }
    }
}

/// A lock whose holder panicked is still good: panics of models are caught before they reach a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Turns a panic into an error, so that one bad run does not end the others.
fn guarded<T>(work: impl FnOnce() -> Result<T, RunError>) -> Result<T, RunError> {
    // Nothing that the closure may leave half changed is used after a panic: a prepared point is only read.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(RunError(panic_message(&*payload))))
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("internal error: {message}")
}
