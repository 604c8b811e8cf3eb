//! How long machines take to become nodes, and to go.

use super::distribution::{Distribution, LogNormal};
use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long the steps of a boot take. The defaults are an assumption: 15 s, 30 s and 10 s in the median, with a factor of
/// 1.8 from there to the 99th percentile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Boot {
    /// From the request to the machine. Whether it can be had is known at its end.
    pub launch: Distribution<Duration>,
    /// From the machine to its Node object: the operating system boots, the kubelet registers.
    pub register: Distribution<Duration>,
    /// From the Node object to condition Ready: the network is set up.
    pub ready: Distribution<Duration>,
}

impl Default for Boot {
    fn default() -> Self {
        Self { launch: around(15), register: around(30), ready: around(10) }
    }
}

/// A step of a boot that takes this many seconds in the median.
const fn around(seconds: i64) -> Distribution<Duration> {
    Distribution::LogNormal(LogNormal { median: Some(Duration::from_secs(seconds)), mean: None, sigma: 0.25 })
}

/// From the request of a deletion to the machine being gone, if the scenario does not say: 30 s, an assumption.
pub const fn default_delete_delay() -> Distribution<Duration> {
    Distribution::Fixed(Duration::from_secs(30))
}

/// From the notice of an interruption to the machine being gone, if the scenario does not say: that of AWS.
pub const fn default_spot_notice() -> Duration {
    Duration::from_secs(120)
}
