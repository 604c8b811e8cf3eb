//! Instance catalogues: which machines a cloud rents out, how large they are, and what they cost.
//!
//! A catalogue is built in (`assets/instance-types.csv`: common types of three clouds with list prices; the generic types of
//! Karpenter's KWOK provider, by their formula) or read from a file, whose form is found by its content:
//!
//! | form | what it has |
//! | --- | --- |
//! | CSV with the columns of the built-in one | types and prices |
//! | `instance_types.json` of Karpenter's KWOK provider | types and prices |
//! | price list of karpenter-provider-gcp (JSON) | prices; types by the names of Google's machine types |
//! | SkyPilot's `vms.csv` | types and prices by zone |
//! | OpenCost's pricing CSV | prices, of instance types or of single nodes |
//!
//! An unknown price is `None`, never zero. What a price means to a run, with discounts and reservations, is not here.

mod builtin;
mod entry;
mod file;
mod gcp_json;
mod json_fields;
mod karpenter_json;
mod kwok;
mod machine;
mod opencost;
mod own_csv;
mod reservation;
mod skypilot;
#[cfg(test)]
mod tests;

pub use entry::{Cloud, Listed, ListedPrice, NodeField, NodePrice, NodeTraits, PriceUnknown, capacity_type_of};
pub use reservation::ReservationRule;

use crate::api::{CapacityType, InstanceType, Name, Offering};
use crate::units::NanoDollars;
use std::collections::BTreeMap;

/// Instance types and prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    types: Vec<Listed>,
    prices: Vec<ListedPrice>,
    nodes: Vec<NodePrice>,
    /// Whether a price counts in regions that are not listed.
    everywhere: bool,
}

impl Catalogue {
    /// A catalogue of these types. One that comes later takes the place of an earlier one of its name and region.
    pub fn of_types(types: impl IntoIterator<Item = Listed>) -> Self {
        let mut catalogue = Self::default();
        for listed in types {
            catalogue.add_type(listed);
        }
        catalogue
    }

    /// Adds what another catalogue knows. Where both know a type of a region or a price, the other's counts.
    pub fn extend(&mut self, later: Self) {
        for listed in later.types {
            self.add_type(listed);
        }
        for price in later.prices {
            self.add_price(price);
        }
        // The first price that fits a node counts.
        self.nodes.splice(0..0, later.nodes);
    }

    /// Adds a type, in place of an older row of the same name and region.
    fn add_type(&mut self, listed: Listed) {
        let same = |old: &Listed| old.instance_type.name == listed.instance_type.name && old.region == listed.region;
        match self.types.iter().position(same) {
            Some(index) => self.types[index] = listed,
            None => self.types.push(listed),
        }
    }

    /// Adds a price: to the offerings of the types that it is of, and for itself if there is none.
    fn add_price(&mut self, price: ListedPrice) {
        let mut is_offered = false;
        for listed in &mut self.types {
            let in_region = price.region.is_empty() || listed.region == price.region;
            if listed.instance_type.name != price.instance_type || !in_region {
                continue;
            }
            for offering in &mut listed.instance_type.offerings {
                if offering.capacity_type == price.capacity_type {
                    offering.price = Some(price.price);
                    is_offered = true;
                }
            }
        }
        if !is_offered {
            let of = |entry: &ListedPrice| (entry.instance_type.clone(), entry.region.clone(), entry.capacity_type);
            self.prices.retain(|old| of(old) != of(&price));
            self.prices.push(price);
        }
    }

    /// Takes listed prices for those of regions that are not listed.
    pub fn count_everywhere(&mut self) {
        self.everywhere = true;
    }

    /// Takes a share of the price on demand for the price of spot capacity, where only the former is known.
    pub fn assume_spot(&mut self, share: f64) {
        for listed in &mut self.types {
            let offerings = &mut listed.instance_type.offerings;
            let on_demand = |offerings: &[Offering], zone: &Name| {
                let offered = offerings
                    .iter()
                    .find(|offering| offering.capacity_type == CapacityType::OnDemand && offering.zone == *zone);
                offered.and_then(|offering| offering.price)
            };
            for index in 0..offerings.len() {
                if offerings[index].capacity_type == CapacityType::Spot && offerings[index].price.is_none() {
                    offerings[index].price =
                        on_demand(offerings, &offerings[index].zone).map(|price| price.times(share));
                }
            }
        }
        let of = |price: &ListedPrice| (price.instance_type.clone(), price.region.clone());
        let with_spot = |price: &ListedPrice| {
            self.prices.iter().any(|other| other.capacity_type == CapacityType::Spot && of(other) == of(price))
        };
        let without: Vec<ListedPrice> = self
            .prices
            .iter()
            .filter(|price| price.capacity_type == CapacityType::OnDemand && !with_spot(price))
            .map(|price| ListedPrice {
                capacity_type: CapacityType::Spot,
                price: price.price.times(share),
                ..price.clone()
            })
            .collect();
        self.prices.extend(without);
    }

    /// The types in the order of the catalogue.
    #[must_use]
    pub fn listed(&self) -> &[Listed] {
        &self.types
    }

    /// The regions of the types.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        let mut regions: Vec<&str> = self.types.iter().map(|listed| &*listed.region).collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// A type by its name, in a region or, if that is empty, in the first that has it.
    #[must_use]
    pub fn find(&self, name: &str, region: &str) -> Option<&InstanceType> {
        let is_it =
            |listed: &&Listed| *listed.instance_type.name == *name && (region.is_empty() || *listed.region == *region);
        self.types.iter().find(is_it).map(|listed| &listed.instance_type)
    }

    /// The types of a region, or all if that is empty, in the order of the catalogue.
    #[must_use]
    pub fn instance_types(&self, region: &str) -> Vec<InstanceType> {
        let in_region = |listed: &&Listed| region.is_empty() || *listed.region == *region;
        self.types.iter().filter(in_region).map(|listed| listed.instance_type.clone()).collect()
    }

    /// What an hour of a node costs by list.
    ///
    /// A price of the node itself comes first. Otherwise it is the price of its instance type in its zone, or, if its zone
    /// is not listed, the one price that the type has in its region. A node that does not say where it is has the price on
    /// which all listed regions agree. Reserved capacity costs what on demand does: it is the reservation that is paid for.
    ///
    /// # Errors
    /// [`PriceUnknown`] says why there is no price.
    pub fn price(&self, node: &NodeTraits) -> Result<NanoDollars, PriceUnknown> {
        if let Some(price) = self.nodes.iter().find(|price| price.is_of(node)) {
            return Ok(price.price);
        }
        if node.instance_type.is_empty() {
            return Err(PriceUnknown::NoInstanceType);
        }
        let listed: Vec<&Listed> =
            self.types.iter().filter(|listed| listed.instance_type.name == node.instance_type).collect();
        let priced: Vec<&ListedPrice> =
            self.prices.iter().filter(|price| price.instance_type == node.instance_type).collect();
        if listed.is_empty() && priced.is_empty() {
            return Err(PriceUnknown::NotListed);
        }
        let capacity_type = match node.capacity_type {
            CapacityType::Reserved => CapacityType::OnDemand,
            other => other,
        };
        let is_here = |region: &str| region.is_empty() || node.region.is_empty() || *region == *node.region;
        let in_zone = |listed: &&Listed| {
            listed.instance_type.offerings.iter().any(|offering| !node.zone.is_empty() && offering.zone == node.zone)
        };
        let is_listed_here =
            listed.iter().any(|listed| is_here(&listed.region)) || priced.iter().any(|price| is_here(&price.region));
        let is_here = |region: &str| is_here(region) || self.everywhere && !is_listed_here;
        let here: Vec<&Listed> = listed.iter().copied().filter(|listed| is_here(&listed.region)).collect();
        let there: Vec<&Listed> = here.iter().copied().filter(in_zone).collect();
        let here = if there.is_empty() { here } else { there };
        let priced_here = priced.iter().copied().filter(|price| is_here(&price.region));
        let of_prices: Vec<NanoDollars> =
            priced_here.clone().filter(|price| price.capacity_type == capacity_type).map(|price| price.price).collect();
        if here.is_empty() && priced_here.count() == 0 {
            let elsewhere = listed.iter().map(|listed| &listed.region).chain(priced.iter().map(|price| &price.region));
            return Err(elsewhere.min().cloned().map_or(PriceUnknown::NotListed, PriceUnknown::OtherRegion));
        }
        let mut known: Vec<NanoDollars> = Vec::new();
        for listed in here {
            let offerings = listed.instance_type.offerings.iter();
            let paid_so = offerings.filter(|offering| offering.capacity_type == capacity_type);
            let zoned: Vec<_> = paid_so.clone().filter(|offering| offering.zone == node.zone).collect();
            let found = if zoned.is_empty() { paid_so.collect() } else { zoned };
            known.extend(found.iter().filter_map(|offering| offering.price));
        }
        known.extend(of_prices);
        known.sort_unstable();
        known.dedup();
        match known[..] {
            [] => Err(PriceUnknown::NoPrice(capacity_type)),
            [price] => Ok(price),
            _ => Err(PriceUnknown::Ambiguous),
        }
    }
}

impl NodePrice {
    /// Whether it is the price of this node.
    fn is_of(&self, node: &NodeTraits) -> bool {
        let found = match &self.field {
            NodeField::Name => Some(&node.name),
            NodeField::Label(key) => node.labels.get(key),
        };
        found.is_some_and(|found| found.eq_ignore_ascii_case(&self.value))
            && (self.region.is_empty() || self.region.eq_ignore_ascii_case(&node.region))
    }
}

/// Offerings by capacity type as rows name them: in every zone at the same price.
fn offerings(zones: &[&str], prices: &BTreeMap<CapacityType, Option<NanoDollars>>) -> Vec<Offering> {
    let of_zone = |zone: &&str| {
        let zone = Name::from(*zone);
        prices.iter().map(move |(capacity_type, price)| Offering {
            zone: zone.clone(),
            capacity_type: *capacity_type,
            price: *price,
            available: true,
            reservation: None,
        })
    };
    zones.iter().flat_map(of_zone).collect()
}
