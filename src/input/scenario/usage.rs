//! What pods use over time without requests, as a scenario writes it. `workload::usage` evaluates it.

use super::distribution::Distribution;
use super::leaf::{Amount, Duration};
use super::rate::Rate;
use super::target::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// CPU and memory that a container of each pod of a workload uses, whatever the traffic: it comes on top of what
/// `spec.traffic` makes it use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Usage {
    /// The workload whose pods use it, for example `deployment/web`.
    pub target: Target,
    /// The container. Default: the first of `spec.containers` of the pod.
    pub container: Option<String>,
    /// CPU in cores, cut off at the container's CPU limit. Default: none.
    pub cpu: Option<UsageOverTime>,
    /// Memory in bytes. A container that reaches its memory limit is killed (OOMKilled). Default: none.
    pub memory: Option<UsageOverTime>,
}

/// An amount that each pod uses over time: the sum of what is given here, times `spread`. Values below zero count as zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageOverTime {
    /// The same amount all the time. Default 0.
    #[serde(default)]
    pub constant: Amount,
    /// An amount over time, in any form that a request rate has (`steps`, `diurnal`, `csv` ...), in multiples of `unit`.
    /// Default: none.
    pub series: Option<Rate>,
    /// What one of `series` is, for example `1m` or `1Mi`. Default 1: cores or bytes.
    #[serde(default = "unit")]
    pub unit: Amount,
    /// An amount that is drawn anew again and again, for each pod by itself. Default: none.
    pub noise: Option<UsageNoise>,
    /// How much a container uses more with each hour since it started: a leak, which a restart ends. Default 0.
    #[serde(default)]
    pub growth_per_hour: Amount,
    /// How far pods differ from each other: the standard deviation of the natural logarithm of a factor that is drawn once
    /// for each pod; its median is 1. Default 0, no difference.
    #[serde(default)]
    pub spread: f64,
}

/// An amount that is drawn anew again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageNoise {
    /// The amount.
    pub amount: Distribution<Amount>,
    /// How long a draw holds; above zero. Default 1 m.
    #[serde(default = "one_minute")]
    pub every: Duration,
}

const fn unit() -> Amount {
    Amount::from_units(1)
}

fn one_minute() -> Duration {
    Duration::from_secs(60)
}
