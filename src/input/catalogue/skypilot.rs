//! SkyPilot's catalogue `vms.csv`: one row per instance type, region and availability zone.
//!
//! `InstanceType`, `vCPUs`, `MemoryGiB`, `Price`, `SpotPrice` and `Region` are used, `AvailabilityZone`, `AcceleratorName` and
//! `AcceleratorCount` where they are; further columns have no effect. An empty price is unknown. Rows without cores or memory
//! (accelerators that are rented apart from a machine) are passed over.

use super::Catalogue;
use super::entry::{Cloud, Listed};
use super::machine::Machine;
use super::own_csv::{cores, gibibytes, price};
use crate::api::{CapacityType, Name, Offering};
use crate::input::table::{Column, Table, TableError};
use rustc_hash::FxHashMap;

/// The cloud by the form of an instance type's name.
fn cloud_of(name: &str) -> Option<Cloud> {
    if name.starts_with("Standard_") || name.starts_with("Basic_") {
        Some(Cloud::Azure)
    } else if name.contains('.') {
        Some(Cloud::Aws)
    } else if name.contains('-') {
        Some(Cloud::Gcp)
    } else {
        None
    }
}

/// The architecture by the name: Graviton, Axion and Tau T2A, Ampere and Cobalt.
fn architecture_of(cloud: Option<Cloud>, name: &str) -> &'static str {
    let family = name.split(['.', '-']).next().unwrap_or_default();
    let is_arm = match cloud {
        Some(Cloud::Aws) => {
            let after_generation = family.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
            family == "a1" || after_generation.trim_start_matches(|digit: char| digit.is_ascii_digit()).starts_with('g')
        }
        Some(Cloud::Gcp) => matches!(family, "c4a" | "n4a" | "t2a" | "a4x"),
        Some(Cloud::Azure) => {
            let size = name.trim_start_matches("Standard_");
            let letters = size.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
            letters.trim_start_matches(|digit: char| digit.is_ascii_digit()).starts_with('p')
        }
        None => false,
    };
    if is_arm { "arm64" } else { "amd64" }
}

/// Reads the rows.
pub(super) fn read(mut table: Table) -> Result<Catalogue, TableError> {
    let (name, vcpus, memory) = (table.need("InstanceType")?, table.need("vCPUs")?, table.need("MemoryGiB")?);
    let (on_demand, spot, region) = (table.need("Price")?, table.need("SpotPrice")?, table.need("Region")?);
    let (zone, accelerator, accelerators) =
        (table.find("AvailabilityZone"), table.find("AcceleratorName"), table.find("AcceleratorCount"));
    let mut catalogue = Catalogue::default();
    let mut places: FxHashMap<(Name, Name), usize> = FxHashMap::default();
    while table.advance()? {
        let is_given = |column: Column| !table.text(column).is_empty();
        if !(is_given(name) && is_given(vcpus) && is_given(memory)) {
            continue;
        }
        let key = (Name::from(table.text(name)), Name::from(table.text(region)));
        let place = match places.get(&key) {
            Some(place) => *place,
            None => {
                let cloud = cloud_of(&key.0);
                let count = accelerators.filter(|column| is_given(*column));
                let count = count.map(|column| table.positive_number(column)).transpose()?.unwrap_or(0.0);
                // Parts of a GPU are not to be had in Kubernetes.
                #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
                let count = count.floor().min(1024.0) as i64;
                let is_gpu = accelerator.is_some_and(is_given) && count > 0;
                let machine = Machine {
                    cloud,
                    region: &key.1,
                    name: &key.0,
                    architecture: architecture_of(cloud, &key.0),
                    cpu: cores(&table, vcpus)?,
                    memory: gibibytes(&table, memory)?,
                    accelerators: is_gpu.then_some(("nvidia.com/gpu", count)),
                    interfaces: None,
                };
                let instance_type = machine.instance_type(Vec::new());
                let source = Name::from("SkyPilot's catalogue");
                places.insert(key.clone(), catalogue.types.len());
                catalogue.types.push(Listed { region: key.1.clone(), source, instance_type });
                catalogue.types.len() - 1
            }
        };
        let zone = Name::from(zone.map_or("", |zone| table.text(zone)));
        for (capacity_type, column) in [(CapacityType::OnDemand, on_demand), (CapacityType::Spot, spot)] {
            let price = price(&table, Some(column))?;
            if let Some(listed) = catalogue.types.get_mut(place) {
                let zone = zone.clone();
                let offering = Offering { zone, capacity_type, price, available: true, reservation: None };
                listed.instance_type.offerings.push(offering);
            }
        }
    }
    Ok(catalogue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_architecture() {
        let cases = [
            ("m5.large", "amd64"),
            ("m6g.large", "arm64"),
            ("c7gn.xlarge", "arm64"),
            ("g4dn.xlarge", "amd64"),
            ("a1.large", "arm64"),
            ("n2-standard-4", "amd64"),
            ("t2a-standard-4", "arm64"),
            ("Standard_D4ps_v5", "arm64"),
            ("Standard_D4s_v5", "amd64"),
            ("gpu_1x_a100", "amd64"),
        ];
        for (name, architecture) in cases {
            assert_eq!(architecture_of(cloud_of(name), name), architecture, "{name}");
        }
    }
}
