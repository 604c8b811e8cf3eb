//! What a cloud cannot or will not give: the entry of the file, and what a run makes of it.

use super::leaf::{Amount, Duration};
use super::paid_by::PaidBy;
use crate::api::{CapacityType, Name};
use crate::units::{MilliCpu, SimDuration, SimTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What goes wrong with machines that a cloud is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ShortageKind {
    /// No capacity: a launch fails, unless it may be launched as something else that can be had.
    StockOut,
    /// The machines that run reach a limit (`nodes`, `cpu`): a launch beyond it fails.
    Quota,
    /// A launch fails with another error.
    LaunchError,
    /// A machine boots and never registers its node.
    NeverRegisters,
    /// A machine registers its node, which never becomes ready.
    NeverReady,
    /// The provider refuses to raise the size of a node group.
    Refused,
    /// Machines are launched one after the other, `perMinute` at most.
    LaunchRate,
    /// The provider takes machines back, with notice.
    Reclaim,
}

impl ShortageKind {
    /// The kind as the file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StockOut => "stockOut",
            Self::Quota => "quota",
            Self::LaunchError => "launchError",
            Self::NeverRegisters => "neverRegisters",
            Self::NeverReady => "neverReady",
            Self::Refused => "refused",
            Self::LaunchRate => "launchRate",
            Self::Reclaim => "reclaim",
        }
    }
}

/// What a cloud cannot or will not give, for a time or at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShortageEntry {
    /// Name, unique among the shortages; names the random stream. Default: the kind and the place in the list.
    pub name: Option<String>,
    /// What goes wrong.
    pub kind: ShortageKind,
    /// Node pools that it concerns. Default: every one, and machines that belong to none.
    #[serde(default)]
    pub pools: Vec<String>,
    /// Instance types that it concerns. Default: every one.
    #[serde(default)]
    pub instance_types: Vec<String>,
    /// Zones that it concerns. Default: every one.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Capacity types that it concerns. Default: every one.
    #[serde(default)]
    pub capacity_types: Vec<PaidBy>,
    /// When it begins, since the start of the run. Default 0.
    #[serde(default)]
    pub at: Duration,
    /// How long it lasts. Default: to the end of the run.
    pub duration: Option<Duration>,
    /// Probability that it hits a machine, from 0 to 1, drawn for each. Not for `quota`, `refused` and `launchRate`.
    /// Default 1.
    pub probability: Option<f64>,
    /// For `quota`: machines that may run at once.
    pub nodes: Option<u32>,
    /// For `quota`: cores that may run at once.
    pub cpu: Option<Amount>,
    /// For `launchRate`: launches per minute; above zero.
    pub per_minute: Option<f64>,
}

/// What a cloud cannot or will not give.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortage {
    /// Name, unique among the shortages: names the random stream.
    pub name: Name,
    /// What goes wrong.
    pub problem: Problem,
    /// Node pools that it concerns; empty is every one.
    pub pools: Vec<Name>,
    /// Instance types that it concerns; empty is every one.
    pub instance_types: Vec<Name>,
    /// Zones that it concerns; empty is every one.
    pub zones: Vec<Name>,
    /// Capacity types that it concerns; empty is every one.
    pub capacity_types: Vec<CapacityType>,
    /// When it begins.
    pub from: SimTime,
    /// When it ends; `None` if it does not.
    pub until: Option<SimTime>,
    /// Probability that it hits a machine.
    pub probability: f64,
}

/// What goes wrong with machines, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No capacity.
    StockOut,
    /// Machines that may run at once.
    Quota {
        /// How many.
        nodes: Option<u32>,
        /// How many cores in all.
        cpu: Option<MilliCpu>,
    },
    /// A launch fails with another error.
    LaunchError,
    /// A machine never registers its node.
    NeverRegisters,
    /// A node never becomes ready.
    NeverReady,
    /// The size of a group is not raised.
    Refused,
    /// Time from one launch to the next.
    LaunchRate(SimDuration),
    /// Machines are taken back.
    Reclaim,
}

impl Shortage {
    /// Whether it is in force.
    #[must_use]
    pub fn is_on(&self, now: SimTime) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether it concerns a machine; `pool` is empty of one that belongs to none.
    #[must_use]
    pub fn concerns(&self, pool: &str, instance_type: &str, zone: &str, capacity_type: CapacityType) -> bool {
        let holds = |names: &[Name], name: &str| names.is_empty() || names.iter().any(|listed| **listed == *name);
        holds(&self.pools, pool)
            && holds(&self.instance_types, instance_type)
            && holds(&self.zones, zone)
            && (self.capacity_types.is_empty() || self.capacity_types.contains(&capacity_type))
    }
}
