//! The service-level objective of a traffic entry, as a scenario writes it.

use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the users of a service are promised; its requests are judged by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServiceLevelObjective {
    /// A request that is served is good if it takes no longer. Default: every one that is served in time is good.
    pub latency: Option<Duration>,
    /// Share of the requests that shall be good, from 0 to below 1; the rest is the error budget. Default 0.999.
    pub target: f64,
    /// T of Apdex: who is answered within it is satisfied, who is within four times T tolerates it. Default 500ms.
    pub apdex: Duration,
}

impl Default for ServiceLevelObjective {
    fn default() -> Self {
        Self { latency: None, target: 0.999, apdex: Duration::from_millis(500) }
    }
}
