//! Nodes that do not exist yet: made from a shape, with the pods of the DaemonSets on them.

use super::daemons::{Daemon, daemons};
use crate::api::{Labels, Name, Node, ObjectMeta, ResourceList, TaintEffect, well_known, with_deprecated_twins};
use crate::cluster::NodeId;
use crate::input::pool_shape::PoolShape;
use crate::scheduler::View;
use crate::study::cluster_view::ClusterView;
use std::sync::Arc;

/// `maxPods` of the kubelet, where it is not configured.
const MAX_PODS: i64 = 110;
/// Taints that say how a node fares, not what it is.
const CONDITIONS: [&str; 7] = [
    well_known::TAINT_NOT_READY,
    well_known::TAINT_UNREACHABLE,
    well_known::TAINT_UNSCHEDULABLE,
    well_known::TAINT_MEMORY_PRESSURE,
    well_known::TAINT_DISK_PRESSURE,
    well_known::TAINT_PID_PRESSURE,
    well_known::TAINT_NETWORK_UNAVAILABLE,
];

/// Nodes of one shape.
#[derive(Clone, Debug)]
pub struct Pool {
    template: Node,
    zones: Vec<Name>,
    daemons: Vec<Daemon>,
    prefix: &'static str,
}

impl Pool {
    /// Makes a pool of a shape.
    ///
    /// # Errors
    /// If the node that it is a copy of does not exist.
    pub fn new(shape: &PoolShape, objects: &[crate::api::Object], view: &ClusterView) -> Result<Self, String> {
        let mut template = match &shape.like {
            Some(name) => {
                let Some(node) = view.nodes.iter().find(|node| node.meta.name == *name) else {
                    return Err(format!("like={name}: there is no such node among the objects"));
                };
                copy_of(node)
            }
            None => bare(),
        };
        merge(&mut template.allocatable, &shape.allocatable);
        template.capacity = template.allocatable.clone();
        let mut labels = template.meta.labels.clone();
        for (key, value) in &shape.labels {
            labels = labels.with(key, value);
        }
        template.meta.labels = labels;
        for taint in &shape.taints {
            template.taints.retain(|replaced| (&replaced.key, replaced.effect) != (&taint.key, taint.effect));
            template.taints.push(taint.clone());
        }
        let daemons = daemons(objects, view);
        let taken = |prefix: &str| view.nodes.iter().any(|node| node.meta.name.starts_with(prefix));
        let prefix = ["new-", "added-", "wavetank-new-"].into_iter().find(|prefix| !taken(prefix)).unwrap_or("new-");
        Ok(Self { template, zones: shape.zones.clone(), daemons, prefix })
    }

    /// How many zones the nodes stand in.
    #[must_use]
    pub fn zones(&self) -> usize {
        self.zones.len().max(1)
    }

    /// The node with this number, from 0.
    fn node(&self, number: usize) -> Node {
        let mut node = self.template.clone();
        node.meta.name = format!("{}{}", self.prefix, number + 1).into();
        let mut labels = node.meta.labels.with(well_known::HOSTNAME, &node.meta.name);
        if let Some(zone) = self.zones.get(number % self.zones()) {
            labels = labels.with(well_known::ZONE, zone).with(well_known::ZONE_BETA, zone);
        }
        node.meta.labels = with_deprecated_twins(&labels);
        node
    }

    /// Adds so many nodes of the pool to what the scheduler sees of the cluster `view`. `pods` is the most pods that will be
    /// asked about.
    pub fn extend(&self, scheduler: &mut View, view: &ClusterView, count: usize, pods: usize) {
        let mut next_pod = pods.saturating_add(1);
        for number in 0..count {
            let node = self.node(number);
            let id = NodeId::from_index(view.nodes.len() + number);
            scheduler.add_node(id, Arc::new(node.clone()));
            for daemon in &self.daemons {
                if let Some(pod) = daemon.pod_on(&node, view.next_pod_id(next_pod), view) {
                    next_pod += 1;
                    scheduler.add_pod(pod, id);
                }
            }
        }
        scheduler.refresh();
    }
}

/// A node with the labels that every kubelet sets, for the commonest platform.
fn bare() -> Node {
    let labels: Labels = [(well_known::ARCH, "amd64"), (well_known::OS, "linux")].into_iter().collect();
    let allocatable = ResourceList { pods: Some(MAX_PODS), ..ResourceList::default() };
    Node { meta: ObjectMeta { labels, ..ObjectMeta::default() }, allocatable, ..Node::default() }
}

/// What a fresh node of the same kind would be: without the taints that say how this one fares, and without a cordon.
fn copy_of(node: &Node) -> Node {
    let mut copy = node.clone();
    copy.unschedulable = false;
    copy.taints.retain(|taint| !CONDITIONS.contains(&&*taint.key) || taint.effect == TaintEffect::PreferNoSchedule);
    copy.meta.uid = "".into();
    copy.images.clear();
    copy
}

/// Replaces those amounts that are given.
fn merge(amounts: &mut ResourceList, given: &ResourceList) {
    amounts.cpu = given.cpu.or(amounts.cpu);
    amounts.memory = given.memory.or(amounts.memory);
    amounts.ephemeral_storage = given.ephemeral_storage.or(amounts.ephemeral_storage);
    amounts.pods = given.pods.or(amounts.pods);
    let kept = amounts.scalar.iter().filter(|(name, _)| given.scalar(name).is_none());
    let mut scalar: Vec<_> = kept.chain(given.scalar.iter()).cloned().collect();
    scalar.sort();
    amounts.scalar = scalar.into();
}
