//! Node groups: the pools of equal nodes of a scenario, as a cloud keeps them, with a target size.
//!
//! A group whose bounds are given can be resized by the Cluster Autoscaler. The instances that a group is made of are in
//! [`instance`](super::instance); what becomes of them in the course of time is the cloud's matter.

use super::ids::{InstanceId, NodeGroupId};
use super::instance::{InstanceOrigin, InstanceRequest, LaunchChoice};
use super::{Change, Cluster};
use crate::api::{
    self, CapacityType, Labels, Name, ObjectMeta, ResourceList, Taint, well_known, with_deprecated_twins,
};
use crate::units::{NanoDollars, SimTime};
use std::sync::Arc;
use thiserror::Error;

/// Label of nodes that a group made: the group's name.
pub const POOL_LABEL: &str = "wavetank.dev/pool";

/// The sizes between which the Cluster Autoscaler may set a group's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupBounds {
    /// Least.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// A group of equal nodes.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// Name; prefix of the nodes' names.
    pub name: Name,
    /// Zones, over which the nodes are spread: the next one goes where the fewest are.
    pub zones: Vec<Name>,
    /// Region; empty if not given.
    pub region: Name,
    /// Instance type; empty if not given.
    pub instance_type: Name,
    /// Architecture of the processor.
    pub architecture: Name,
    /// How the machines are paid for.
    pub capacity_type: CapacityType,
    /// Labels besides those that every node has.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Capacity of a node.
    pub capacity: ResourceList,
    /// What a node offers to pods.
    pub allocatable: ResourceList,
    /// Price of a node for an hour; `None` if it is not known.
    pub price_per_hour: Option<NanoDollars>,
    /// Between which sizes the Cluster Autoscaler may resize it; `None` if it may not.
    pub bounds: Option<GroupBounds>,
    /// Instances that it shall have, those that are being launched included.
    pub target: u32,
    /// Instances that exist, failed ones included, in order of creation; those that are being deleted are not among them.
    pub instances: Vec<InstanceId>,
    /// Why the provider refuses to raise the target, if it does now, for example `QUOTA_EXCEEDED`.
    pub refuses: Option<Name>,
    /// Nodes made so far; the next one's number.
    pub made: u32,
    /// Instances that exist, by zone.
    pub in_zone: Vec<u32>,
}

/// A group is not resized.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupRefusal {
    /// The target would be above the most that the group may have.
    #[error("size increase too large - desired:{desired} max:{max}")]
    AboveMax {
        /// The target that was asked for.
        desired: u32,
        /// The most.
        max: u32,
    },
    /// The target would be below the number of instances that exist.
    #[error("attempt to delete existing nodes, targetSize:{target} delta:-{by} existingNodes: {existing}")]
    BelowExisting {
        /// The target now.
        target: u32,
        /// By how much it was to fall.
        by: u32,
        /// Instances that exist.
        existing: usize,
    },
    /// The provider says no.
    #[error("{0}")]
    Provider(Name),
}

impl NodeGroup {
    /// A group without nodes; the rest is set by whoever makes it.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            zones: Vec::new(),
            region: Name::default(),
            instance_type: Name::default(),
            architecture: Name::from("amd64"),
            capacity_type: CapacityType::OnDemand,
            labels: Labels::default(),
            taints: Vec::new(),
            capacity: ResourceList::default(),
            allocatable: ResourceList::default(),
            price_per_hour: None,
            bounds: None,
            target: 0,
            instances: Vec::new(),
            refuses: None,
            made: 0,
            in_zone: Vec::new(),
        }
    }

    /// The zone of the next node, by its place in `zones`.
    fn next_zone(&self) -> usize {
        let count = |zone: usize| self.in_zone.get(zone).copied().unwrap_or(0);
        (0..self.zones.len()).min_by_key(|zone| count(*zone)).unwrap_or(0)
    }

    /// Counts a node of a zone that comes or goes.
    fn count_in_zone(&mut self, zone: usize, change: i32) {
        if self.in_zone.len() <= zone {
            self.in_zone.resize(zone + 1, 0);
        }
        self.in_zone[zone] = self.in_zone[zone].saturating_add_signed(change);
    }

    /// The node object that a group would make next, without making it: the template of the Cluster Autoscaler
    /// (`TemplateNodeInfo`).
    pub fn template(&self) -> api::Node {
        self.node(self.made, self.next_zone())
    }

    /// Makes the next node object.
    pub fn next_node(&mut self) -> api::Node {
        let (number, zone) = (self.made, self.next_zone());
        self.made += 1;
        self.count_in_zone(zone, 1);
        self.node(number, zone)
    }

    fn node(&self, number: u32, zone: usize) -> api::Node {
        let name = Name::from(format!("{}-{number}", self.name));
        let mut labels: Vec<(Name, Name)> = vec![
            (Name::from(well_known::HOSTNAME), name.clone()),
            (Name::from(well_known::OS), Name::from("linux")),
            (Name::from(well_known::ARCH), self.architecture.clone()),
            (Name::from(POOL_LABEL), self.name.clone()),
        ];
        labels.extend(self.zones.get(zone).map(|zone| (Name::from(well_known::ZONE), zone.clone())));
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

impl Cluster {
    /// Adds a group. Its id is its place in the order of addition, which is the `pool` of its nodes.
    pub fn add_node_group(&mut self, group: NodeGroup) -> NodeGroupId {
        self.node_groups.push(group);
        NodeGroupId::from_index(self.node_groups.len() - 1)
    }

    /// A group.
    pub fn node_group(&self, id: NodeGroupId) -> &NodeGroup {
        &self.node_groups[id.index()]
    }

    /// Every group, in order of addition.
    pub fn node_groups(&self) -> impl ExactSizeIterator<Item = (NodeGroupId, &NodeGroup)> {
        self.node_groups.iter().enumerate().map(|(index, group)| (NodeGroupId::from_index(index), group))
    }

    /// Raises the target of a group and asks for as many instances. `max` and what the provider refuses are heeded.
    ///
    /// # Errors
    /// [`GroupRefusal`]; nothing has changed then.
    pub fn increase_node_group(
        &mut self,
        id: NodeGroupId,
        by: u32,
        origin: InstanceOrigin,
        reason: &Name,
        now: SimTime,
    ) -> Result<Vec<InstanceId>, GroupRefusal> {
        let group = &self.node_groups[id.index()];
        let desired = group.target.saturating_add(by);
        if let Some(GroupBounds { max, .. }) = group.bounds
            && desired > max
        {
            return Err(GroupRefusal::AboveMax { desired, max });
        }
        if let Some(refusal) = &group.refuses {
            return Err(GroupRefusal::Provider(refusal.clone()));
        }
        Ok((0..by).map(|_| self.add_instance_to_group(id, origin, reason, now)).collect())
    }

    /// Adds an instance to a group, whose target grows by one, whatever its bounds say.
    pub fn add_instance_to_group(
        &mut self,
        id: NodeGroupId,
        origin: InstanceOrigin,
        reason: &Name,
        now: SimTime,
    ) -> InstanceId {
        let group = &mut self.node_groups[id.index()];
        group.target = group.target.saturating_add(1);
        let node = group.next_node();
        let choice = LaunchChoice {
            instance_type: group.instance_type.clone(),
            zone: node.zone().cloned().unwrap_or_default(),
            capacity_type: group.capacity_type,
            price: group.price_per_hour,
            node: Arc::new(node),
        };
        let request = InstanceRequest {
            origin,
            reason: reason.clone(),
            group: Some(id),
            node_claim: None,
            choices: vec![choice],
        };
        self.changes.push(Change::NodeGroupChanged(id));
        self.request_instance(request, now)
    }

    /// Lowers the target of a group without deleting an instance: what was asked for and has not come is given up
    /// (`DecreaseTargetSize`).
    ///
    /// # Errors
    /// [`GroupRefusal::BelowExisting`]; nothing has changed then.
    pub fn decrease_node_group_target(&mut self, id: NodeGroupId, by: u32) -> Result<(), GroupRefusal> {
        let group = &mut self.node_groups[id.index()];
        let existing = group.instances.len();
        match group.target.checked_sub(by) {
            Some(target) if target as usize >= existing => {
                group.target = target;
                self.changes.push(Change::NodeGroupChanged(id));
                Ok(())
            }
            _ => Err(GroupRefusal::BelowExisting { target: group.target, by, existing }),
        }
    }

    /// Sets why the provider refuses to raise the target of a group, or that it does not.
    pub fn set_node_group_refusal(&mut self, id: NodeGroupId, refuses: Option<Name>) {
        let group = &mut self.node_groups[id.index()];
        if group.refuses != refuses {
            group.refuses = refuses;
            self.changes.push(Change::NodeGroupChanged(id));
        }
    }

    /// An instance leaves its group, whose target falls by one.
    pub(super) fn take_from_group(&mut self, id: NodeGroupId, instance: InstanceId) {
        let zone = self.instance(instance).choice().zone.clone();
        let group = &mut self.node_groups[id.index()];
        if let Ok(place) = group.instances.binary_search(&instance) {
            group.instances.remove(place);
            group.target = group.target.saturating_sub(1);
            let zone = group.zones.iter().position(|known| *known == zone).unwrap_or(0);
            group.count_in_zone(zone, -1);
            self.changes.push(Change::NodeGroupChanged(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_numbered_and_spread_over_zones() {
        let mut pool = NodeGroup {
            zones: vec!["a".into(), "b".into()],
            region: "eu".into(),
            instance_type: "m5.xlarge".into(),
            labels: [("tier", "web")].into_iter().collect(),
            ..NodeGroup::new("general".into())
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
