//! What must hold of the state at any time; checked after every event in tests.
//!
//! Each invariant speaks of one object and those that it names, so that after an event only what the event changed has to
//! be looked at: a cluster of any size can be checked after every event.

use super::{Change, Cluster, NodeId, ObjectId, PodId, ReplicaSetId};
use crate::units::{Bytes, MilliCpu};
use std::collections::BTreeSet;

impl Cluster {
    /// Every invariant that is violated, in words; empty if all is well. Costs a walk over all state.
    pub fn violated_invariants(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for object in self.objects() {
            self.check_version(object, &mut violations);
        }
        for (id, _) in self.nodes() {
            self.check_node(id, &mut violations);
        }
        for (id, _) in self.pods() {
            self.check_pod(id, &mut violations);
        }
        for (id, _) in self.replica_sets() {
            self.check_replica_set(id, &mut violations);
        }
        violations
    }

    /// Every invariant that these changes violate, in words: of what changed, the nodes of changed pods and their owners.
    pub fn invariants_violated_by(&self, changes: &[Change]) -> Vec<String> {
        let mut pods: BTreeSet<PodId> = BTreeSet::new();
        let mut nodes: BTreeSet<NodeId> = BTreeSet::new();
        let mut replica_sets: BTreeSet<ReplicaSetId> = BTreeSet::new();
        let mut violations = Vec::new();
        for object in changes.iter().filter_map(|change| change.object()) {
            self.check_version(object, &mut violations);
            match object {
                ObjectId::Node(node) => _ = nodes.insert(node),
                ObjectId::ReplicaSet(set) => _ = replica_sets.insert(set),
                ObjectId::Pod(pod) => _ = pods.insert(pod),
                _ => {}
            }
        }
        for pod in &pods {
            nodes.extend(self.pod(*pod).node);
            if let Some(ObjectId::ReplicaSet(set)) = self.pod(*pod).owner {
                replica_sets.insert(set);
            }
        }
        for pod in pods {
            self.check_pod(pod, &mut violations);
        }
        for node in nodes {
            self.check_node(node, &mut violations);
        }
        for set in replica_sets {
            self.check_replica_set(set, &mut violations);
        }
        violations
    }

    /// A node lists pods that exist and are bound to it, and they ask for no more than it offers.
    fn check_node(&self, id: NodeId, violations: &mut Vec<String>) {
        let node = self.node(id);
        let (mut cpu, mut memory, mut pods) = (0, 0, 0_i64);
        for pod in &node.pods {
            let state = self.pod(*pod);
            if state.node != Some(id) || !state.exists() {
                let name = &node.object.meta.name;
                violations.push(format!("node {name} lists pod {}, which is not there", state.name));
            }
            if state.occupies_node() {
                if self.resize_of(*pod).is_some() {
                    let allocated = self.allocated_to(*pod);
                    cpu += allocated.cpu.map_or(0, MilliCpu::get);
                    memory += allocated.memory.map_or(0, Bytes::get);
                } else {
                    let requests = &self.template_of(*pod).requests;
                    cpu += requests.cpu.get();
                    memory += requests.memory.get();
                }
                pods += 1;
            }
        }
        let allocatable = &node.object.allocatable;
        let over = |requested: i64, offered: Option<i64>| requested > 0 && requested > offered.unwrap_or(0);
        if over(cpu, allocatable.cpu.map(MilliCpu::get))
            || over(memory, allocatable.memory.map(Bytes::get))
            || over(pods, allocatable.pods)
        {
            violations.push(format!("node {} holds more than it offers", node.object.meta.name));
        }
    }

    /// An object has a resourceVersion that the cluster has given.
    fn check_version(&self, object: ObjectId, violations: &mut Vec<String>) {
        let version = self.head_of(object).resource_version;
        if !self.versions.has_given(version) {
            let (kind, name) = (self.kind_of(object).as_str(), self.name_of(object));
            violations.push(format!("{kind} {name} has resourceVersion {version}, which was not given"));
        }
    }

    /// A pod and its node agree, and its times are in order.
    fn check_pod(&self, id: PodId, violations: &mut Vec<String>) {
        let pod = self.pod(id);
        if let Some(node) = pod.node
            && pod.exists() != self.node(node).pods.contains(&id)
        {
            violations.push(format!("pod {} and its node disagree", pod.name));
        }
        if pod.bound.is_some_and(|bound| bound < pod.head.created) || pod.running < pod.bound && pod.running.is_some() {
            violations.push(format!("pod {} has times out of order", pod.name));
        }
    }

    /// A ReplicaSet counts its pods right, and lists no others.
    fn check_replica_set(&self, id: ReplicaSetId, violations: &mut Vec<String>) {
        let set = self.replica_set(id);
        let (mut active, mut ready) = (0_usize, 0_usize);
        for pod in set.pods.iter().map(|pod| self.pod(*pod)) {
            if pod.owner != Some(ObjectId::ReplicaSet(id)) {
                violations.push(format!("ReplicaSet {} lists a pod of another owner", set.name));
            }
            if pod.is_active() {
                active += 1;
                ready += usize::from(pod.ready);
            }
        }
        if usize::try_from(set.active) != Ok(active) {
            violations.push(format!("ReplicaSet {} counts {} active pods of {active}", set.name, set.active));
        }
        if usize::try_from(set.ready) != Ok(ready) {
            violations.push(format!("ReplicaSet {} counts {} ready pods of {ready}", set.name, set.ready));
        }
    }
}
