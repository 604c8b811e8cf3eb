//! How long the pods of Jobs run, as a scenario writes it. `kubelet::job_runs` draws from it.

use super::distribution::Distribution;
use super::leaf::Duration;
use super::target::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the pods of a Job end, or those of a CronJob's Jobs. It takes the place of what annotations of their template say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobRun {
    /// The Job or CronJob, for example `job/shop/import` or `cronjob/shop/report`.
    pub target: Target,
    /// From the start of a pod's containers to their end. Drawn anew for each start.
    pub run_time: Distribution<Duration>,
    /// Probability that they end with `exitCode` rather than with success; from 0 to 1. Default 0.
    #[serde(default)]
    pub failure_probability: f64,
    /// Exit code of those that fail; from 1 to 255. Default 1.
    #[serde(default = "one")]
    pub exit_code: u8,
    /// Exit code of containers that are stopped because their pod is deleted or evicted. Default 143, that of a process that
    /// SIGTERM ends; 0 says that they have done their work.
    #[serde(default = "terminated")]
    pub stopped_exit_code: u8,
}

const fn one() -> u8 {
    1
}

/// 128 and the number of SIGTERM.
const fn terminated() -> u8 {
    143
}
