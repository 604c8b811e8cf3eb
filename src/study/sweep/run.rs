//! What the runs of a sweep leave: metrics, placements, or why one failed.

use super::Metrics;
use serde::{Deserialize, Serialize};

/// A finished or failed run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Index of the point.
    pub point: usize,
    /// Replication, from 0.
    pub replication: u32,
    /// Seed; absent if the point could not be prepared.
    pub seed: Option<u64>,
    /// How it came out.
    pub outcome: RunOutcome,
    /// Where it placed pods; empty unless runs are compared.
    pub placements: Vec<Placement>,
}

/// How a run came out that is not missing.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// Its metrics.
    Finished(Metrics),
    /// The error, or the message of the panic.
    Failed(String),
}

/// The runs of a sweep, sorted by point and replication. Runs that an interrupt prevented are missing.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResult {
    /// The runs.
    pub runs: Vec<Run>,
    /// How many of them an earlier, interrupted sweep had finished.
    pub resumed: usize,
    /// How many runs an interrupt prevented.
    pub missing: usize,
}

impl SweepResult {
    /// The runs that failed, with the error.
    pub fn failures(&self) -> impl Iterator<Item = (&Run, &str)> {
        self.runs.iter().filter_map(|run| match &run.outcome {
            RunOutcome::Failed(error) => Some((run, error.as_str())),
            RunOutcome::Finished(_) => None,
        })
    }
}

/// How many pods of a workload were bound to a node during a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placement {
    /// Namespace, kind and name: `shop/Deployment/web`; `shop/arrivals/jobs` for the pods that a stream of arrivals makes
    /// up. Another pod without a workload stands for itself: `shop/Pod/job-1`.
    pub workload: String,
    /// Pool and zone of the node.
    pub pool_and_zone: (String, String),
    /// Node.
    pub node: String,
    /// Pods.
    pub pods: u32,
}
