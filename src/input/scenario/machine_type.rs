//! Instance types of the user's own, and how often spot machines are taken back.

use super::boot::default_spot_notice;
use super::leaf::{Amount, Duration};
use super::paid_by::PaidBy;
use super::resource_amounts::{MAX_PODS, resource_list};
use crate::api::{CapacityType, InstanceType, Name, Offering};
use crate::input::catalogue::{Listed, ReservationRule};
use crate::units::NanoDollars;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An instance type that no catalogue has, or that shall be another than theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceTypeEntry {
    /// Name, unique (label `node.kubernetes.io/instance-type`).
    pub name: String,
    /// Architecture of the processor (label `kubernetes.io/arch`). Default `amd64`.
    #[serde(default = "amd64")]
    pub architecture: String,
    /// What a node has, by resource name, as in `nodePools`.
    pub capacity: BTreeMap<String, Amount>,
    /// What a node offers to pods, by resource name. Default: by `reserved`; single entries override it.
    #[serde(default)]
    pub allocatable: BTreeMap<String, Amount>,
    /// Whose formula says what the system and the kubelet keep. Default `none`: a node offers its capacity.
    pub reserved: Option<ReservationRule>,
    /// Labels of its nodes. Default none.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Region (label `topology.kubernetes.io/region`). Default: that of the cloud, or none.
    pub region: Option<String>,
    /// Zones in which it can be had. Default: anywhere.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Dollars per hour on demand. Default: unknown.
    pub on_demand_price_per_hour: Option<f64>,
    /// Dollars per hour of spot capacity. Default: it cannot be had as spot.
    pub spot_price_per_hour: Option<f64>,
    /// Offerings that differ from what `zones` and the prices say, or come in addition. Default none.
    #[serde(default)]
    pub offerings: Vec<OfferingEntry>,
}

fn amd64() -> String {
    "amd64".to_owned()
}

const fn yes() -> bool {
    true
}

/// An instance type in one zone under one capacity type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferingEntry {
    /// Zone.
    pub zone: String,
    /// How it is paid for. Default `on-demand`.
    #[serde(default)]
    pub capacity_type: PaidBy,
    /// Dollars per hour. Default: unknown.
    pub price_per_hour: Option<f64>,
    /// Whether the provider says that it can be had. Default true.
    #[serde(default = "yes")]
    pub available: bool,
}

/// How often spot machines are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpotInterruption {
    /// Interruptions of a machine per hour that it runs, at random: 0.01 takes one back after 100 hours in the mean.
    pub per_hour: f64,
    /// From the notice to the machine being gone. Default 2m, that of AWS.
    #[serde(default = "default_spot_notice")]
    pub notice: Duration,
}

impl InstanceTypeEntry {
    /// The type as a catalogue lists it.
    #[must_use]
    pub fn listed(&self, region: &str) -> Listed {
        let region = self.region.as_deref().unwrap_or(region);
        let mut capacity = resource_list(&self.capacity);
        capacity.pods.get_or_insert(i64::from(MAX_PODS));
        let mut allocatable = self.reserved.unwrap_or(ReservationRule::None).allocatable(&capacity);
        let own = resource_list(&self.allocatable);
        allocatable.cpu = own.cpu.or(allocatable.cpu);
        allocatable.memory = own.memory.or(allocatable.memory);
        allocatable.ephemeral_storage = own.ephemeral_storage.or(allocatable.ephemeral_storage);
        allocatable.pods = own.pods.or(allocatable.pods);
        let scalars =
            allocatable.scalar.iter().map(|(name, amount)| (name.clone(), own.scalar(name).unwrap_or(*amount)));
        allocatable.scalar = scalars.collect();
        Listed {
            region: Name::from(region),
            instance_type: InstanceType {
                name: Name::from(self.name.as_str()),
                architecture: Name::from(self.architecture.as_str()),
                operating_systems: vec![Name::from("linux")],
                capacity,
                allocatable,
                labels: self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
                offerings: self.all_offerings(),
            },
            source: Name::from("spec.cloud.instanceTypes"),
        }
    }

    fn all_offerings(&self) -> Vec<Offering> {
        let mut offerings: Vec<Offering> = Vec::new();
        let anywhere = [String::new()];
        let zones = if self.zones.is_empty() { &anywhere[..] } else { &self.zones };
        if self.offerings.is_empty() || !self.zones.is_empty() {
            for zone in zones {
                let offering = |capacity_type, price: Option<f64>| Offering {
                    zone: Name::from(zone.as_str()),
                    capacity_type,
                    price: price.map(NanoDollars::from_dollars),
                    available: true,
                    reservation: None,
                };
                offerings.push(offering(CapacityType::OnDemand, self.on_demand_price_per_hour));
                offerings.extend(self.spot_price_per_hour.map(|price| offering(CapacityType::Spot, Some(price))));
            }
        }
        for entry in &self.offerings {
            let capacity_type = CapacityType::from(entry.capacity_type);
            offerings.retain(|known| known.zone != *entry.zone || known.capacity_type != capacity_type);
            offerings.push(Offering {
                zone: Name::from(entry.zone.as_str()),
                capacity_type,
                price: entry.price_per_hour.map(NanoDollars::from_dollars),
                available: entry.available,
                reservation: None,
            });
        }
        offerings
    }
}
