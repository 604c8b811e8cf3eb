//! The generic instance types of Karpenter's KWOK provider, by their formula.
//!
//! Source: `kwok/tools/gen_instance_types.go` and `kwok/cloudprovider/helpers.go` of kubernetes-sigs/karpenter 1.14.

use super::entry::Listed;
use super::reservation::ReservationRule;
use super::{Catalogue, offerings};
use crate::api::{CapacityType, InstanceType, Labels, Name, ResourceFormats, ResourceList};
use crate::units::{Bytes, MilliCpu, NanoDollars};

const GIB: i64 = 1 << 30;

/// Sizes in cores.
const CORES: [i64; 12] = [1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256];
/// Families, with the GiB of memory to each core.
const FAMILIES: [(&str, i64); 3] = [("c", 2), ("s", 4), ("m", 8)];
/// Zones.
const ZONES: [&str; 4] = ["test-zone-a", "test-zone-b", "test-zone-c", "test-zone-d"];

impl Catalogue {
    /// The generic types: `c-1x-amd64-linux` to `m-256x-arm64-windows`.
    #[must_use]
    pub fn kwok() -> Self {
        let mut catalogue = Self::default();
        for cores in CORES {
            for (family, ratio) in FAMILIES {
                for system in ["linux", "windows"] {
                    for architecture in ["amd64", "arm64"] {
                        catalogue.types.push(Listed {
                            region: Name::default(),
                            source: Name::from("formula of Karpenter's KWOK provider, 1.14"),
                            instance_type: generic(cores, (family, ratio), system, architecture),
                        });
                    }
                }
            }
        }
        catalogue
    }
}

/// One type. A core costs 0.025 dollars an hour, a GB (10^9 bytes) of memory 0.001; spot is 0.7 of it.
#[expect(clippy::cast_precision_loss, reason = "hundreds of cores and gigabytes have far fewer than 53 bits")]
fn generic(cores: i64, (family, ratio): (&str, i64), system: &str, architecture: &str) -> InstanceType {
    let memory = cores * ratio * GIB;
    // In billionths of a dollar: a byte costs 10^-12 dollars, a thousandth of one.
    let dollars = (cores * 25_000_000) as f64 / 1e9 + memory as f64 / 1e12;
    let prices = [
        (CapacityType::Spot, Some(NanoDollars::from_dollars(dollars * 0.7))),
        (CapacityType::OnDemand, Some(NanoDollars::from_dollars(dollars))),
    ];
    let capacity = ResourceList {
        cpu: Some(MilliCpu::new(cores * 1000)),
        memory: Some(Bytes::new(memory)),
        pods: Some((cores * 16).min(1024)),
        ephemeral_storage: Some(Bytes::new(20 * GIB)),
        scalar: [].into(),
        formats: ResourceFormats::default(),
    };
    let gibibytes = cores * ratio;
    let written = if gibibytes % 1024 == 0 { format!("{}Ti", gibibytes / 1024) } else { format!("{gibibytes}Gi") };
    // The size is that of AWS' names where the name has that form, and else the cores.
    let labels = kwok_labels(&cores.to_string(), family, &cores.to_string(), &written);
    InstanceType {
        name: Name::from(format!("{family}-{cores}x-{architecture}-{system}")),
        architecture: architecture.into(),
        operating_systems: vec![system.into()],
        allocatable: ReservationRule::Kwok.allocatable(&capacity),
        capacity,
        labels,
        offerings: offerings(&ZONES, &prices.into_iter().collect()),
    }
}

/// The labels of the KWOK provider's types.
pub(super) fn kwok_labels(size: &str, family: &str, cpu: &str, memory: &str) -> Labels {
    let labels = [
        ("karpenter.kwok.sh/instance-size", size),
        ("karpenter.kwok.sh/instance-family", family),
        ("karpenter.kwok.sh/instance-cpu", cpu),
        ("karpenter.kwok.sh/instance-memory", memory),
    ];
    labels.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_the_providers_prices() {
        let catalogue = Catalogue::kwok();
        assert_eq!(catalogue.listed().len(), 144);
        // Prices as in the provider's `instance_types.json`, rounded to billionths.
        let cases = [
            ("c-1x-amd64-linux", 0.027_147_484, 0.019_003_239, 16, 1),
            ("s-4x-arm64-linux", 0.117_179_869, 0.082_025_908, 64, 4),
            ("m-256x-amd64-linux", 8.599_023_256, 6.019_316_279, 1024, 256),
        ];
        for (name, on_demand, spot, pods, cores) in cases {
            let made = catalogue.find(name, "").expect(name);
            let price = |capacity_type| made.offering("test-zone-d", capacity_type).and_then(|offering| offering.price);
            assert_eq!(price(CapacityType::OnDemand), Some(NanoDollars::from_dollars(on_demand)), "{name}");
            assert_eq!(price(CapacityType::Spot), Some(NanoDollars::from_dollars(spot)), "{name}");
            assert_eq!(made.capacity.pods, Some(pods), "{name}");
            assert_eq!(made.allocatable.cpu, Some(MilliCpu::new(cores * 1000 - 100)), "{name}");
            assert_eq!(made.offerings.len(), 8, "{name}");
        }
    }
}
