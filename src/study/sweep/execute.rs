//! Plays the runs of a sweep on several threads.

use super::journal::{Journal, KnownRun, RunKey};
use super::moves;
use super::plan::{Plan, Point};
use super::run::{Placement, Run, RunOutcome, SweepResult};
use super::{Metrics, SweepError};
use rayon::prelude::*;
use std::any::Any;
use std::collections::BTreeMap;
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
    /// Runs of the sweep.
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
        left: plan.points().iter().map(|_| AtomicUsize::new(plan.replications() as usize)).collect(),
        done: AtomicUsize::new(0),
        resumed: AtomicUsize::new(0),
        options,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .thread_name(|index| format!("sweep-{index}"))
        .build()
        .map_err(|error| SweepError::Threads { threads: options.threads, problem: error.to_string() })?;
    let jobs: Vec<(&Point, u32)> = plan
        .points()
        .iter()
        .flat_map(|point| (0..plan.replications()).map(move |replication| (point, replication)))
        .collect();
    let mut runs: Vec<Run> = pool.install(|| {
        // One run per job: runs differ too much in length to be handed out in lots.
        let outcomes: Vec<Option<Run>> =
            jobs.par_iter().with_max_len(1).map(|(point, replication)| sweep.play(point, *replication)).collect();
        outcomes.into_iter().flatten().collect()
    });
    if let Some(error) = lock(&sweep.journal_error).take() {
        return Err(error);
    }
    let interrupted = runs.len() < plan.runs();
    moves::add_metrics(plan, &mut runs);
    let result = SweepResult { runs, resumed: sweep.resumed.into_inner(), interrupted };
    if !interrupted && result.failures().next().is_none() {
        sweep.journal.into_inner().unwrap_or_else(PoisonError::into_inner).remove()?;
    }
    Ok(result)
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
    resumed: AtomicUsize,
    options: &'a SweepOptions<'a>,
}

impl<M: Model> Running<'_, M> {
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
            (self.options.progress)(Progress { done, runs: self.plan.runs() });
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
