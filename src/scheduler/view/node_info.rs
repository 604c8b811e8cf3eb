//! A node with the sums over its pods (`framework.NodeInfo`, kube-scheduler 1.36).

use super::images::ImageId;
use super::pod_info::{HostPort, PodInfo};
use super::resources::Resources;
use super::topology::Domains;
use crate::api::Node;
use crate::cluster::{NodeId, PodId};
use crate::units::{Bytes, MilliCpu, SimTime};
use smallvec::SmallVec;
use std::sync::Arc;

/// A node with the sums over its pods.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    id: NodeId,
    node: Arc<Node>,
    /// Deleted nodes stay while pods are still on them.
    pub(crate) is_present: bool,
    pods: Vec<Arc<PodInfo>>,
    /// Ids of `pods`, in their order: a pod is found without a look at each.
    pod_ids: SmallVec<[PodId; 14]>,
    allocatable: Resources,
    allocatable_pods: i64,
    requested: Resources,
    non_zero_cpu: MilliCpu,
    non_zero_memory: Bytes,
    used_ports: Vec<HostPort>,
    pods_with_scored_affinity: u32,
    pods_with_required_anti_affinity: u32,
    /// The topology pairs of its labels.
    pub(crate) domains: Domains,
    /// The node's images, sorted, each with the number of nodes that had it when this entry was last refreshed.
    pub(crate) images: Vec<(ImageId, u32)>,
    /// Something changed since the image counts were refreshed.
    pub(crate) is_dirty: bool,
    /// Differs between any two states of the node in one snapshot.
    pub(crate) version: u64,
}

impl NodeInfo {
    /// A node without pods.
    #[must_use]
    pub fn new(id: NodeId, node: Arc<Node>) -> Self {
        Self {
            id,
            allocatable: Resources::from_list(&node.allocatable),
            allocatable_pods: node.allocatable.pods.unwrap_or(0),
            node,
            is_present: true,
            pods: Vec::new(),
            pod_ids: SmallVec::new(),
            requested: Resources::default(),
            non_zero_cpu: MilliCpu::ZERO,
            non_zero_memory: Bytes::ZERO,
            used_ports: Vec::new(),
            pods_with_scored_affinity: 0,
            pods_with_required_anti_affinity: 0,
            domains: Domains::default(),
            images: Vec::new(),
            is_dirty: true,
            version: 0,
        }
    }

    /// Its id in the cluster.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Differs between any two states of the node in one snapshot, but for the numbers of nodes with its images.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The node, shared.
    #[must_use]
    pub fn node_arc(&self) -> &Arc<Node> {
        &self.node
    }

    /// The pods on it, terminating ones too.
    #[must_use]
    pub fn pods(&self) -> &[Arc<PodInfo>] {
        &self.pods
    }

    /// A pod that is here.
    #[must_use]
    pub fn pod(&self, id: PodId) -> Option<&Arc<PodInfo>> {
        self.pods.get(self.pod_ids.iter().position(|pod| *pod == id)?)
    }

    /// `status.allocatable` without `pods`.
    #[must_use]
    pub const fn allocatable(&self) -> &Resources {
        &self.allocatable
    }

    /// `status.allocatable.pods`.
    #[must_use]
    pub const fn allocatable_pods(&self) -> i64 {
        self.allocatable_pods
    }

    /// How many more pods it takes; negative where there are too many.
    #[must_use]
    pub fn free_pods(&self) -> i64 {
        self.allocatable_pods - i64::try_from(self.pods.len()).unwrap_or(i64::MAX)
    }

    /// What its pods take.
    #[must_use]
    pub const fn requested(&self) -> &Resources {
        &self.requested
    }

    /// What its pods take of cpu, with the default for containers that request none.
    #[must_use]
    pub const fn non_zero_cpu(&self) -> MilliCpu {
        self.non_zero_cpu
    }

    /// What its pods take of memory, with the default for containers that request none.
    #[must_use]
    pub const fn non_zero_memory(&self) -> Bytes {
        self.non_zero_memory
    }

    /// Host ports that are taken.
    #[must_use]
    pub fn used_ports(&self) -> &[HostPort] {
        &self.used_ports
    }

    /// Whether a pod here has terms of affinity to pods that count in the score of others: all but required
    /// anti-affinity.
    #[must_use]
    pub const fn has_pods_with_scored_affinity(&self) -> bool {
        self.pods_with_scored_affinity > 0
    }

    /// Whether a pod here has required anti-affinity to pods.
    #[must_use]
    pub const fn has_pods_with_required_anti_affinity(&self) -> bool {
        self.pods_with_required_anti_affinity > 0
    }

    /// The topology pairs of its labels, as interned in its snapshot.
    #[must_use]
    pub(crate) const fn domains(&self) -> &Domains {
        &self.domains
    }

    /// How many nodes have an image that this node has, as of the last refresh of this entry; `None` if it has not.
    #[must_use]
    pub(crate) fn nodes_with_image(&self, image: ImageId) -> Option<u32> {
        self.images.binary_search_by_key(&image, |(known, _)| *known).ok().map(|position| self.images[position].1)
    }

    /// Replaces the node object; the pods stay.
    pub(crate) fn set_node(&mut self, node: Arc<Node>) {
        self.allocatable = Resources::from_list(&node.allocatable);
        self.allocatable_pods = node.allocatable.pods.unwrap_or(0);
        self.node = node;
        self.is_present = true;
        self.is_dirty = true;
    }

    /// Adds a pod to the sums.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>) {
        let placed = pod.placed();
        self.requested.add(&placed.requests);
        self.non_zero_cpu += placed.non_zero_cpu;
        self.non_zero_memory += placed.non_zero_memory;
        self.pods_with_scored_affinity += u32::from(pod.has_scored_affinity());
        self.pods_with_required_anti_affinity += u32::from(pod.has_required_anti_affinity());
        for port in &pod.traits.host_ports {
            if !self.used_ports.contains(port) {
                self.used_ports.push(port.clone());
            }
        }
        self.pod_ids.push(pod.id);
        self.pods.push(pod);
        self.is_dirty = true;
    }

    /// Notes when a pod started.
    pub fn note_start(&mut self, id: PodId, start: SimTime) {
        if let Some(position) = self.pod_ids.iter().position(|pod| *pod == id) {
            Arc::make_mut(&mut self.pods[position]).start_time = Some(start);
        }
    }

    /// Takes a pod out of the sums; `None` if it is not here.
    pub fn remove_pod(&mut self, id: PodId) -> Option<Arc<PodInfo>> {
        let position = self.pod_ids.iter().position(|pod| *pod == id)?;
        self.pod_ids.swap_remove(position);
        let pod = self.pods.swap_remove(position);
        let placed = pod.placed();
        self.requested.subtract(&placed.requests);
        self.non_zero_cpu -= placed.non_zero_cpu;
        self.non_zero_memory -= placed.non_zero_memory;
        self.pods_with_scored_affinity -= u32::from(pod.has_scored_affinity());
        self.pods_with_required_anti_affinity -= u32::from(pod.has_required_anti_affinity());
        // As in kube-scheduler the ports are a set: of two pods with the same port, the first to go frees it.
        if !pod.traits.host_ports.is_empty() {
            self.used_ports.retain(|port| !pod.traits.host_ports.contains(port));
        }
        self.is_dirty = true;
        Some(pod)
    }
}
