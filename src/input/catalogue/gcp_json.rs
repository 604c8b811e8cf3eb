//! The price list of karpenter-provider-gcp: `prices`, by region, `on_demand` and `spot`, by machine type.
//!
//! It has no sizes. Machine types whose name says the size (`n2-standard-4`) become instance types, with the memory that
//! their family has to each core; of the others only the price is kept, which serves for nodes that exist.
//!
//! Source of the form: `pkg/providers/pricing/instanceprice` of cloudpilot-ai/karpenter-provider-gcp; of the memory: machine
//! families of Compute Engine.

use super::entry::{Cloud, Listed, ListedPrice};
use super::json_fields::{dollars, object};
use super::machine::Machine;
use super::{Catalogue, offerings};
use crate::api::{CapacityType, Name};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MilliCpu, NanoDollars};
use serde_json::Value;
use std::collections::BTreeMap;

/// MiB of memory to each core, by family: `standard`, `highmem`, `highcpu`; 0 where there is no such shape, or where it is not
/// the same at every size.
const MEMORY: [(&str, [i64; 3]); 17] = [
    ("c2", [4096, 0, 0]),
    ("c2d", [4096, 8192, 2048]),
    ("c3", [4096, 8192, 2048]),
    ("c3d", [4096, 8192, 2048]),
    ("c4", [0, 0, 2048]),
    ("c4a", [4096, 8192, 2048]),
    ("e2", [4096, 8192, 1024]),
    ("g2", [4096, 0, 0]),
    ("n1", [3840, 6656, 921]),
    ("n2", [4096, 8192, 1024]),
    ("n2d", [4096, 8192, 1024]),
    ("n4", [4096, 8192, 2048]),
    ("n4a", [4096, 8192, 2048]),
    ("n4d", [4096, 8192, 2048]),
    ("t2a", [4096, 0, 0]),
    ("t2d", [4096, 0, 0]),
    ("z3", [8192, 0, 0]),
];

/// Families with processors of Arm.
const ARM: [&str; 3] = ["c4a", "n4a", "t2a"];

/// Cores and memory of a machine type whose name says them.
fn size_of(name: &str) -> Option<(i64, i64)> {
    let mut parts = name.split('-');
    let (family, shape, cores) = (parts.next()?, parts.next()?, parts.next()?.parse::<i64>().ok()?);
    // Further parts are local disks or bare metal: another machine.
    if parts.next().is_some() || !(1..=1024).contains(&cores) {
        return None;
    }
    let (_, memory) = MEMORY.iter().find(|(known, _)| *known == family)?;
    let shape = ["standard", "highmem", "highcpu"].iter().position(|known| *known == shape)?;
    // Of N1, `highcpu` has 0.9 GB to a core, which is no whole number of MiB.
    memory.get(shape).filter(|memory| **memory > 0 && **memory != 921).map(|memory| (cores, cores * memory))
}

/// Reads the list.
pub(super) fn read(root: &Value, errors: &mut FieldErrors) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let path = FieldPath::Root;
    let regions_path = path.key("prices");
    for (region, lists) in object(root.get("prices"), regions_path, errors).into_iter().flatten() {
        let region_path = regions_path.key(region);
        let Some(lists) = object(Some(lists), region_path, errors) else { continue };
        let mut prices: BTreeMap<&str, BTreeMap<CapacityType, Option<NanoDollars>>> = BTreeMap::new();
        for (key, list) in lists {
            let capacity_type = match key.as_str() {
                "on_demand" => CapacityType::OnDemand,
                "spot" => CapacityType::Spot,
                other => {
                    errors.push(region_path.key(other), "has no meaning here (expected on_demand or spot)");
                    continue;
                }
            };
            let list_path = region_path.key(key);
            for (name, price) in object(Some(list), list_path, errors).into_iter().flatten() {
                let price = dollars(Some(price), list_path.key(name), errors).map(NanoDollars::from_dollars);
                prices.entry(name).or_default().insert(capacity_type, price);
            }
        }
        for (name, prices) in prices {
            add(&mut catalogue, region, name, &prices);
        }
    }
    catalogue
}

fn add(catalogue: &mut Catalogue, region: &str, name: &str, prices: &BTreeMap<CapacityType, Option<NanoDollars>>) {
    let Some((cores, mebibytes)) = size_of(name) else {
        let known = prices.iter().filter_map(|(capacity_type, price)| Some((*capacity_type, (*price)?)));
        catalogue.prices.extend(known.map(|(capacity_type, price)| ListedPrice {
            instance_type: name.into(),
            region: region.into(),
            capacity_type,
            price,
        }));
        return;
    };
    let family = name.split('-').next().unwrap_or_default();
    let gpus = if family == "g2" { (cores / 12).max(1) } else { 0 };
    let machine = Machine {
        cloud: Some(Cloud::Gcp),
        region,
        name,
        architecture: if ARM.contains(&family) { "arm64" } else { "amd64" },
        cpu: MilliCpu::new(cores * 1000),
        memory: Bytes::new(mebibytes << 20),
        accelerators: (gpus > 0).then_some(("nvidia.com/gpu", gpus)),
        interfaces: None,
    };
    // The list knows no zones; three of the region stand for them.
    let zones = ["a", "b", "c"].map(|letter| format!("{region}-{letter}"));
    let zones = zones.each_ref().map(String::as_str);
    catalogue.types.push(Listed {
        region: region.into(),
        source: Name::from("price list of karpenter-provider-gcp"),
        instance_type: machine.instance_type(offerings(&zones, prices)),
    });
}
