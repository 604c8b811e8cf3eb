//! Nodes and the machines behind them.

use super::apply::{Apply, ApplyOrder};
use super::machine::Machine;
use super::resource::Resource;
use super::{Change, Cluster, InstanceId, NodeId, ObjectHead, PodId};
use crate::api::{self, Kind, Name, Taint, TaintEffect, well_known};
use crate::units::SimTime;
use smallvec::SmallVec;
use std::sync::Arc;

/// Status of the Ready condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeReady {
    /// The kubelet reports that it is healthy.
    #[default]
    True,
    /// The kubelet reports that it is not.
    False,
    /// The kubelet has not reported for longer than the grace period.
    Unknown,
}

/// A node: its object and what runs on it.
#[derive(Clone, Debug)]
pub struct Node {
    /// The object: labels, taints, allocatable. Shared with the scheduler's view.
    pub object: Arc<api::Node>,
    /// Index of the node pool; `None` for nodes that manifests define.
    pub pool: Option<u32>,
    /// The instance that it runs on, if a cloud was asked for it.
    pub instance: Option<InstanceId>,
    /// Removal of the object.
    pub removed: Option<SimTime>,
    /// Ready condition and its last change.
    pub ready: NodeReady,
    /// Last change of the Ready condition.
    pub ready_changed: SimTime,
    /// Whether its kubelet says that it is ready, as long as it says anything.
    pub kubelet_ready: bool,
    /// Reason of the Ready condition, for example `KubeletReady`.
    pub ready_reason: &'static str,
    /// Version and creation.
    pub head: ObjectHead,
    /// The machine's state.
    pub machine: Machine,
    /// Grows with every change of the machine's state, so that what was planned before is known to be stale.
    pub generation: u32,
    /// Pods bound to the node whose objects exist, ended ones included, in no particular but reproducible order.
    pub pods: SmallVec<[PodId; 14]>,
}

impl Node {
    /// Reason of a Ready condition that is true.
    pub const KUBELET_READY: &'static str = "KubeletReady";
    /// Reason of a Ready condition that is false: the kubelet says so.
    pub const KUBELET_NOT_READY: &'static str = "KubeletNotReady";
    /// Reason of a Ready condition that is unknown: the kubelet stopped posting the node's status.
    pub const NODE_STATUS_UNKNOWN: &'static str = "NodeStatusUnknown";

    /// Whether the object exists.
    pub const fn exists(&self) -> bool {
        self.removed.is_none()
    }
}

impl Cluster {
    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Every node that ever was, in order of creation.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::from_index(index), node))
    }

    /// The nodes that exist, in order of creation.
    pub fn existing_nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.existing_nodes.iter().map(|id| (*id, &self.nodes[id.index()]))
    }

    /// Adds a node. One that joins during the run is tainted as not ready by the API server's admission
    /// (`TaintNodesByCondition`), whatever its kubelet says, until the node lifecycle controller has seen it; those of the
    /// start have that behind them.
    pub fn add_node(&mut self, mut object: Arc<api::Node>, pool: Option<u32>, now: SimTime) -> NodeId {
        if now > SimTime::ZERO {
            admit_node(&mut object);
        }
        let id = NodeId::from_index(self.nodes.len());
        self.index.add(Kind::Node, id, None, &object.meta.name);
        self.existing_nodes.insert(id);
        self.nodes.push(Node {
            object,
            pool,
            instance: None,
            removed: None,
            ready: NodeReady::True,
            ready_changed: now,
            kubelet_ready: true,
            ready_reason: Node::KUBELET_READY,
            head: ObjectHead::new(&mut self.versions, now),
            machine: Machine::Up,
            generation: 0,
            pods: SmallVec::new(),
        });
        self.changes.push(Change::NodeAdded(id));
        id
    }

    /// Adds a node whose kubelet says that it is not ready yet.
    pub fn add_unready_node(&mut self, object: Arc<api::Node>, pool: Option<u32>, now: SimTime) -> NodeId {
        let id = self.add_node(object, pool, now);
        let node = &mut self.nodes[id.index()];
        node.ready = NodeReady::False;
        node.kubelet_ready = false;
        node.ready_reason = Node::KUBELET_NOT_READY;
        id
    }

    /// Replaces a node's object if `update` changes it.
    pub fn update_node(&mut self, id: NodeId, update: impl FnOnce(&mut api::Node)) {
        let node = &mut self.nodes[id.index()];
        if node.removed.is_some() {
            return;
        }
        let mut object = (*node.object).clone();
        update(&mut object);
        if object != *node.object {
            node.object = Arc::new(object);
            node.head.change(&mut self.versions);
            self.changes.push(Change::NodeUpdated(id));
        }
    }

    /// Sets a node's Ready condition.
    pub fn set_node_ready(&mut self, id: NodeId, ready: NodeReady, reason: &'static str, now: SimTime) {
        let node = &mut self.nodes[id.index()];
        if node.ready != ready && node.removed.is_none() {
            node.ready = ready;
            node.ready_changed = now;
            node.ready_reason = reason;
            node.head.change(&mut self.versions);
            self.changes.push(Change::NodeReadiness(id));
        }
    }

    /// Sets what a kubelet says of its node, and reports it unless the kubelet is down or cut off.
    pub fn set_kubelet_ready(&mut self, id: NodeId, ready: bool, now: SimTime) {
        self.nodes[id.index()].kubelet_ready = ready;
        self.report_node(id, now);
    }

    /// A kubelet reports whether its node is ready. Nothing happens if it is down or cut off.
    pub fn report_node(&mut self, id: NodeId, now: SimTime) {
        let node = &self.nodes[id.index()];
        if node.machine == Machine::Up {
            let (ready, reason) = if node.kubelet_ready {
                (NodeReady::True, Node::KUBELET_READY)
            } else {
                (NodeReady::False, Node::KUBELET_NOT_READY)
            };
            self.set_node_ready(id, ready, reason, now);
        }
    }

    /// Sets the state of the machine behind a node. A change starts a new generation of the machine.
    pub fn set_machine(&mut self, id: NodeId, machine: Machine) {
        let node = &mut self.nodes[id.index()];
        if node.machine != machine {
            let was = std::mem::replace(&mut node.machine, machine);
            node.generation += 1;
            self.changes.push(Change::Machine { node: id, was });
        }
    }

    /// Removes a node object. Its pods stay until they are collected.
    pub fn remove_node(&mut self, id: NodeId, now: SimTime) {
        let node = &mut self.nodes[id.index()];
        if node.removed.is_none() {
            node.removed = Some(now);
            self.existing_nodes.remove(&id);
            node.head.change(&mut self.versions);
            node.generation += 1;
            self.index.remove(Kind::Node, id, None, &node.object.meta.name);
            self.changes.push(Change::NodeRemoved(id));
        }
    }
}

/// Adds the taint of a node that is not ready (`plugin/pkg/admission/nodetaint`, Kubernetes 1.36).
fn admit_node(object: &mut Arc<api::Node>) {
    let taint = Taint {
        key: Name::from(well_known::TAINT_NOT_READY),
        value: Name::default(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    };
    if !object.taints.iter().any(|present| present.key == taint.key && present.effect == taint.effect) {
        Arc::make_mut(object).taints.push(taint);
    }
}

impl Apply for api::Node {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        match cluster.node_id(&self.meta.name) {
            Some(id) => cluster.update_node(id, |existing| *existing = self.clone()),
            None => _ = cluster.add_node(Arc::new(self.clone()), None, now),
        }
        None
    }
}

impl Resource for NodeId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Node
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.node(self).object.meta.name
    }

    fn namespace(self, _: &Cluster) -> Name {
        Name::default()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.node(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.nodes[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, now: SimTime) {
        cluster.remove_node(self, now);
    }
}
