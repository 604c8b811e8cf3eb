//! `spec.storage`: what the drivers of persistent volumes do, and how long it takes them.

use super::distribution::Distribution;
use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The drivers of persistent volumes: the times that their sidecars and the storage behind them take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// From a claim that may have its volume to the volume being made. Default 5 s (assumption: a cloud's block storage).
    pub provision: Distribution<Duration>,
    /// From the request to attach a volume to a node to its being attached. Default 2 s (assumption).
    pub attach: Distribution<Duration>,
    /// The same for detaching it. Default 2 s (assumption).
    pub detach: Distribution<Duration>,
    /// From a volume's release to its deletion, where its reclaim policy is Delete; it has to be detached before. Default 1 s
    /// (assumption).
    pub delete: Distribution<Duration>,
    /// From a claim that asks for more to its volume being larger. Default 5 s (assumption).
    pub expand: Distribution<Duration>,
    /// Whether a volume can be made larger while a node uses it, or only when no pod uses it. Default `online`.
    pub expansion: Expansion,
    /// Times in which no volume is attached to a node: a request waits until it is over. Default none.
    pub attach_outages: Vec<AttachOutage>,
}

impl Default for Storage {
    fn default() -> Self {
        let fixed = |seconds| Distribution::Fixed(Duration::from_secs(seconds));
        Self {
            provision: fixed(5),
            attach: fixed(2),
            detach: fixed(2),
            delete: fixed(1),
            expand: fixed(5),
            expansion: Expansion::Online,
            attach_outages: Vec::new(),
        }
    }
}

/// When a driver can make a volume larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Expansion {
    /// At any time.
    #[default]
    Online,
    /// When it is attached to no node.
    Offline,
}

/// A time in which volumes are not attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttachOutage {
    /// The node. Default: all nodes.
    pub node: Option<String>,
    /// When it begins. Default: at the start of the run.
    #[serde(default = "start_of_run")]
    pub at: Duration,
    /// How long it lasts. Default: for ever.
    pub duration: Option<Duration>,
}

const fn start_of_run() -> Duration {
    Duration::from_secs(0)
}
