//! Runs over all combinations of parameter values, each repeated with different seeds, on several threads.
//!
//! The result does not depend on the number of threads nor on which run ends first: every run is a function of its point
//! and seed, and everything that is written is sorted by point and replication. Replication `k` has the seed `seed + k` at
//! every point (common random numbers), so that points differ by their parameters and not by luck.
//!
//! What a run simulates is not known here: a [`Model`] prepares a point and runs it. Of a run only its metrics are
//! kept, and where it placed pods if runs are compared.

mod charts;
mod execute;
mod headline;
mod journal;
mod labels;
mod metric_columns;
mod model;
mod moves;
mod plan;
mod point_summary;
mod run;
mod sampling;
mod session;
mod tables;
mod verdict;

pub use execute::execute;
pub use journal::JOURNAL_FILE;
pub use model::{Attempt, Model, PreparedPoint, Progress, RunError, SweepOptions};
pub use moves::{PLACEMENTS_FILE, write_placements};
pub use plan::{HalfWidth, Parameter, Plan, PlanError, Point, Precision, Replications, Step};
pub use point_summary::{MetricSummary, PointSummary, summarize_points};
pub use run::{Placement, Run, RunOutcome, SweepResult};
pub use sampling::{Method, Sample};
pub use session::Session;
pub use tables::{SUMMARY_FILE, SWEEP_FILE, write_tables};

pub use verdict::{OBJECTIVES_MET, PointVerdict, judge};

pub(crate) use charts::write_charts;
pub(crate) use headline::headline_table;
pub(crate) use tables::write_whole;

use crate::report::ReportError;
use std::path::PathBuf;
use thiserror::Error;

/// The metrics of one run: name and value, in the order of the summary.
pub type Metrics = Vec<(String, f64)>;

/// Why a sweep cannot go on as a whole. A run that fails is no such error: it is a row of the result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file or folder of the output cannot be read or written.
    #[error("{}: {source}", file.display())]
    Output {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A chart cannot be drawn or written.
    #[error(transparent)]
    Chart(#[from] ReportError),
    /// The threads cannot be started.
    #[error("{threads} threads cannot be started: {problem}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why not.
        problem: String,
    },
}
