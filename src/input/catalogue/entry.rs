//! What a catalogue knows: instance types with where they are rented and for what price, and prices alone.

use crate::api::{CapacityType, InstanceType, Labels, Name, well_known};
use crate::units::NanoDollars;

/// A cloud whose instance types the built-in catalogue has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cloud {
    /// Amazon EC2.
    Aws,
    /// Google Compute Engine.
    Gcp,
    /// Azure virtual machines.
    Azure,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 3] = [Self::Aws, Self::Gcp, Self::Azure];

    /// The word for it in a catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
        }
    }

    /// The cloud of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.as_str() == word)
    }
}

/// An instance type as one region has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Region; empty where the catalogue has none.
    pub region: Name,
    /// The type.
    pub instance_type: InstanceType,
    /// Where the row comes from and of which day its prices are, as `source, day`; empty if not known.
    pub source: Name,
}

/// A price without the size of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrice {
    /// Instance type.
    pub instance_type: Name,
    /// Region; empty is every region.
    pub region: Name,
    /// How the machine is paid for.
    pub capacity_type: CapacityType,
    /// Price of an hour.
    pub price: NanoDollars,
}

/// A price of nodes that have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePrice {
    /// Which nodes.
    pub field: NodeField,
    /// What the field has to be.
    pub value: Name,
    /// Region of the nodes; empty is every region.
    pub region: Name,
    /// Price of an hour.
    pub price: NanoDollars,
}

/// A field of a node by which it is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeField {
    /// `metadata.name`.
    Name,
    /// `metadata.labels` of this key.
    Label(Name),
}

/// What the price of a node depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTraits {
    /// Name of the node.
    pub name: Name,
    /// Its labels.
    pub labels: Labels,
    /// Instance type; empty if not given.
    pub instance_type: Name,
    /// Region; empty if not given.
    pub region: Name,
    /// Zone; empty if not given.
    pub zone: Name,
    /// How it is paid for.
    pub capacity_type: CapacityType,
}

/// Labels that say that a machine may be taken back, with the value that says so, as Karpenter, EKS, GKE and AKS set them.
const SPOT_LABELS: [(&str, &str); 5] = [
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("cloud.google.com/gke-preemptible", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
];

/// How a node is paid for, by its labels.
#[must_use]
pub fn capacity_type_of(labels: &Labels) -> CapacityType {
    let is = |key: &str, value: &str| labels.get(key).is_some_and(|found| **found == *value);
    if SPOT_LABELS.into_iter().any(|(key, value)| is(key, value)) {
        CapacityType::Spot
    } else if is("karpenter.sh/capacity-type", "reserved") {
        CapacityType::Reserved
    } else {
        CapacityType::OnDemand
    }
}

impl NodeTraits {
    /// The traits of a node with these labels.
    #[must_use]
    pub fn of(name: &Name, labels: &Labels) -> Self {
        let label = |key: &str, old: &str| labels.get(key).or_else(|| labels.get(old)).cloned().unwrap_or_default();
        Self {
            name: name.clone(),
            instance_type: label(well_known::INSTANCE_TYPE, well_known::INSTANCE_TYPE_BETA),
            region: label(well_known::REGION, well_known::REGION_BETA),
            zone: label(well_known::ZONE, well_known::ZONE_BETA),
            capacity_type: capacity_type_of(labels),
            labels: labels.clone(),
        }
    }
}

/// Why the price of a node is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceUnknown {
    /// The node has no instance type.
    NoInstanceType,
    /// No catalogue lists the instance type.
    NotListed,
    /// Catalogues list it in other regions only, of which this is one.
    OtherRegion(Name),
    /// It is listed without a price of this capacity type.
    NoPrice(CapacityType),
    /// It is listed with several prices, and nothing says which is the node's.
    Ambiguous,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clouds_labels_say_how_a_node_is_paid_for() {
        let cases: [(&[(&str, &str)], CapacityType); 9] = [
            (&[], CapacityType::OnDemand),
            (&[("karpenter.sh/capacity-type", "spot")], CapacityType::Spot),
            (&[("karpenter.sh/capacity-type", "on-demand")], CapacityType::OnDemand),
            (&[("karpenter.sh/capacity-type", "reserved")], CapacityType::Reserved),
            (&[("eks.amazonaws.com/capacityType", "SPOT")], CapacityType::Spot),
            (&[("eks.amazonaws.com/capacityType", "ON_DEMAND")], CapacityType::OnDemand),
            (&[("cloud.google.com/gke-spot", "true")], CapacityType::Spot),
            (&[("kubernetes.azure.com/scalesetpriority", "spot")], CapacityType::Spot),
            (&[("kubernetes.azure.com/scalesetpriority", "regular")], CapacityType::OnDemand),
        ];
        for (labels, expected) in cases {
            assert_eq!(capacity_type_of(&labels.iter().copied().collect()), expected, "{labels:?}");
        }
    }

    #[test]
    fn old_labels_name_the_instance_type_too() {
        let labels =
            [("beta.kubernetes.io/instance-type", "m5.large"), ("failure-domain.beta.kubernetes.io/zone", "a")];
        let traits = NodeTraits::of(&"n".into(), &labels.into_iter().collect());
        assert_eq!((&*traits.instance_type, &*traits.zone), ("m5.large", "a"));
    }
}
