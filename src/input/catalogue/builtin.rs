//! The catalogue that is part of the program.

use super::Catalogue;
use super::entry::Cloud;
use super::own_csv;
use crate::input::table::Table;
use std::path::Path;

/// The rows: `cloud,region,instance_type,...`, with the source and the day of each price.
const ROWS: &str = include_str!("../../../assets/instance-types.csv");

impl Catalogue {
    /// Common types of three clouds, with list prices.
    #[must_use]
    pub fn builtin() -> Self {
        let read = Table::of_text(Path::new("instance-types.csv"), ROWS).and_then(own_csv::read);
        debug_assert!(read.is_ok(), "{read:?}");
        read.unwrap_or_default()
    }

    /// Those of one cloud.
    #[must_use]
    pub fn of_cloud(cloud: Cloud) -> Self {
        let mut catalogue = Self::builtin();
        catalogue.types.retain(|listed| own_csv::cloud_of_region(&listed.region) == Some(cloud));
        catalogue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CapacityType;
    use crate::input::catalogue::{NodeTraits, PriceUnknown};
    use crate::units::{Bytes, MilliCpu, NanoDollars};

    #[test]
    fn the_built_in_rows_are_whole() {
        let all = Catalogue::builtin();
        let count: usize = Cloud::ALL.into_iter().map(|cloud| Catalogue::of_cloud(cloud).listed().len()).sum();
        assert_eq!(count, all.listed().len());
        assert!((100..150).contains(&count), "{count}");
        for listed in all.listed() {
            let made = &listed.instance_type;
            assert!(!listed.source.is_empty() && !listed.region.is_empty(), "{}", made.name);
            let on_demand = made.offerings.iter().find(|offering| offering.capacity_type == CapacityType::OnDemand);
            assert!(on_demand.is_some_and(|offering| offering.price > Some(NanoDollars::ZERO)), "{}", made.name);
            assert!(made.allocatable.cpu < made.capacity.cpu, "{}", made.name);
            assert!(made.allocatable.memory > Some(Bytes::ZERO), "{}", made.name);
            assert_eq!(made.offerings.len(), 6, "{}: three zones, on demand and spot", made.name);
        }
    }

    #[test]
    fn sizes_of_one_family_cost_in_proportion() {
        // A row that is not in proportion to its cores is a price of another kind: with a licence, or a slip.
        let all = Catalogue::builtin();
        let with_another_scale = ["t3", "t4g", "g4dn", "g5", "c3", "g2", "Standard_NC"];
        for listed in all.listed() {
            let made = &listed.instance_type;
            if with_another_scale.iter().any(|family| made.name.starts_with(family)) {
                continue;
            }
            let family = |name: &str| name.split(['.', '-']).next().map(str::to_owned);
            let shape = |made: &crate::api::InstanceType| {
                let (cpu, memory) =
                    (made.capacity.cpu.map_or(0, MilliCpu::get), made.capacity.memory.map_or(0, Bytes::get));
                memory / (1 << 24) * 1000 / cpu
            };
            let per_core = |made: &crate::api::InstanceType| {
                let price = made.offerings.iter().find(|offering| offering.capacity_type == CapacityType::OnDemand);
                let dollars = price.and_then(|offering| offering.price).map_or(0.0, NanoDollars::as_dollars);
                dollars / made.capacity.cpu.map_or(1.0, MilliCpu::as_cores)
            };
            for twin in all.listed().iter().map(|twin| &twin.instance_type) {
                let alike = family(&twin.name) == family(&made.name) && !made.name.starts_with("Standard");
                if alike && shape(twin) == shape(made) {
                    let ratio = per_core(twin) / per_core(made);
                    assert!((0.98..1.02).contains(&ratio), "{} and {}: {ratio}", made.name, twin.name);
                }
            }
        }
    }

    #[test]
    fn nodes_have_the_price_of_their_region() {
        let all = Catalogue::builtin();
        let node = |labels: &[(&str, &str)]| NodeTraits::of(&"n".into(), &labels.iter().copied().collect());
        let kind = "node.kubernetes.io/instance-type";
        let region = "topology.kubernetes.io/region";
        let zone = "topology.kubernetes.io/zone";
        let dollars = |amount| Ok(NanoDollars::from_dollars(amount));
        let cases = [
            (node(&[(kind, "m5.xlarge")]), dollars(0.192), "no place given"),
            (node(&[(kind, "m5.xlarge"), (region, "us-east-1"), (zone, "us-east-1f")]), dollars(0.192), "a zone more"),
            (node(&[(kind, "m5.xlarge"), (zone, "a")]), dollars(0.192), "a zone of the user's own"),
            (
                node(&[(kind, "m5.xlarge"), (region, "eu-west-1")]),
                Err(PriceUnknown::OtherRegion("us-east-1".into())),
                "another region has other prices",
            ),
            (
                node(&[(kind, "m5.xlarge"), ("eks.amazonaws.com/capacityType", "SPOT")]),
                Err(PriceUnknown::NoPrice(CapacityType::Spot)),
                "spot prices of EC2 are not listed",
            ),
            (
                node(&[(kind, "e2-standard-4"), ("cloud.google.com/gke-spot", "true")]),
                dollars(0.080_424),
                "those of Compute Engine are",
            ),
            (node(&[(kind, "Standard_D4s_v5")]), dollars(0.192), "Azure"),
            (node(&[(kind, "m1.huge")]), Err(PriceUnknown::NotListed), "no such type"),
            (node(&[]), Err(PriceUnknown::NoInstanceType), "no type"),
        ];
        for (traits, expected, why) in cases {
            assert_eq!(all.price(&traits), expected, "{why}");
        }
    }
}
