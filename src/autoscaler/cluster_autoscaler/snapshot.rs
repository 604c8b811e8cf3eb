//! The cluster as the autoscaler simulates it: the scheduler's view, nodes in the order of the node list, and the scan for
//! a place (ClusterSnapshot and its predicates, Cluster Autoscaler 1.37).
//!
//! Outside of a loop it shows the cluster as it is; whatever a loop tries out is changed in a fork and taken back.
//! Simulated nodes and pods have ids above all real ones.

use crate::api;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{
    Context, CycleState, Failure, NodeInfo, PodInfo, PreFilterRejection, Profile, View,
    run_filters_with_nominated_pods, run_pre_filter,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Why a pod does not fit on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It fits on no node at all.
    Everywhere(PreFilterRejection),
    /// A filter rejected the node.
    Filter(Failure),
    /// The node is not known.
    NoNode,
}

/// The cluster as the autoscaler simulates it.
#[derive(Debug, Default)]
pub struct Snapshot {
    view: View,
    profile: Profile,
    /// Nodes in the order of the node list, which is that of their ids: simulated nodes come after the real ones.
    order: Vec<NodeId>,
    /// What the open forks did to `order`: the node, and whether it came.
    changes: Vec<(NodeId, bool)>,
    /// Lengths of `changes` where the open forks began.
    forks: Vec<usize>,
    /// Index of the node that the last scan hit. It lives as long as the process.
    last_hit: usize,
    next_node: usize,
    next_pod: usize,
    /// The pods of which simulated pods are copies.
    copies: FxHashMap<PodId, PodId>,
    /// When pods were placed in this loop, in numbers that grow, and where.
    placed: FxHashMap<PodId, (NodeId, usize)>,
    /// How many pods were placed in this loop.
    placements: usize,
    state: CycleState,
}

impl Snapshot {
    /// A snapshot of an empty cluster, for a scheduler's profile.
    pub fn new(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Adds a node or replaces its object.
    pub fn put_node(&mut self, id: NodeId, node: Arc<api::Node>) {
        if let Err(place) = self.order.binary_search(&id) {
            self.order.insert(place, id);
            self.note(id, true);
            self.view.add_node(id, node);
        } else {
            self.view.update_node(id, node);
        }
    }

    /// Removes a node with its pods.
    pub fn remove_node(&mut self, id: NodeId) {
        let Ok(place) = self.order.binary_search(&id) else { return };
        self.order.remove(place);
        self.note(id, false);
        self.clear_node(id);
        self.view.remove_node(id);
    }

    /// Takes all pods off a node.
    pub fn clear_node(&mut self, id: NodeId) {
        let pods: Vec<PodId> =
            self.node(id).map(|node| node.pods().iter().map(|pod| pod.id).collect()).unwrap_or_default();
        for pod in pods {
            self.view.remove_pod(pod);
        }
    }

    /// Puts a pod on a node, whether it fits or not.
    pub fn put_pod(&mut self, pod: Arc<PodInfo>, node: NodeId) {
        if self.view.snapshot().node_of_pod(pod.id) == Some(node) {
            self.view.update_pod(&pod);
        } else {
            self.view.add_pod(pod, node);
        }
    }

    /// Takes a pod off its node.
    pub fn remove_pod(&mut self, pod: PodId) {
        self.view.remove_pod(pod);
    }

    /// Begins a loop: ids of simulated nodes and pods start above those that were ever given.
    pub fn begin(&mut self, nodes: usize, pods: usize) {
        self.next_node = nodes;
        self.next_pod = pods;
        self.copies.clear();
        self.placed.clear();
        self.placements = 0;
    }

    /// Takes a scheduler's view as the cluster as it is.
    pub fn lend(&mut self, mut view: View) {
        view.refresh();
        self.order = view.snapshot().search_order().to_vec();
        self.order.sort_unstable();
        self.view = view;
    }

    /// Gives the view back, as it was lent.
    pub fn give_back(&mut self) -> View {
        debug_assert!(self.forks.is_empty(), "what was tried is taken back before");
        self.order.clear();
        std::mem::take(&mut self.view)
    }

    /// Leaves out pods below a priority, and counts pods that are nominated to a node as being there.
    pub fn settle_pods(&mut self, cutoff: i32) {
        let snapshot = self.view.snapshot();
        let mut expendable: Vec<PodId> = Vec::new();
        if snapshot.lowest_priority().is_some_and(|lowest| lowest < cutoff) {
            let below = snapshot.placed_pods().filter(|(_, pod)| pod.priority() < cutoff);
            expendable.extend(below.map(|(_, pod)| pod.id));
        }
        for pod in expendable {
            self.view.remove_pod(pod);
        }
        for node in self.order.clone() {
            for pod in self.view.nominator().pods_on(node).to_vec() {
                self.view.end_nomination(pod.id);
                if pod.priority() >= cutoff {
                    self.view.add_pod(pod, node);
                }
            }
        }
    }

    /// Begins a fork.
    pub fn fork(&mut self) {
        self.view.fork();
        self.forks.push(self.changes.len());
    }

    /// Takes back what changed since the innermost fork.
    pub fn revert(&mut self) {
        self.view.revert();
        let Some(from) = self.forks.pop() else { return };
        while self.changes.len() > from {
            let Some((node, came)) = self.changes.pop() else { break };
            match (self.order.binary_search(&node), came) {
                (Ok(place), true) => _ = self.order.remove(place),
                (Err(place), false) => self.order.insert(place, node),
                _ => {}
            }
        }
    }

    /// Keeps what changed since the innermost fork.
    pub fn commit(&mut self) {
        self.view.commit();
        self.forks.pop();
        if self.forks.is_empty() {
            self.changes.clear();
        }
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> Option<&Arc<NodeInfo>> {
        self.view.snapshot().node(id)
    }

    /// Nodes in list order.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The pods on a node in the order in which the real list has them: those that were there, then those that this loop
    /// placed.
    pub fn pods_on(&self, id: NodeId) -> Vec<Arc<PodInfo>> {
        let mut pods: Vec<Arc<PodInfo>> = self.node(id).map(|node| node.pods().to_vec()).unwrap_or_default();
        pods.sort_by_key(|pod| {
            let placed = self.placed.get(&pod.id).filter(|(node, _)| *node == id);
            (placed.map_or(0, |(_, number)| *number), pod.id)
        });
        pods
    }

    /// Adds a node that is not real.
    pub fn add_simulated_node(&mut self, node: Arc<api::Node>, pods: &[Arc<PodInfo>]) -> NodeId {
        let id = NodeId::from_index(self.next_node);
        self.next_node += 1;
        self.put_node(id, node);
        for pod in pods {
            let copy = self.copy_pod(pod);
            self.view.add_pod(copy, id);
        }
        id
    }

    /// A copy of a pod with an id of its own, on no node.
    pub fn copy_pod(&mut self, pod: &PodInfo) -> Arc<PodInfo> {
        let id = PodId::from_index(self.next_pod);
        self.next_pod += 1;
        self.copies.insert(id, self.original(pod.id));
        Arc::new(PodInfo { id, node_name: None, nominated_node_name: None, ..pod.clone() })
    }

    /// The pod that a simulated pod is a copy of; other pods are their own.
    pub fn original(&self, pod: PodId) -> PodId {
        self.copies.get(&pod).copied().unwrap_or(pod)
    }

    /// Whether a pod would fit on a node.
    ///
    /// # Errors
    /// Why it would not.
    pub fn check(&mut self, pod: &PodInfo, node: NodeId) -> Result<(), Unfit> {
        self.view.refresh();
        let context = Context::new(&self.view, &self.profile);
        let result = run_pre_filter(&context, pod, &mut self.state);
        if let Some(rejection) = result.rejection {
            return Err(Unfit::Everywhere(rejection));
        }
        let Some(info) = self.view.snapshot().node(node) else { return Err(Unfit::NoNode) };
        if result.nodes.is_some_and(|nodes| !nodes.contains(&node)) {
            return Err(Unfit::Filter(Failure::OUTSIDE_PRE_FILTER_NODES));
        }
        run_filters_with_nominated_pods(&context, pod, &self.state, info).map_err(Unfit::Filter)
    }

    /// Puts a pod on a node if it fits there (`SchedulePod`).
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn place_on(&mut self, pod: &Arc<PodInfo>, node: NodeId) -> Result<(), Unfit> {
        self.check(pod, node)?;
        self.place(pod, node);
        Ok(())
    }

    /// Puts a pod on the first node where it fits among those that are acceptable, scanning the list from behind the last
    /// hit (`SchedulePodOnAnyNodeMatching`). Cordoned nodes are never hit.
    pub fn place_anywhere(&mut self, pod: &Arc<PodInfo>, acceptable: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        let count = self.order.len();
        if count == 0 {
            return None;
        }
        self.view.refresh();
        let context = Context::new(&self.view, &self.profile);
        let result = run_pre_filter(&context, pod, &mut self.state);
        if result.rejection.is_some() {
            return None;
        }
        let indexes = (0..count).map(|step| (self.last_hit + 1 + step) % count);
        let hit = indexes.into_iter().find(|index| {
            let node = self.order[*index];
            acceptable(node)
                && result.nodes.as_ref().is_none_or(|nodes| nodes.contains(&node))
                && self.view.snapshot().node(node).is_some_and(|info| {
                    !info.node().unschedulable
                        && run_filters_with_nominated_pods(&context, pod, &self.state, info).is_ok()
                })
        })?;
        self.last_hit = hit;
        let node = self.order[hit];
        self.place(pod, node);
        Some(node)
    }

    /// What a failure says, in the scheduler's words.
    pub fn reasons(&self, pod: &PodInfo, node: NodeId, unfit: &Unfit) -> Vec<String> {
        match unfit {
            Unfit::Everywhere(rejection) => vec![rejection.reason.clone()],
            Unfit::NoNode => Vec::new(),
            Unfit::Filter(failure) if *failure == Failure::OUTSIDE_PRE_FILTER_NODES => Vec::new(),
            Unfit::Filter(failure) => {
                let mut reasons = Vec::new();
                if let Some(info) = self.node(node) {
                    let version = self.profile.version;
                    failure.for_each_reason(pod, info, version, &mut |reason| reasons.push(reason.to_owned()));
                }
                reasons
            }
        }
    }

    fn place(&mut self, pod: &Arc<PodInfo>, node: NodeId) {
        self.placements += 1;
        self.placed.insert(pod.id, (node, self.placements));
        self.view.add_pod(Arc::clone(pod), node);
    }

    fn note(&mut self, node: NodeId, came: bool) {
        if !self.forks.is_empty() {
            self.changes.push((node, came));
        }
    }
}
