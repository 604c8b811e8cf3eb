//! What requests cost the pods of single workloads behind a Service.

use super::distribution::Distribution;
use super::leaf::Duration;
use super::target::Target;
use super::traffic::{AfterSignal, CpuPerRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A workload behind a Service whose pods serve requests in another way than the others, such as a new release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backend {
    /// The workload: a Deployment, ReplicaSet, ReplicationController or StatefulSet.
    pub target: Target,
    /// CPU time of a request there. Default: that of the entry.
    pub cpu_per_request: Option<CpuPerRequest>,
    /// How its pods serve.
    #[serde(default)]
    pub server: BackendServer,
    /// The share of the requests (0 to 1) that it answers with an error after its work on them. Default: that of the entry.
    pub error_rate: Option<f64>,
}

/// How the pods of a backend serve: what is not given is as in the entry's `server`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BackendServer {
    /// How long a request waits for others after its CPU time.
    pub wait: Option<Distribution<Duration>>,
    /// Requests that a pod works on at once.
    pub concurrency: Option<u32>,
    /// Requests that wait in a pod for one of `concurrency`.
    pub queue: Option<u32>,
    /// What a pod does with new requests from the termination signal on.
    pub after_signal: Option<AfterSignal>,
}
