//! Calls between the services of a scenario as it writes them: whom a request calls, and what its caller does about
//! failures.

use super::distribution::Distribution;
use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A call that a request makes while it is worked on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// Name of the traffic entry that is called; one with `fidelity: requests`.
    pub to: String,
    /// Calls are made one after the other. `true`: this one is made together with the one before it. Default `false`.
    #[serde(default)]
    pub parallel: bool,
    /// Share of the requests that make the call, from 0 to 1. Default 1.
    #[serde(default = "one")]
    pub share: f64,
    /// Share of the calls that a cache answers at once, from 0 to 1. Default 0.
    #[serde(default)]
    pub cache_hit_ratio: f64,
    /// So many calls at once, as to the shards of a search. Default 1.
    #[serde(default = "once")]
    pub count: u32,
    /// Time after which an attempt has failed, also if a pod still works on it. Default: never.
    pub timeout: Option<Duration>,
    /// What is done about an attempt that failed. Default: nothing.
    #[serde(default)]
    pub retries: Retries,
    /// Attempts that a pod has in flight at most; further ones fail at once and are not tried again. Default: no limit.
    pub max_requests: Option<u32>,
    /// Leaves out pods that fail. Default: none is left out.
    pub outlier_detection: Option<OutlierDetection>,
    /// Time after which a call without an answer is sent a second time; the first answer counts. Default: never.
    pub hedge_after: Option<Duration>,
    /// Whether the request goes on if the call fails. Default: it fails with the cause `dependency`.
    #[serde(default)]
    pub optional: bool,
}

const fn one() -> f64 {
    1.0
}

const fn once() -> u32 {
    1
}

/// Attempts beyond the first, by whoever sent a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retries {
    /// Attempts after the first one at most, as `retry.attempts` of an HTTPRoute and Istio's `retries.attempts` count them.
    /// Default 0.
    pub attempts: u32,
    /// The failures after which another attempt is made. Default: every one.
    pub on: Vec<RetryCause>,
    /// How long it takes until the next attempt.
    pub back_off: BackOff,
    /// Bounds the attempts of a client together. Default: no bound.
    pub budget: Option<RetryBudget>,
}

impl Default for Retries {
    fn default() -> Self {
        use RetryCause::{Cut, DeadEndpoint, Dependency, Error, NoEndpoint, NoName, QueueFull, Timeout};
        let on = vec![NoEndpoint, DeadEndpoint, QueueFull, Timeout, Cut, Dependency, Error, NoName];
        Self { attempts: 0, on, back_off: BackOff::default(), budget: None }
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RetryCause {
    /// There was no endpoint.
    NoEndpoint,
    /// The endpoint did not take requests any more.
    DeadEndpoint,
    /// The queue of the endpoint was full.
    QueueFull,
    /// The answer took too long.
    Timeout,
    /// The pod ended before the answer.
    Cut,
    /// A call of the pod failed.
    Dependency,
    /// The pod answered with an error.
    Error,
    /// The name resolved to nothing.
    NoName,
}

/// Time until the next attempt: `base`, doubled with each attempt up to `max`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BackOff {
    /// Before the first one. Default 25 ms, as Envoy's.
    pub base: Duration,
    /// Before later ones at most. Default: ten times `base`, as Envoy's.
    pub max: Option<Duration>,
    /// What is drawn of it. Default `full`.
    pub jitter: Jitter,
}

impl Default for BackOff {
    fn default() -> Self {
        Self { base: Duration::from_millis(25), max: None, jitter: Jitter::Full }
    }
}

/// How a back-off is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Jitter {
    /// Evenly between zero and the back-off (Envoy).
    Full,
    /// Always the whole back-off.
    None,
}

/// Attempts beyond the first that a client makes at most, as a share of its requests (Linkerd). A client is a pod that
/// calls; all clients of an entry's `rate` or `users` are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RetryBudget {
    /// Retries per request of the last `ttl`. Default 0.2.
    pub ratio: f64,
    /// Retries per second beside those. Default 10.
    pub min_per_second: f64,
    /// How long a request counts. Default 10 s.
    pub ttl: Duration,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { ratio: 0.2, min_per_second: 10.0, ttl: Duration::from_secs(10) }
    }
}

/// When a client leaves out a pod that fails, as Envoy and Istio do. Each pod that calls decides for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OutlierDetection {
    /// Failures in a row after which a pod is ejected. Default 5.
    pub consecutive_errors: u32,
    /// For how long, times how often it was ejected before. Default 30 s.
    pub base_ejection_time: Duration,
    /// Percent of the pods that are ejected at the same time at most; one always may. Default 10.
    pub max_ejection_percent: u32,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self { consecutive_errors: 5, base_ejection_time: Duration::from_secs(30), max_ejection_percent: 10 }
    }
}

/// The sidecar proxies of a service mesh in the pods of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mesh {
    /// Time that a request and its answer take through a sidecar together. Default 0.
    pub latency: Distribution<Duration>,
    /// CPU time that a sidecar uses for a request and its answer. Default 0.
    pub cpu: Duration,
}

impl Default for Mesh {
    fn default() -> Self {
        Self { latency: Distribution::Fixed(Duration::from_secs(0)), cpu: Duration::from_secs(0) }
    }
}
