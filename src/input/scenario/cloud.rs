//! The cloud of a scenario: which machines there are and what they cost.

use super::boot::{Boot, default_delete_delay};
use super::distribution::Distribution;
use super::leaf::Duration;
use super::machine_type::{InstanceTypeEntry, SpotInterruption};
use super::paid_by::PaidBy;
use super::shortage::ShortageEntry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cloud that nodes come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cloud {
    /// Where instance types and prices come from: `builtin` (common types of three clouds, with list prices of one region
    /// of each), `aws`, `gcp` or `azure` (the part of it that is of one cloud), `kwok` (the generic types of Karpenter's KWOK
    /// provider), or files, relative to the scenario file: CSV with the columns of the built-in catalogue, SkyPilot's
    /// `vms.csv`, OpenCost's pricing CSV, `instance_types.json` of Karpenter's KWOK provider, the price list of
    /// karpenter-provider-gcp. What a later one knows counts. Default: `builtin`.
    #[serde(default = "builtin")]
    pub catalogues: Vec<String>,
    /// The region whose instance types may be launched. Default: every region of the catalogues.
    pub region: Option<String>,
    /// Instance types that the catalogues do not have, or that shall be others than theirs. Default none.
    #[serde(default)]
    pub instance_types: Vec<InstanceTypeEntry>,
    /// How long machines take to become nodes. Default: 15 s, 30 s and 10 s in the median, an assumption; nodes that an
    /// operator adds (`addNodes`) are there at once unless this or the pool's `boot` is given.
    pub boot: Option<Boot>,
    /// From the request of a deletion to the machine being gone. Default: 30 s, an assumption.
    #[serde(default = "default_delete_delay")]
    pub delete_delay: Distribution<Duration>,
    /// How often machines of capacity type `spot` are taken back. Default: never.
    pub spot_interruption: Option<SpotInterruption>,
    /// What the cloud cannot or will not give, for a time or at random. Default none.
    #[serde(default)]
    pub shortages: Vec<ShortageEntry>,
    /// What is paid besides or instead of list prices.
    #[serde(default)]
    pub pricing: Pricing,
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            catalogues: builtin(),
            region: None,
            instance_types: Vec::new(),
            boot: None,
            delete_delay: default_delete_delay(),
            spot_interruption: None,
            shortages: Vec::new(),
            pricing: Pricing::default(),
        }
    }
}

fn builtin() -> Vec<String> {
    vec!["builtin".to_owned()]
}

/// What nodes cost. The price of a node is that of its pool (`pricePerHour`) or of its instance type by the catalogues, times
/// the discounts that it is entitled to, and the fees. A price that nothing says is unknown, not zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pricing {
    /// Price of spot capacity as a share of the price on demand, where only that is known. Default: none, it is unknown.
    pub spot_ratio: Option<f64>,
    /// What nodes of a region cost that the catalogues do not list.
    #[serde(default)]
    pub other_regions: OtherRegions,
    /// Shares of the list price that are paid. Those that a node is entitled to multiply each other. Default none.
    #[serde(default)]
    pub discounts: Vec<Discount>,
    /// What is paid for each node besides its price, known or not. Default none.
    #[serde(default)]
    pub fees: Vec<Fee>,
    /// Dollars for 10^9 bytes of requests and answers from one zone to another, both directions together. Default: unknown.
    pub cross_zone_per_gb: Option<f64>,
    /// What is paid for the cluster, in dollars per hour: a managed control plane. Default 0.
    #[serde(default)]
    pub cluster_fee_per_hour: f64,
    /// Machines that are paid for in advance, used or not. Each takes the place of nodes on demand, dearest first. Default
    /// none.
    #[serde(default)]
    pub reservations: Vec<ReservedMachines>,
    /// Spending that is committed to, used or not, for which nodes on demand cost less. They apply after reservations.
    /// Default none.
    #[serde(default)]
    pub savings_plans: Vec<SavingsPlan>,
}

/// The price of nodes of a region that the catalogues do not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OtherRegions {
    /// Unknown.
    #[default]
    Unknown,
    /// That of the regions that are listed, if they agree.
    Listed,
}

/// Which nodes something applies to: all conditions that are given have to hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PricedNodes {
    /// Instance types; `*` stands for any text: `m5.*`, `n2-*`. Default: every node, also one without an instance type.
    #[serde(default)]
    pub instance_types: Vec<String>,
    /// Regions (label `topology.kubernetes.io/region`). Default: every one.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Node pools. Default: every one.
    #[serde(default)]
    pub pools: Vec<String>,
    /// How the nodes are paid for. Default: every way.
    #[serde(default)]
    pub capacity_types: Vec<PaidBy>,
}

/// A share of the list price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discount {
    /// Whose price. Default: every node's.
    #[serde(default)]
    pub nodes: PricedNodes,
    /// The share that is paid: 0.9 is ten percent off.
    pub multiplier: f64,
}

/// What is paid besides the price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fee {
    /// For which nodes. Default: for every one.
    #[serde(default)]
    pub nodes: PricedNodes,
    /// Dollars per hour of each node. Default 0.
    #[serde(default)]
    pub per_node_hour: f64,
    /// Dollars per hour of each core of its capacity. Default 0.
    #[serde(default)]
    pub per_core_hour: f64,
}

/// Machines that are paid for in advance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReservedMachines {
    /// Name.
    pub name: String,
    /// Which nodes on demand (or of capacity type `reserved`) they can be. Default: every one.
    #[serde(default)]
    pub nodes: PricedNodes,
    /// How many machines.
    pub count: u32,
    /// Dollars per hour of each, used or not.
    pub price_per_hour: f64,
}

/// Spending that is committed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavingsPlan {
    /// Name.
    pub name: String,
    /// Which nodes on demand it covers. Default: every one.
    #[serde(default)]
    pub nodes: PricedNodes,
    /// Dollars per hour that are paid, used or not.
    pub commitment_per_hour: f64,
    /// What a node costs under the plan, as a share of its price on demand.
    pub multiplier: f64,
}
