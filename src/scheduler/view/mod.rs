//! What the scheduler sees of the cluster: the [`View`], which whoever asks "would this pod fit there?" changes and asks.
//!
//! A run keeps one view up to date with the cluster; `fit`, `explain` and conformance build theirs from objects. All of
//! them change it by the same methods. Decisions are not made here but by
//! [`schedule`](crate::scheduler::schedule), which looks at a view through a [`Context`](crate::scheduler::Context).

mod change_log;
mod fork;
mod images;
mod journal;
mod kind_table;
mod lister_change;
mod listers;
mod node_info;
mod nominator;
mod pod_info;
mod pod_origins;
mod resources;
mod snapshot;
#[cfg(test)]
mod tests;
mod topology;
mod zones;

pub use crate::api::ResourceKey;
pub use change_log::LogEntry;
pub use images::ImageId;
pub use kind_table::{KindId, KindTable};
pub use lister_change::ListerChange;
pub use listers::{DisruptionBudget, Listers, VolumeListers};
pub use node_info::NodeInfo;
pub use nominator::Nominator;
pub use pod_info::{DeclaredFeature, HostPort, OriginAddress, PodInfo, PodOrigin, PodTraits};
pub use pod_origins::PodOrigins;
pub use resources::{PlacedRequests, Resources};
pub use snapshot::{Snapshot, SuspendedLog};
pub use topology::{Domain, Topology, TopologyKey};

use crate::api::Node;
use crate::cluster::{NodeId, PodId};
use crate::units::SimTime;
use std::sync::Arc;

/// The cluster as the scheduler sees it: nodes with the pods on them ([`Snapshot`]), pods that are nominated to a node
/// ([`Nominator`]), and the other objects that plugins look up ([`Listers`]).
///
/// Ids of nodes and pods are the caller's: those of the simulated cluster in a run, counted from 0 in a study. Nodes and
/// pods need not exist yet, which is what a [fork](Self::fork) is for: it tries something and goes back, as the
/// ClusterSnapshot of the cluster autoscaler does.
///
/// # Examples
/// A node that does not exist yet, and back again:
/// ```
/// use std::sync::Arc;
/// use wavetank::api::{Node, ObjectMeta};
/// use wavetank::scheduler::{NodeId, View};
///
/// let node = |name: &str| {
///     let meta = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
///     Arc::new(Node { meta, ..Node::default() })
/// };
/// let mut view = View::default();
/// view.add_node(NodeId::from_index(0), node("small"));
/// view.fork();
/// view.add_node(NodeId::from_index(1), node("large"));
/// view.refresh();
/// assert_eq!(view.snapshot().len(), 2);
/// view.revert();
/// view.refresh();
/// assert_eq!(view.snapshot().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct View {
    snapshot: Snapshot,
    listers: Listers,
    nominator: Nominator,
    /// The open forks, the outermost first.
    forks: Vec<Fork>,
}

/// What one fork replaced besides nodes and pods, the oldest change first.
#[derive(Clone, Debug, Default)]
struct Fork {
    /// What undoes each change of the listers.
    listers: Vec<ListerChange>,
    /// The pods that were nominated to a node before a change.
    nominations: Vec<(NodeId, Vec<Arc<PodInfo>>)>,
}

impl View {
    /// Nodes with the pods on them.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Other objects that plugins look up.
    #[must_use]
    pub const fn listers(&self) -> &Listers {
        &self.listers
    }

    /// Pods that are nominated to a node.
    #[must_use]
    pub const fn nominator(&self) -> &Nominator {
        &self.nominator
    }

    /// Brings the search order and the image counts up to date, as kube-scheduler does at the start of each scheduling
    /// cycle. To be called before [`schedule`](crate::scheduler::schedule) whenever something changed.
    pub fn refresh(&mut self) {
        self.snapshot.refresh();
    }

    /// Adds a node, or brings a deleted one back.
    pub fn add_node(&mut self, id: NodeId, node: Arc<Node>) {
        self.snapshot.add_node(id, node);
    }

    /// Replaces the object of a node; adds the node where it is not known.
    pub fn update_node(&mut self, id: NodeId, node: Arc<Node>) {
        self.snapshot.update_node(id, node);
    }

    /// Removes a node. Its pods stay in the books until they are removed, as in kube-scheduler.
    pub fn remove_node(&mut self, id: NodeId) {
        self.snapshot.remove_node(id);
    }

    /// Puts a pod on a node, moving it there if it is on another. A node that is not known is ignored.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>, node: NodeId) {
        self.snapshot.add_pod(pod, node);
    }

    /// Replaces what is known about a pod on a node (labels, resize, termination).
    pub fn update_pod(&mut self, pod: &Arc<PodInfo>) {
        self.snapshot.update_pod(pod);
    }

    /// Takes a pod off its node; `None` if it is on none.
    pub fn remove_pod(&mut self, id: PodId) -> Option<(Arc<PodInfo>, NodeId)> {
        self.snapshot.remove_pod(id)
    }

    /// Notes when a pod on a node started, of which nothing else depends. Pods keep their order on the node, so that it does not
    /// matter when this is noted.
    pub fn note_start(&mut self, pod: PodId, start: SimTime) {
        self.snapshot.note_start(pod, start);
    }

    /// Nominates a pod to a node, and to no other.
    pub fn nominate(&mut self, pod: Arc<PodInfo>, node: NodeId) {
        if let Some(before) = self.nominator.node_of(pod.id).filter(|before| *before != node) {
            self.keep_nominations(before);
        }
        self.keep_nominations(node);
        self.nominator.add(pod, node);
    }

    /// Ends a pod's nomination; gives the pod if it was nominated.
    pub fn end_nomination(&mut self, pod: PodId) -> Option<Arc<PodInfo>> {
        self.keep_nominations(self.nominator.node_of(pod)?);
        self.nominator.remove(pod)
    }

    /// Lists an object besides nodes and pods, or lists it no longer.
    pub fn apply(&mut self, change: ListerChange) {
        let undo = self.listers.apply(change);
        self.note_listers(undo);
    }

    /// Starts to log changes of nodes and pods. Those of before are not in the log.
    pub(crate) fn enable_log(&mut self) {
        self.snapshot.enable_log();
    }

    /// Stops to log for a time in which all changes are taken back again. What is given is for
    /// [`resume_log`](Self::resume_log).
    pub(crate) fn suspend_log(&mut self) -> SuspendedLog {
        self.snapshot.suspend_log()
    }

    /// Goes on to log.
    pub(crate) fn resume_log(&mut self, log: SuspendedLog) {
        self.snapshot.resume_log(log);
    }

    /// Forgets the logged changes and which nominations changed: whoever derives something from them has read them.
    pub(crate) fn clear_log(&mut self) {
        self.snapshot.clear_log();
        self.nominator.clear_changed_nodes();
    }
}
