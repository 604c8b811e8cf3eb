//! Where pods found a place last time, and which pods were found to have none (`simulator/scheduling`).

use super::environment::GroupId;
use super::equivalence::{Controller, controller};
use super::pods;
use super::snapshot::Snapshot;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::PodInfo;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Different pods of one controller that are remembered as unschedulable.
const MAX_PODS_PER_OWNER: usize = 10;

/// A node that a hint names. Upcoming nodes are known by the template that they are copies of: when it is made anew, they
/// have other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKey {
    /// A node of the cluster.
    Real(NodeId),
    /// A node that is still to come.
    Upcoming {
        /// Its group.
        group: GroupId,
        /// Number of the group's template.
        template: u64,
        /// Which of the group's upcoming nodes.
        index: usize,
    },
}

/// The upcoming nodes of a loop.
#[derive(Clone, Debug, Default)]
pub struct UpcomingNodes(Vec<(NodeKey, NodeId)>);

impl UpcomingNodes {
    /// Notes a node.
    pub fn add(&mut self, key: NodeKey, node: NodeId) {
        self.0.push((key, node));
    }

    fn key(&self, node: NodeId) -> NodeKey {
        self.0.iter().find(|(_, id)| *id == node).map_or(NodeKey::Real(node), |(key, _)| *key)
    }

    fn node(&self, key: NodeKey) -> Option<NodeId> {
        match key {
            NodeKey::Real(node) => Some(node),
            NodeKey::Upcoming { .. } => self.0.iter().find(|(known, _)| *known == key).map(|(_, node)| *node),
        }
    }
}

/// Finds places for pods, and remembers them.
#[derive(Debug, Default)]
pub struct HintingSimulator {
    current: FxHashMap<PodId, NodeKey>,
    old: FxHashMap<PodId, NodeKey>,
}

/// Pods that were found to fit nowhere: others of the same kind are not tried.
#[derive(Debug, Default)]
struct Unschedulable(FxHashMap<Controller, Vec<Arc<PodInfo>>>);

impl Unschedulable {
    fn has_similar(&self, pod: &PodInfo) -> bool {
        !self.0.is_empty()
            && controller(pod)
                .and_then(|controller| self.0.get(&controller))
                .is_some_and(|pods| pods.iter().any(|known| pods::are_alike(known, pod)))
    }

    fn add(&mut self, pod: &Arc<PodInfo>) {
        if pods::is_daemon(pod) {
            return;
        }
        let Some(controller) = controller(pod) else { return };
        let pods = self.0.entry(controller).or_default();
        if pods.len() < MAX_PODS_PER_OWNER {
            pods.push(Arc::clone(pod));
        }
    }
}

impl HintingSimulator {
    /// Places pods one after the other, those of the highest priority first and of these the ones with a hint; gives those
    /// that found no place. With `stop_at_failure` the rest is not tried once one of a priority has found none.
    pub fn place(
        &mut self,
        snapshot: &mut Snapshot,
        upcoming: &UpcomingNodes,
        pods: &[Arc<PodInfo>],
        stop_at_failure: bool,
        acceptable: impl Fn(NodeId) -> bool,
    ) -> Vec<Arc<PodInfo>> {
        let mut unplaced = Vec::new();
        let mut unschedulable = Unschedulable::default();
        let mut priorities: Vec<i32> = pods.iter().map(|pod| pod.priority()).collect();
        priorities.sort_unstable_by(|left, right| right.cmp(left));
        priorities.dedup();
        for priority in priorities {
            let without_hint: Vec<&Arc<PodInfo>> = pods
                .iter()
                .filter(|pod| pod.priority() == priority)
                .filter(|pod| !self.place_by_hint(snapshot, upcoming, pod, &acceptable))
                .collect();
            let mut stopped = false;
            for pod in without_hint {
                let found = (!stopped && !unschedulable.has_similar(pod))
                    .then(|| snapshot.place_anywhere(pod, &acceptable))
                    .flatten();
                if let Some(node) = found {
                    self.current.insert(snapshot.original(pod.id), upcoming.key(node));
                    continue;
                }
                if !stopped && !unschedulable.has_similar(pod) {
                    unschedulable.add(pod);
                }
                stopped = stop_at_failure;
                unplaced.push(Arc::clone(pod));
            }
        }
        unplaced
    }

    fn place_by_hint(
        &mut self,
        snapshot: &mut Snapshot,
        upcoming: &UpcomingNodes,
        pod: &Arc<PodInfo>,
        acceptable: impl Fn(NodeId) -> bool,
    ) -> bool {
        let key = snapshot.original(pod.id);
        let hint = self.current.get(&key).or_else(|| self.old.get(&key)).copied();
        let Some(node) = hint.and_then(|hint| upcoming.node(hint)) else { return false };
        if snapshot.node(node).is_none() || !acceptable(node) || snapshot.place_on(pod, node).is_err() {
            return false;
        }
        self.current.insert(key, upcoming.key(node));
        true
    }

    /// Forgets hints that were not used since the last call.
    pub fn drop_old(&mut self) {
        self.old = std::mem::take(&mut self.current);
    }
}
