//! Nodes with the sums over their pods, in the order in which they are searched.
//!
//! Mirrors the cache and snapshot of kube-scheduler 1.36 (`backend/cache`). Node entries are shared between clones of a
//! snapshot and with its forks, and copied when they change.

use super::change_log::ChangeLog;
use super::images::{ImageId, Images};
use super::journal::{Journal, Undo};
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use super::topology::Topology;
use super::zones::Zones;
use crate::api::{Name, Node};
use crate::cluster::{NodeId, PodId};
use crate::units::SimTime;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nodes with the sums over their pods. Only the [`View`](super::View) that it belongs to changes it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By node id; `None` where the id is not of a known node.
    pub(super) nodes: Vec<Option<Arc<NodeInfo>>>,
    pub(super) by_name: FxHashMap<Name, NodeId>,
    /// Where each pod is, by pod id.
    pub(super) placements: Vec<Option<NodeId>>,
    /// Pods on nodes by priority.
    pub(super) priorities: BTreeMap<i32, usize>,
    /// Pods on nodes that require other pods to be elsewhere.
    with_required_anti_affinity: usize,
    pub(super) zones: Zones,
    /// Nodes in search order.
    pub(super) order: Vec<NodeId>,
    pub(super) order_is_stale: bool,
    pub(super) images: Images,
    topology: Arc<Topology>,
    /// Nodes whose image counts are to be refreshed; may hold a node twice.
    pub(super) dirty: Vec<NodeId>,
    /// Grows whenever nodes come or go.
    pub(super) order_generation: u64,
    /// Grows with each change of a node.
    pub(super) version: u64,
    /// What changed, for those who keep something derived from the snapshot; `None` where nobody asks.
    pub(super) log: Option<ChangeLog>,
    /// What the open forks replaced; `None` where there is no fork.
    pub(super) journal: Option<Box<Journal>>,
}

/// A log that is not kept for a time, and which nodes there were.
#[derive(Debug, Default)]
pub struct SuspendedLog {
    log: Option<ChangeLog>,
    order_generation: u64,
}

impl Snapshot {
    /// Adds a node, or brings a deleted one back.
    pub(super) fn add_node(&mut self, id: NodeId, node: Arc<Node>) {
        if self.node(id).is_some() {
            self.update_node(id, node);
            return;
        }
        let named_before = self.by_name.insert(node.meta.name.clone(), id);
        self.note(|| Undo::Name(node.meta.name.clone(), named_before));
        self.insert_into_zone(id, &node);
        self.order_is_stale = true;
        self.order_generation += 1;
        if self.nodes.len() <= id.index() {
            self.nodes.resize(id.index() + 1, None);
        }
        let images = self.add_images(&node);
        self.keep_node(id);
        match &mut self.nodes[id.index()] {
            Some(known) => Arc::make_mut(known).set_node(node),
            slot => *slot = Some(Arc::new(NodeInfo::new(id, node))),
        }
        self.set_derived(id, images);
    }

    /// Replaces the object of a node; adds the node where it is not known.
    pub(super) fn update_node(&mut self, id: NodeId, node: Arc<Node>) {
        let Some(old) = self.node(id).map(|info| Arc::clone(info.node_arc())) else {
            self.add_node(id, node);
            return;
        };
        if !Zones::are_alike(&old, &node) {
            // The search order follows only when a node is added or removed, as in kube-scheduler.
            self.remove_from_zone(id);
            self.insert_into_zone(id, &node);
        }
        self.remove_images(id);
        let images = self.add_images(&node);
        if let Some(info) = self.node_mut(id) {
            info.set_node(node);
        }
        self.set_derived(id, images);
        if let Some(log) = &mut self.log {
            log.node(id);
        }
    }

    /// Removes a node. Its pods stay in the books until they are removed, as in kube-scheduler.
    pub(super) fn remove_node(&mut self, id: NodeId) {
        if self.node(id).is_none() {
            return;
        }
        self.remove_images(id);
        self.remove_from_zone(id);
        self.order_is_stale = true;
        self.order_generation += 1;
        if let Some(info) = self.node_mut(id) {
            info.is_present = false;
            info.images.clear();
            let name = info.node().meta.name.clone();
            if info.pods().is_empty() {
                self.nodes[id.index()] = None;
            }
            if self.by_name.get(&name) == Some(&id) {
                self.by_name.remove(&name);
                self.note(|| Undo::Name(name, Some(id)));
            }
        }
    }

    /// Puts a pod on a node, moving it there if it is on another. A node that is not known is ignored.
    pub(super) fn add_pod(&mut self, pod: Arc<PodInfo>, node: NodeId) {
        self.remove_pod(pod.id);
        let id = pod.id;
        if self.nodes.get(node.index()).is_none_or(Option::is_none) {
            return;
        }
        if let Some(log) = &mut self.log {
            log.pod(node, &pod, 1);
        }
        self.count(&pod);
        if let Some(info) = self.node_mut(node) {
            info.add_pod(pod);
        }
        self.dirty.push(node);
        if self.placements.len() <= id.index() {
            self.placements.resize(id.index() + 1, None);
        }
        self.placements[id.index()] = Some(node);
    }

    /// Takes a pod off its node; `None` if it is on none.
    pub(super) fn remove_pod(&mut self, id: PodId) -> Option<(Arc<PodInfo>, NodeId)> {
        let node = self.placements.get_mut(id.index())?.take()?;
        let info = self.node_mut(node)?;
        let pod = info.remove_pod(id)?;
        if !info.is_present && info.pods().is_empty() {
            self.nodes[node.index()] = None;
        } else {
            self.dirty.push(node);
        }
        self.uncount(&pod);
        if let Some(log) = &mut self.log {
            log.pod(node, &pod, -1);
        }
        Some((pod, node))
    }

    /// Replaces what is known about a pod on a node (labels, resize, termination).
    pub(super) fn update_pod(&mut self, pod: &Arc<PodInfo>) {
        let Some(node) = self.node_of_pod(pod.id) else { return };
        let Some(info) = self.node_mut(node) else { return };
        let old = info.remove_pod(pod.id);
        info.add_pod(Arc::clone(pod));
        self.dirty.push(node);
        if let Some(log) = &mut self.log {
            if let Some(old) = &old {
                log.pod(node, old, -1);
            }
            log.pod(node, pod, 1);
        }
        if let Some(old) = old {
            self.uncount(&old);
            self.count(pod);
        }
    }

    /// Notes when a pod on a node started, of which nothing else depends. Pods keep their order on the node, so that it does not
    /// matter when this is noted.
    pub(super) fn note_start(&mut self, pod: PodId, start: SimTime) {
        let Some(node) = self.node_of_pod(pod) else { return };
        if let Some(info) = self.node_mut(node) {
            info.note_start(pod, start);
        }
    }

    pub(super) fn count(&mut self, pod: &PodInfo) {
        *self.priorities.entry(pod.priority()).or_insert(0) += 1;
        self.with_required_anti_affinity += usize::from(pod.has_required_anti_affinity());
    }

    pub(super) fn uncount(&mut self, pod: &PodInfo) {
        self.with_required_anti_affinity -= usize::from(pod.has_required_anti_affinity());
        if let Some(count) = self.priorities.get_mut(&pod.priority()) {
            *count -= 1;
            if *count == 0 {
                self.priorities.remove(&pod.priority());
            }
        }
    }

    /// Whether some pod on a node requires other pods to be elsewhere.
    #[must_use]
    pub const fn has_required_anti_affinity(&self) -> bool {
        self.with_required_anti_affinity > 0
    }

    /// The node where a pod is.
    #[must_use]
    pub fn node_of_pod(&self, pod: PodId) -> Option<NodeId> {
        self.placements.get(pod.index()).copied().flatten()
    }

    /// All pods on nodes, also on those that are gone.
    pub(crate) fn placed_pods(&self) -> impl Iterator<Item = (NodeId, &Arc<PodInfo>)> {
        self.nodes.iter().flatten().flat_map(|node| node.pods().iter().map(|pod| (node.id(), pod)))
    }

    /// A pod on a node.
    #[must_use]
    pub fn pod(&self, pod: PodId) -> Option<&Arc<PodInfo>> {
        self.nodes.get(self.node_of_pod(pod)?.index())?.as_ref()?.pod(pod)
    }

    /// A node that exists.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Arc<NodeInfo>> {
        self.nodes.get(id.index())?.as_ref().filter(|info| info.is_present)
    }

    /// The id of the node of that name.
    #[must_use]
    pub fn node_by_name(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// The lowest priority of a pod on a node; `None` without pods.
    #[must_use]
    pub fn lowest_priority(&self) -> Option<i32> {
        self.priorities.first_key_value().map(|(priority, _)| *priority)
    }

    /// Grows whenever the search order may have changed.
    pub(crate) const fn order_generation(&self) -> u64 {
        self.order_generation
    }

    /// Starts to log changes. Those of before are not in the log.
    pub(super) fn enable_log(&mut self) {
        self.log.get_or_insert_default();
    }

    /// The log of changes, if it is kept.
    pub(crate) const fn log(&self) -> Option<&ChangeLog> {
        self.log.as_ref()
    }

    /// Stops to log.
    pub(super) fn suspend_log(&mut self) -> SuspendedLog {
        SuspendedLog { log: self.log.take(), order_generation: self.order_generation }
    }

    /// Goes on to log. The nodes are in the order in which they were.
    pub(super) fn resume_log(&mut self, suspended: SuspendedLog) {
        self.log = suspended.log;
        self.order_generation = suspended.order_generation;
    }

    /// Drops the log's entries, which whoever derives something from it has read.
    pub(super) fn clear_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.clear();
        }
    }

    /// Brings the search order and the image counts up to date, as kube-scheduler does at the start of each scheduling
    /// cycle.
    pub(super) fn refresh(&mut self) {
        for id in std::mem::take(&mut self.dirty) {
            let Some(Some(slot)) = self.nodes.get_mut(id.index()) else { continue };
            if !slot.is_dirty {
                continue;
            }
            if let Some(journal) = &mut self.journal {
                journal.keep_node(id, Some(slot));
            }
            let info = Arc::make_mut(slot);
            info.is_dirty = false;
            for (image, nodes) in &mut info.images {
                *nodes = self.images.nodes(*image);
            }
        }
        if self.order_is_stale {
            self.order_is_stale = false;
            match &mut self.journal {
                Some(journal) => journal.changes.push(Undo::Order(std::mem::take(&mut self.order))),
                None => self.order.clear(),
            }
            self.zones.write_order(&mut self.order);
        }
    }

    /// Node ids in search order, as of the last [`refresh`](Self::refresh).
    #[must_use]
    pub fn search_order(&self) -> &[NodeId] {
        debug_assert!(!self.order_is_stale, "refresh() comes before scheduling");
        &self.order
    }

    /// Nodes in search order, as of the last [`refresh`](Self::refresh).
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<NodeInfo>> {
        self.search_order().iter().filter_map(|id| self.node(*id))
    }

    /// The label keys of nodes.
    pub(crate) const fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// The image of that name, if a node ever had it.
    pub(crate) fn image_id(&self, name: &str) -> Option<ImageId> {
        self.images.id(name)
    }

    /// Size of an image in bytes, as the first node that had it reported it.
    pub(crate) fn image_size(&self, image: ImageId) -> i64 {
        self.images.size(image)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut NodeInfo> {
        let slot = self.nodes.get_mut(id.index())?.as_mut()?;
        if let Some(journal) = &mut self.journal {
            journal.keep_node(id, Some(slot));
        }
        let info = Arc::make_mut(slot);
        self.version += 1;
        info.version = self.version;
        Some(info)
    }

    /// Keeps the entry of a node, or that there is none, in the open fork.
    fn keep_node(&mut self, id: NodeId) {
        if let Some(journal) = &mut self.journal {
            journal.keep_node(id, self.nodes[id.index()].as_ref());
        }
    }

    /// Notes a change in the open fork.
    fn note(&mut self, undo: impl FnOnce() -> Undo) {
        if let Some(journal) = &mut self.journal {
            journal.changes.push(undo());
        }
    }

    fn insert_into_zone(&mut self, id: NodeId, node: &Node) {
        self.zones.insert(id, node);
        self.note(|| Undo::ZoneEntered(id));
    }

    fn remove_from_zone(&mut self, id: NodeId) {
        if let Some(place) = self.zones.remove(id) {
            self.note(|| Undo::ZoneLeft(id, place));
        }
    }

    fn add_images(&mut self, node: &Node) -> Vec<(ImageId, u32)> {
        let Self { images, journal, .. } = self;
        images.add(node, |image, before| {
            if let Some(journal) = journal {
                journal.changes.push(Undo::Image(image, before));
            }
        })
    }

    fn remove_images(&mut self, id: NodeId) {
        let Self { nodes, images, journal, .. } = self;
        let Some(Some(info)) = nodes.get(id.index()) else { return };
        images.remove(&info.images, |image, before| {
            if let Some(journal) = journal {
                journal.changes.push(Undo::Image(image, before));
            }
        });
    }

    /// Completes the entry of a node whose object is new: its images and its topology pairs.
    fn set_derived(&mut self, id: NodeId, images: Vec<(ImageId, u32)>) {
        let Some(node) = self.node(id).map(|info| Arc::clone(info.node_arc())) else { return };
        let domains = Topology::intern(&mut self.topology, &node.meta.labels);
        if let Some(info) = self.node_mut(id) {
            info.domains = domains;
            info.images = images;
            info.is_dirty = true;
        }
        self.dirty.push(id);
    }
}

#[cfg(test)]
mod tests;
