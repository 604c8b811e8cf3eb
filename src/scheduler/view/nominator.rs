//! Pods that wait for room which preemption is making for them on a certain node.

use super::pod_info::PodInfo;
use crate::cluster::{NodeId, PodId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nominated pods by node.
#[derive(Clone, Debug, Default)]
pub struct Nominator {
    by_node: BTreeMap<NodeId, Vec<Arc<PodInfo>>>,
    nodes: BTreeMap<PodId, NodeId>,
    /// How many of the pods require other pods to be elsewhere.
    with_required_anti_affinity: usize,
    /// Nodes where something changed since this was last cleared.
    changed: Vec<NodeId>,
}

impl Nominator {
    /// Notes that a pod is nominated to a node, and to no other.
    pub(super) fn add(&mut self, pod: Arc<PodInfo>, node: NodeId) {
        self.remove(pod.id);
        self.changed.push(node);
        self.with_required_anti_affinity += usize::from(pod.has_required_anti_affinity());
        self.nodes.insert(pod.id, node);
        self.by_node.entry(node).or_default().push(pod);
    }

    /// Forgets a pod's nomination; gives the pod.
    pub(super) fn remove(&mut self, pod: PodId) -> Option<Arc<PodInfo>> {
        let node = self.nodes.remove(&pod)?;
        self.changed.push(node);
        let pods = self.by_node.get_mut(&node)?;
        let position = pods.iter().position(|nominated| nominated.id == pod)?;
        let removed = pods.remove(position);
        self.with_required_anti_affinity -= usize::from(removed.has_required_anti_affinity());
        if pods.is_empty() {
            self.by_node.remove(&node);
        }
        Some(removed)
    }

    /// Gives a node the nominated pods that it had.
    pub(super) fn restore(&mut self, node: NodeId, pods: Vec<Arc<PodInfo>>) {
        let nominated: Vec<PodId> = self.pods_on(node).iter().map(|pod| pod.id).collect();
        for pod in nominated {
            self.remove(pod);
        }
        for pod in pods {
            self.add(pod, node);
        }
    }

    /// Nodes where something changed since [`clear_changed_nodes`](Self::clear_changed_nodes); may hold a node twice.
    pub(crate) fn changed_nodes(&self) -> &[NodeId] {
        &self.changed
    }

    /// Forgets which nodes changed.
    pub(super) fn clear_changed_nodes(&mut self) {
        self.changed.clear();
    }

    /// Whether no pod is nominated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether some nominated pod requires other pods to be elsewhere.
    #[must_use]
    pub const fn has_required_anti_affinity(&self) -> bool {
        self.with_required_anti_affinity > 0
    }

    /// The nominated pods.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<PodInfo>> {
        self.by_node.values().flatten()
    }

    /// The node that a pod is nominated to.
    #[must_use]
    pub fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.nodes.get(&pod).copied()
    }

    /// The pods nominated to a node.
    #[must_use]
    pub fn pods_on(&self, node: NodeId) -> &[Arc<PodInfo>] {
        // Almost always nobody is nominated anywhere: that must cost nothing per node.
        if self.by_node.is_empty() {
            return &[];
        }
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }
}
