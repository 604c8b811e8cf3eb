//! What plays the runs: a model, which knows what a point simulates, and how it is asked.

use super::Metrics;
use super::plan::Point;
use super::run::Placement;
use std::sync::atomic::AtomicBool;

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
