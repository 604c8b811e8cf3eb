//! What a scenario says of a pod as a server beyond its workers and its queue: how it warms up, and the memory of its
//! requests.

use super::leaf::{Amount, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a program that has just started becomes faster: compiled code, filled caches. What a request costs falls in a
/// straight line from `factor` times `cpuPerRequest` to `cpuPerRequest`, over `duration` or over `requests`: exactly one of
/// the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WarmUp {
    /// Factor on the CPU time of the first request; 1 or more.
    pub factor: f64,
    /// Time from the first request until it is warm; above zero.
    pub duration: Option<Duration>,
    /// Requests until it is warm; 1 or more.
    pub requests: Option<u32>,
}

/// Memory of a container that depends on the requests that it has and has had. One that reaches its memory limit is killed
/// (OOMKilled), with all requests that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServerMemory {
    /// Bytes that each request takes as long as it is in the pod, waiting or at work. Default 0.
    pub per_request: Amount,
    /// Bytes that each request leaves behind: a leak, which a restart ends. Default 0.
    pub leak_per_request: Amount,
}
