//! Where two finished runs went different ways: pods that were placed on another node or at another time, and the first
//! instant at which their tables differ.
//!
//! Both folders are read row by row, side by side; what is held in memory are the pods of one run that the other one has
//! not come to yet. Names are all that tells pods apart: a pod of a Deployment that was created later in one run is the
//! pod of the same name in the other one.

mod parting;
mod pods;

pub use parting::{DifferingInterval, Parting, TimelineDifference};
pub use pods::{MovedPod, PodDifference, PodOfOne};

use super::read::{ReadError, RunFolder};
use std::path::Path;

/// What is different in two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDifference {
    /// Pods.
    pub pods: PodDifference,
    /// The timelines.
    pub timeline: TimelineDifference,
}

/// Compares the tables of two runs. Of each list the first `examples` are kept.
///
/// # Errors
/// A folder is not that of a whole run.
pub fn run_difference(one: &Path, other: &Path, examples: usize) -> Result<RunDifference, ReadError> {
    let (one, other) = (RunFolder::open(one)?, RunFolder::open(other)?);
    Ok(RunDifference { pods: pods::compare(&one, &other, examples)?, timeline: parting::compare(&one, &other)? })
}
