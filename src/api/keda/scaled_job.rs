//! The spec of a ScaledJob, as far as decisions read it.

use super::ScaleTrigger;
use crate::units::SimDuration;

/// `scalingStrategy.multipleScalersCalculation`: how the queues of several triggers become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultipleScalersCalculation {
    /// The longest queue.
    #[default]
    Max,
    /// The shortest queue.
    Min,
    /// The mean.
    Avg,
    /// The sum.
    Sum,
}

/// `scalingStrategy.strategy`: how many Jobs a queue asks for beside those that run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ScalingStrategy {
    /// Those of the queue, less those that run.
    #[default]
    Default,
    /// A deduction and a share of those that run.
    Custom {
        /// `customScalingQueueLengthDeduction`.
        deduction: i64,
        /// `customScalingRunningJobPercentage`, a share.
        running_share: f64,
    },
    /// For queues whose items are gone once they are taken: less those that wait to run.
    Accurate,
    /// Up to the maximum at once.
    Eager,
}

/// The spec of a `ScaledJob` without its `jobTargetRef`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaledJobSpec {
    /// `pollingInterval`, 30 s.
    pub polling_interval: SimDuration,
    /// `minReplicaCount`.
    pub min_replica_count: Option<i32>,
    /// `maxReplicaCount`.
    pub max_replica_count: Option<i32>,
    /// `scalingStrategy.strategy`.
    pub strategy: ScalingStrategy,
    /// `scalingStrategy.multipleScalersCalculation`.
    pub calculation: MultipleScalersCalculation,
    /// `successfulJobsHistoryLimit`, 100.
    pub successful_jobs_history_limit: i32,
    /// `failedJobsHistoryLimit`, 100.
    pub failed_jobs_history_limit: i32,
    /// `triggers`.
    pub triggers: Vec<ScaleTrigger>,
}

impl ScaledJobSpec {
    /// Jobs that run at least (`MinReplicaCount`): no more than the maximum.
    #[must_use]
    pub fn min_replicas(&self) -> i64 {
        let min = i64::from(self.min_replica_count.unwrap_or(0));
        self.max_replica_count.map_or(min, |max| min.min(i64::from(max)))
    }

    /// Jobs that triggers may ask for beside those (`MaxReplicaCount`).
    #[must_use]
    pub fn max_replicas(&self) -> i64 {
        let Some(max) = self.max_replica_count.map(i64::from) else { return 100 };
        let is_above = self.min_replica_count.is_some_and(|min| i64::from(min) > max);
        if is_above { max } else { max - self.min_replicas() }
    }
}
