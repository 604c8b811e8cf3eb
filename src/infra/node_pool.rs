//! Node pools: groups of equal nodes.

use crate::api::{self, Labels, Name, ObjectMeta, ResourceList, Taint, well_known, with_deprecated_twins};
use crate::units::NanoDollars;

/// Label of nodes that a pool made: the pool's name.
pub const POOL_LABEL: &str = "wavetank.dev/pool";

/// What the nodes of a pool have in common.
#[derive(Clone, Debug)]
pub struct NodePool {
    /// Name; prefix of the nodes' names.
    pub name: Name,
    /// Zones, over which the nodes are spread in turn.
    pub zones: Vec<Name>,
    /// Region; empty if not given.
    pub region: Name,
    /// Instance type; empty if not given.
    pub instance_type: Name,
    /// Labels besides those that every node has.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Capacity of a node.
    pub capacity: ResourceList,
    /// What a node offers to pods.
    pub allocatable: ResourceList,
    /// Price of a node for an hour.
    pub price_per_hour: NanoDollars,
    /// Nodes made so far; the next one's number.
    pub made: u32,
}

impl NodePool {
    /// Makes the next node.
    pub fn next_node(&mut self) -> api::Node {
        let index = self.made;
        self.made += 1;
        let name = Name::from(format!("{}-{index}", self.name));
        let mut labels: Vec<(Name, Name)> = vec![
            (Name::from(well_known::HOSTNAME), name.clone()),
            (Name::from(well_known::OS), Name::from("linux")),
            (Name::from(well_known::ARCH), Name::from("amd64")),
            (Name::from(POOL_LABEL), self.name.clone()),
        ];
        if !self.zones.is_empty() {
            labels.push((Name::from(well_known::ZONE), self.zones[index as usize % self.zones.len()].clone()));
        }
        if !self.region.is_empty() {
            labels.push((Name::from(well_known::REGION), self.region.clone()));
        }
        if !self.instance_type.is_empty() {
            labels.push((Name::from(well_known::INSTANCE_TYPE), self.instance_type.clone()));
        }
        labels.extend(self.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        api::Node {
            meta: ObjectMeta {
                name,
                labels: with_deprecated_twins(&labels.into_iter().collect()),
                ..ObjectMeta::default()
            },
            taints: self.taints.clone(),
            unschedulable: false,
            capacity: self.capacity.clone(),
            allocatable: self.allocatable.clone(),
            images: Vec::new(),
            declared_features: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_numbered_and_spread_over_zones() {
        let mut pool = NodePool {
            name: "general".into(),
            zones: vec!["a".into(), "b".into()],
            region: "eu".into(),
            instance_type: "m5.xlarge".into(),
            labels: [("tier", "web")].into_iter().collect(),
            taints: Vec::new(),
            capacity: ResourceList::default(),
            allocatable: ResourceList::default(),
            price_per_hour: NanoDollars::ZERO,
            made: 0,
        };
        let nodes: Vec<api::Node> = (0..3).map(|_| pool.next_node()).collect();
        let zones: Vec<&str> = nodes.iter().filter_map(|node| node.zone().map(|zone| &**zone)).collect();
        assert_eq!(zones, ["a", "b", "a"]);
        assert_eq!(&*nodes[2].meta.name, "general-2");
        assert_eq!(nodes[0].meta.labels.get("tier").map(|value| &**value), Some("web"));
        for (label, value) in [
            ("beta.kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/instance-type", "m5.xlarge"),
            ("topology.kubernetes.io/region", "eu"),
            ("failure-domain.beta.kubernetes.io/region", "eu"),
            ("failure-domain.beta.kubernetes.io/zone", "a"),
        ] {
            assert_eq!(nodes[2].meta.labels.get(label).map(|value| &**value), Some(value), "{label}");
        }
    }
}
