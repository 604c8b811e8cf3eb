//! Plays single runs of a plan on several threads, and keeps what ends in a journal.

use super::SweepError;
use super::journal::{Journal, KnownRun, RunKey};
use super::model::{Attempt, Model, PreparedPoint, Progress, RunError, SweepOptions};
use super::plan::{Plan, Point};
use super::run::{Run, RunOutcome};
use rayon::prelude::*;
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A point's preparation, shared by its replications and dropped after the last.
enum Slot<P> {
    Waiting,
    Ready(Arc<PreparedPoint<P>>),
    Failed(RunError),
}

/// Runs of a plan on several threads. Those that end are kept in a journal; those that it has already are not played again.
pub struct Session<'a, M: Model> {
    pool: rayon::ThreadPool,
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

impl<'a, M: Model> Session<'a, M> {
    /// Opens the journal and starts the threads.
    ///
    /// # Errors
    /// [`SweepError`] if the journal cannot be read or the threads cannot be started.
    pub fn open(
        model: &'a M,
        plan: &'a Plan,
        journal: &Path,
        options: &'a SweepOptions<'a>,
    ) -> Result<Self, SweepError> {
        let (journal, known) = Journal::open(journal)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .thread_name(|index| format!("sweep-{index}"))
            .build()
            .map_err(|error| SweepError::Threads { threads: options.threads, problem: error.to_string() })?;
        Ok(Self {
            pool,
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
        })
    }

    /// Plays replications of points; those that were interrupted are missing.
    ///
    /// # Errors
    /// [`SweepError`] if the journal cannot be written.
    pub fn play(&self, jobs: &[(&Point, u32)]) -> Result<Vec<Run>, SweepError> {
        self.planned.fetch_add(jobs.len(), Ordering::AcqRel);
        for (point, _) in jobs {
            if let Some(left) = self.left.get(point.index) {
                left.fetch_add(1, Ordering::AcqRel);
            }
        }
        let runs = self.pool.install(|| {
            // One run per job: runs differ too much in length to be handed out in lots.
            let outcomes: Vec<Option<Run>> = jobs
                .par_iter()
                .with_max_len(1)
                .map(|(point, replication)| self.play_one(point, *replication))
                .collect();
            outcomes.into_iter().flatten().collect()
        });
        match lock(&self.journal_error).take() {
            Some(error) => Err(error),
            None => Ok(runs),
        }
    }

    /// Runs that were asked for.
    #[must_use]
    pub fn planned(&self) -> usize {
        self.planned.load(Ordering::Acquire)
    }

    /// Runs that the journal had.
    #[must_use]
    pub fn resumed(&self) -> usize {
        self.resumed.load(Ordering::Acquire)
    }

    /// Removes the journal: every run is in the final files.
    ///
    /// # Errors
    /// [`SweepError`] if it cannot be removed.
    pub fn close(self) -> Result<(), SweepError> {
        self.journal.into_inner().unwrap_or_else(PoisonError::into_inner).remove()
    }

    /// Plays one run; `None` if it was interrupted or never began.
    fn play_one(&self, point: &Point, replication: u32) -> Option<Run> {
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
