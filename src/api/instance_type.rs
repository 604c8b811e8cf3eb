//! Instance types: the sizes of machines that a cloud rents out, where, how, and for what price.
//!
//! A plain description that catalogues fill and autoscalers read. Whether a machine can be had at a moment is the
//! cloud's matter, not this type's: `available` says what the provider announces.

use super::{Labels, Name, ResourceList};
use crate::units::NanoDollars;

/// How a machine is paid for (label `karpenter.sh/capacity-type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapacityType {
    /// Paid for in advance, by a reservation.
    Reserved,
    /// Cheaper, but the provider may take it back.
    Spot,
    /// The list price, until it is given back.
    #[default]
    OnDemand,
}

impl CapacityType {
    /// Every capacity type.
    pub const ALL: [Self; 3] = [Self::Reserved, Self::Spot, Self::OnDemand];

    /// Karpenter's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Spot => "spot",
            Self::OnDemand => "on-demand",
        }
    }

    /// The capacity type of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capacity_type| capacity_type.as_str() == word)
    }
}

/// An instance type in one zone under one capacity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offering {
    /// Zone; empty of a cloud without zones.
    pub zone: Name,
    /// How it is paid for.
    pub capacity_type: CapacityType,
    /// Price of an hour; `None` if it is not known, which is not the same as nothing.
    pub price: Option<NanoDollars>,
    /// Whether the provider says that it can be had.
    pub available: bool,
    /// The reservation that pays for it, of capacity type [`CapacityType::Reserved`].
    pub reservation: Option<Reservation>,
}

/// Capacity that was paid for in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its id, for example `cr-0123456789abcdef0`.
    pub id: Name,
    /// Machines that it still has room for.
    pub capacity: u32,
}

/// The size of a machine, and where it can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceType {
    /// Name (label `node.kubernetes.io/instance-type`), for example `m5.xlarge`.
    pub name: Name,
    /// Architecture of the processor (label `kubernetes.io/arch`), for example `amd64`.
    pub architecture: Name,
    /// Operating systems that it can run (label `kubernetes.io/os`), `linux` first.
    pub operating_systems: Vec<Name>,
    /// Capacity of a node of the type.
    pub capacity: ResourceList,
    /// What a node of the type offers to pods: the capacity without what the system and the kubelet keep.
    pub allocatable: ResourceList,
    /// Further labels of its nodes, for example `karpenter.k8s.aws/instance-family`.
    pub labels: Labels,
    /// Where and how it can be had.
    pub offerings: Vec<Offering>,
}

impl InstanceType {
    /// The offering of a zone and capacity type. A cloud without zones has one for all zones.
    #[must_use]
    pub fn offering(&self, zone: &str, capacity_type: CapacityType) -> Option<&Offering> {
        let of_type = |offering: &&Offering| offering.capacity_type == capacity_type;
        let in_zone = |offering: &&Offering| *offering.zone == *zone;
        let anywhere = |offering: &&Offering| offering.zone.is_empty();
        let mut offerings = self.offerings.iter().filter(of_type);
        offerings.clone().find(in_zone).or_else(|| offerings.find(anywhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_types_have_words() {
        for capacity_type in CapacityType::ALL {
            assert_eq!(CapacityType::from_word(capacity_type.as_str()), Some(capacity_type));
        }
        assert_eq!(CapacityType::from_word("on_demand"), None);
    }
}
