//! `instance_types.json` of Karpenter's KWOK provider (`--instance-types-file-path`): a list of types with `name`,
//! `architecture`, `operatingSystems`, `resources` and `offerings`.
//!
//! An offering says its zone and capacity type in `Requirements`, as the provider reads it, or, as in older files, in `zone`
//! and `capacityType`. Keys are found in any letter case, as Go's decoder does.
//!
//! Source: `InstanceTypeOptions` of `kwok/cloudprovider/helpers.go`, Karpenter 1.14.

use super::Catalogue;
use super::entry::Listed;
use super::json_fields::{dollars, list, object, text};
use super::kwok::kwok_labels;
use super::reservation::ReservationRule;
use crate::api::{CapacityType, InstanceType, Name, Offering, Reservation};
use crate::input::kinds::common::resources;
use crate::input::{FieldErrors, FieldPath};
use crate::units::NanoDollars;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Pods of a type that does not say.
const DEFAULT_PODS: i64 = 110;

/// The value of a key in any letter case.
fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| map.iter().find(|(found, _)| found.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

/// Reads the list.
pub(super) fn read(root: &Value, errors: &mut FieldErrors) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (index, item) in list(Some(root), FieldPath::Root, errors).unwrap_or_default().iter().enumerate() {
        let path = FieldPath::Root;
        if let Some(instance_type) = instance_type(item, path.index(index), errors) {
            let source = Name::from("instance types of Karpenter's KWOK provider");
            catalogue.add_type(Listed { region: Name::default(), source, instance_type });
        }
    }
    catalogue
}

fn instance_type(item: &Value, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<InstanceType> {
    let map = object(Some(item), path, errors)?;
    let name = text(get(map, "name"), path.key("name"), errors);
    let architecture = text(get(map, "architecture"), path.key("architecture"), errors);
    let systems_path = path.key("operatingSystems");
    let systems = list(get(map, "operatingSystems"), systems_path, errors).unwrap_or_default().iter().enumerate();
    let systems: Vec<Name> = systems
        .filter_map(|(index, system)| text(Some(system), systems_path.index(index), errors).map(Name::from))
        .collect();
    let resources_path = path.key("resources");
    let amounts = object(get(map, "resources"), resources_path, errors);
    let mut quantities = BTreeMap::new();
    for (resource, amount) in amounts.into_iter().flatten() {
        let written = match amount {
            Value::Number(number) => Some(number.to_string()),
            other => text(Some(other), resources_path.key(resource), errors).map(str::to_owned),
        };
        quantities.extend(written.map(|written| (resource.clone(), Quantity(written))));
    }
    let mut capacity = resources::convert(Some(&quantities), resources_path, errors);
    for (resource, is_given) in [("cpu", capacity.cpu.is_some()), ("memory", capacity.memory.is_some())] {
        if amounts.is_some() && !is_given && !quantities.contains_key(resource) {
            errors.push(resources_path.key(resource), "is missing (expected an amount)");
        }
    }
    capacity.pods.get_or_insert(DEFAULT_PODS);
    let offerings_path = path.key("offerings");
    let offerings = list(get(map, "offerings"), offerings_path, errors).unwrap_or_default().iter().enumerate();
    let offerings: Vec<Offering> =
        offerings.filter_map(|(index, item)| offering(item, offerings_path.index(index), errors)).collect();
    let (name, architecture) = (name?, architecture?);
    let written = |resource: &str| quantities.get(resource).map_or("", |quantity| quantity.0.as_str());
    Some(InstanceType {
        name: name.into(),
        architecture: architecture.into(),
        operating_systems: systems,
        allocatable: ReservationRule::Kwok.allocatable(&capacity),
        labels: kwok_labels(size_of(name, written("cpu")), family_of(name), written("cpu"), written("memory")),
        capacity,
        offerings,
    })
}

/// The size in a name of AWS' form (`m5.xlarge`), otherwise the cores.
fn size_of<'a>(name: &'a str, cores: &'a str) -> &'a str {
    let Some((family, size)) = name.split_once('.') else { return cores };
    let is_word = !family.is_empty() && family.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let is_size = matches!(size, "nano" | "micro" | "small" | "medium" | "large" | "metal")
        || size.strip_suffix("xlarge").is_some_and(|count| count.chars().all(|digit| digit.is_ascii_digit()));
    if is_word && is_size { size } else { cores }
}

/// What stands before the first dot or dash of a name, or its first letter.
fn family_of(name: &str) -> &str {
    match name.split_once(['.', '-']) {
        Some((family, _)) => family,
        None => name.char_indices().nth(1).map_or(name, |(end, _)| &name[..end]),
    }
}

fn offering(item: &Value, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Offering> {
    let map = object(Some(item), path, errors)?;
    let price_path = path.key("Price");
    // A price that is null is not known.
    let price = match get(map, "Price") {
        Some(Value::Null) => None,
        given => Some(dollars(given, price_path, errors)?),
    };
    let mut zone = get(map, "zone").and_then(Value::as_str).map(Name::from);
    let mut word = get(map, "capacityType").and_then(Value::as_str);
    let mut reservation = None;
    let requirements_path = path.key("Requirements");
    if let Some(requirements) = get(map, "Requirements") {
        for (index, requirement) in list(Some(requirements), requirements_path, errors)?.iter().enumerate() {
            let at = requirements_path.index(index);
            let requirement = object(Some(requirement), at, errors)?;
            let key = text(get(requirement, "key"), at.key("key"), errors)?;
            let values_path = at.key("values");
            let values = list(get(requirement, "values"), values_path, errors)?;
            let [value] = values else {
                errors.push(values_path, "has not one value (expected an offering of one zone and one capacity type)");
                return None;
            };
            let value = text(Some(value), values_path.index(0), errors)?;
            match key {
                "topology.kubernetes.io/zone" => zone = Some(value.into()),
                "karpenter.sh/capacity-type" => word = Some(value),
                key if key.ends_with("/reservation-id") => reservation = Some(Name::from(value)),
                _ => {}
            }
        }
    }
    let Some(word) = word else {
        errors.push(requirements_path, "has no `karpenter.sh/capacity-type` (expected spot, on-demand or reserved)");
        return None;
    };
    let Some(capacity_type) = CapacityType::from_word(word) else {
        errors.push(
            requirements_path,
            format_args!("`{word}` is not a capacity type (expected spot, on-demand or reserved)"),
        );
        return None;
    };
    let left = get(map, "ReservationCapacity").and_then(Value::as_u64);
    Some(Offering {
        zone: zone.unwrap_or_default(),
        capacity_type,
        price: price.map(NanoDollars::from_dollars),
        // The provider makes every offering of a file available.
        available: true,
        reservation: reservation
            .map(|id| Reservation { id, capacity: left.and_then(|left| u32::try_from(left).ok()).unwrap_or(0) }),
    })
}
