//! The zones that nodes stand in, and the order of the search that follows from them (`backend/cache/node_tree.go`,
//! kube-scheduler 1.36).

use crate::api::{Name, Node, well_known};
use crate::cluster::NodeId;

/// Region and zone label.
type ZoneKey = (Name, Name);

/// Nodes of one region and zone, in the order in which they were added.
#[derive(Clone, Debug)]
struct Zone {
    key: ZoneKey,
    nodes: Vec<NodeId>,
}

/// Where a node stood that left its zone.
#[derive(Clone, Debug)]
pub struct ZonePlace {
    key: ZoneKey,
    zone: usize,
    position: usize,
}

/// All nodes by zone; a zone stands where its first node came.
#[derive(Clone, Debug, Default)]
pub struct Zones(Vec<Zone>);

impl Zones {
    /// Whether a node stays in its zone when the object is replaced.
    pub fn are_alike(old: &Node, new: &Node) -> bool {
        zone_key(old) == zone_key(new)
    }

    /// Adds a node at the end of its zone.
    pub fn insert(&mut self, id: NodeId, node: &Node) {
        let key = zone_key(node);
        match self.0.iter_mut().find(|zone| zone.key == key) {
            Some(zone) => zone.nodes.push(id),
            None => self.0.push(Zone { key, nodes: vec![id] }),
        }
    }

    /// Takes a node out; gives its place.
    pub fn remove(&mut self, id: NodeId) -> Option<ZonePlace> {
        let place = |(zone, entry): (usize, &Zone)| Some((zone, entry.nodes.iter().position(|node| *node == id)?));
        let (zone, position) = self.0.iter().enumerate().find_map(place)?;
        let entry = &mut self.0[zone];
        entry.nodes.remove(position);
        let key = entry.key.clone();
        if entry.nodes.is_empty() {
            self.0.remove(zone);
        }
        Some(ZonePlace { key, zone, position })
    }

    /// Takes out the node that was added last.
    pub fn undo_insert(&mut self, id: NodeId) {
        let Some(zone) = self.0.iter().rposition(|zone| zone.nodes.last() == Some(&id)) else { return };
        self.0[zone].nodes.pop();
        if self.0[zone].nodes.is_empty() {
            self.0.remove(zone);
        }
    }

    /// Puts the node that was taken out last back where it stood.
    pub fn undo_remove(&mut self, id: NodeId, place: ZonePlace) {
        let ZonePlace { key, zone, position } = place;
        if self.0.get(zone).is_none_or(|entry| entry.key != key) {
            self.0.insert(zone, Zone { key, nodes: Vec::new() });
        }
        self.0[zone].nodes.insert(position, id);
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|zone| zone.nodes.len()).sum()
    }

    /// Appends all nodes in the order of the search, zone by zone in turn: the first node of each zone, the second of each
    /// zone, and so on.
    pub fn write_order(&self, order: &mut Vec<NodeId>) {
        for round in 0.. {
            let before = order.len();
            order.extend(self.0.iter().filter_map(|zone| zone.nodes.get(round)));
            if order.len() == before {
                break;
            }
        }
    }
}

/// Region and zone of a node; the beta labels come first (`GetZoneKey`, component-helpers 1.36).
fn zone_key(node: &Node) -> ZoneKey {
    let label = |beta: &str, stable: &str| {
        let labels = &node.meta.labels;
        labels.get(beta).or_else(|| labels.get(stable)).cloned().unwrap_or_else(|| Name::from(""))
    };
    (label(well_known::REGION_BETA, well_known::REGION), label(well_known::ZONE_BETA, well_known::ZONE))
}
