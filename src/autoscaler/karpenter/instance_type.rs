//! Instance types as Karpenter's decisions see them: requirements, offerings with a price, and which of several types are
//! cheapest (`pkg/cloudprovider/types.go`).

use super::amounts::Amounts;
use super::go_sort::sort_slice;
use super::label::WellKnownLabels;
use super::requirement::Requirement;
use super::requirements::Requirements;
use crate::api::karpenter::{KarpenterOperator, keys};
use crate::api::{self, CapacityType, Name, well_known};
use std::collections::{BTreeMap, BTreeSet};

/// An instance type.
#[derive(Clone, Debug)]
pub struct InstanceType {
    /// Name.
    pub name: Name,
    /// What its nodes' labels may be.
    pub requirements: Requirements,
    /// Where and how it can be had.
    pub offerings: Vec<Offering>,
    /// Capacity of a node.
    pub capacity: Amounts,
    /// What a node offers to pods.
    pub allocatable: Amounts,
}

/// An instance type in a zone, under a capacity type.
#[derive(Clone, Debug)]
pub struct Offering {
    /// What the labels of a node are that is bought by it.
    pub requirements: Requirements,
    /// Zone.
    pub zone: Name,
    /// Capacity type.
    pub capacity_type: CapacityType,
    /// Dollars an hour; beyond all others if it is not known.
    pub price: f64,
    /// Whether it can be had, as the provider says.
    pub available: bool,
    /// Id of the reservation, and how many machines it has room for.
    pub reservation: Option<(Name, u32)>,
}

impl Offering {
    fn suits(&self, requirements: &Requirements, known: &WellKnownLabels) -> bool {
        requirements.compatible(&self.requirements, Some(known)).is_ok()
    }
}

impl InstanceType {
    /// As Karpenter's providers describe a type.
    pub fn from_api(instance_type: &api::InstanceType, reservation_label: &Name) -> Self {
        let any_of = |values: &[Name]| {
            let operator = if values.is_empty() { KarpenterOperator::DoesNotExist } else { KarpenterOperator::In };
            Requirement::new(operator, values, None)
        };
        let zones: Vec<Name> = instance_type.offerings.iter().map(|offering| offering.zone.clone()).collect();
        let capacity_types: Vec<Name> =
            instance_type.offerings.iter().map(|offering| offering.capacity_type.as_str().into()).collect();
        let mut requirements = Requirements::from_labels(&instance_type.labels);
        requirements.set(well_known::INSTANCE_TYPE, Requirement::value(&instance_type.name));
        requirements.set(well_known::ARCH, Requirement::value(&instance_type.architecture));
        requirements.set(well_known::OS, any_of(&instance_type.operating_systems));
        requirements.set(well_known::ZONE, any_of(&zones));
        requirements.set(keys::CAPACITY_TYPE, any_of(&capacity_types));
        let ids: Vec<Name> = instance_type
            .offerings
            .iter()
            .filter_map(|offering| Some(offering.reservation.as_ref()?.id.clone()))
            .collect();
        requirements.set(reservation_label, any_of(&ids));
        let offering = |offering: &api::Offering| {
            Offering::new(
                offering.zone.clone(),
                offering.capacity_type,
                offering.price.map_or(f64::MAX, crate::units::NanoDollars::as_dollars),
                offering.available,
                offering.reservation.as_ref().map(|reservation| (reservation.id.clone(), reservation.capacity)),
                reservation_label,
            )
        };
        Self {
            name: instance_type.name.clone(),
            requirements,
            offerings: instance_type.offerings.iter().map(offering).collect(),
            capacity: Amounts::from_list(&instance_type.capacity),
            allocatable: Amounts::from_list(&instance_type.allocatable),
        }
    }

    /// Price of a node of this type in a zone and of a capacity type (`OfferingPrice`).
    pub fn price_of(&self, zone: &str, capacity_type: &str) -> Option<f64> {
        let is_it = |offering: &&Offering| offering.zone == zone && offering.capacity_type.as_str() == capacity_type;
        self.offerings.iter().find(is_it).map(|offering| offering.price)
    }

    /// The lowest price of the offerings that suit, whether they can be had or not.
    pub fn lowest_price(&self, requirements: &Requirements, known: &WellKnownLabels) -> Option<f64> {
        let suitable = self.offerings.iter().filter(|offering| offering.suits(requirements, known));
        suitable.map(|offering| offering.price).reduce(f64::min)
    }

    /// The lowest price of the offerings that can be had.
    pub fn lowest_available_price(&self) -> Option<f64> {
        self.offerings.iter().filter(|offering| offering.available).map(|offering| offering.price).reduce(f64::min)
    }

    /// Whether an offering can be had that suits.
    pub fn has_offering(&self, requirements: &Requirements, known: &WellKnownLabels) -> bool {
        self.offerings.iter().any(|offering| offering.available && offering.suits(requirements, known))
    }

    /// The offerings that can be had and suit.
    pub fn suitable<'a>(
        &'a self,
        requirements: &'a Requirements,
        known: &'a WellKnownLabels,
    ) -> impl Iterator<Item = &'a Offering> {
        self.offerings.iter().filter(|offering| offering.available && offering.suits(requirements, known))
    }

    /// What a node may cost at worst: the highest price of the first capacity type that will be tried
    /// (`WorstLaunchPrice`).
    pub fn worst_launch_price(&self, requirements: &Requirements, known: &WellKnownLabels) -> f64 {
        let highest = |capacity_type| {
            let of_type = self.suitable(requirements, known).filter(|offering| offering.capacity_type == capacity_type);
            of_type.map(|offering| offering.price).reduce(f64::max)
        };
        let order = [CapacityType::Reserved, CapacityType::Spot, CapacityType::OnDemand];
        order.into_iter().find_map(highest).unwrap_or(f64::MAX)
    }
}

impl Offering {
    /// An offering with the labels of its nodes.
    pub fn new(
        zone: Name,
        capacity_type: CapacityType,
        price: f64,
        available: bool,
        reservation: Option<(Name, u32)>,
        reservation_label: &Name,
    ) -> Self {
        let mut requirements = Requirements::default();
        requirements.set(keys::CAPACITY_TYPE, Requirement::value(&capacity_type.as_str().into()));
        if !zone.is_empty() {
            requirements.set(well_known::ZONE, Requirement::value(&zone));
        }
        if let Some((id, _)) = &reservation {
            requirements.set(reservation_label, Requirement::value(id));
        }
        Self { requirements, zone, capacity_type, price, available, reservation }
    }
}

/// Orders types by the lowest price of an offering that can be had and suits (`OrderByPrice`).
pub fn order_by_price(
    options: &mut Vec<u32>,
    types: &[InstanceType],
    requirements: &Requirements,
    known: &WellKnownLabels,
) {
    let lowest = |index: u32| {
        let offerings = types[index as usize].suitable(requirements, known);
        offerings.map(|offering| offering.price).fold(f64::MAX, f64::min)
    };
    let mut priced: Vec<(f64, u32)> = options.iter().map(|index| (lowest(*index), *index)).collect();
    sort_slice(&mut priced, |left, right| left.0 < right.0);
    *options = priced.into_iter().map(|(_, index)| index).collect();
}

/// How `minValues` stands with a list of types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinValues {
    /// How many of the first types are needed.
    pub needed: usize,
    /// The labels of which there are too few values, with how many there are.
    pub missing: BTreeMap<Name, u32>,
}

/// Whether the types have as many values of each label as is asked for (`SatisfiesMinValues`).
pub fn min_values<'a>(
    types: impl ExactSizeIterator<Item = &'a InstanceType>,
    requirements: &Requirements,
) -> MinValues {
    let asked: Vec<(&Name, u32)> =
        requirements.iter().filter_map(|(key, requirement)| Some((key, requirement.min_values?))).collect();
    if asked.is_empty() {
        return MinValues::default();
    }
    let all = types.len();
    let mut values: Vec<BTreeSet<&Name>> = vec![BTreeSet::new(); asked.len()];
    let mut missing = BTreeMap::new();
    for (index, instance_type) in types.enumerate() {
        for ((key, _), values) in asked.iter().zip(&mut values) {
            values.extend(instance_type.requirements.get(key).into_iter().flat_map(Requirement::values));
        }
        missing.clear();
        for ((key, count), values) in asked.iter().zip(&values) {
            let found = u32::try_from(values.len()).unwrap_or(u32::MAX);
            if found < *count {
                missing.insert((*key).clone(), found);
            }
        }
        if missing.is_empty() {
            return MinValues { needed: index + 1, missing };
        }
    }
    MinValues { needed: all, missing }
}
