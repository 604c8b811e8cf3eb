//! Why nodes stay, and whether the pods of one would find another place (`simulator.RemovalSimulator`).

use super::budgets::RemainingBudgets;
use super::drain::{BlockingPod, DrainContext};
use super::environment::Environment;
use super::hints::{HintingSimulator, UpcomingNodes};
use super::options::Options;
use super::snapshot::Snapshot;
use super::taints;
use crate::cluster::NodeId;
use crate::scheduler::PodInfo;
use crate::units::SimTime;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Why a node is not removed (`UnremovableReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnremovableReason {
    /// Its annotation forbids it.
    ScaleDownDisabledAnnotation,
    /// It is not ready, and such nodes are left alone.
    ScaleDownUnreadyDisabled,
    /// It has been unneeded for too short a time.
    NotUnneededLongEnough,
    /// The same of a node that is not ready.
    NotUnreadyLongEnough,
    /// Its group is as small as it may be.
    NodeGroupMinSizeReached,
    /// The cluster would have too little cpu or memory.
    MinimalResourceLimitExceeded,
    /// It is being deleted.
    CurrentlyBeingDeleted,
    /// Its pods ask for too much of it.
    NotUnderutilized,
    /// It was found not to be removable a short while ago.
    RecentlyUnremovable,
    /// Its pods fit nowhere else.
    NoPlaceToMovePods,
    /// One of its pods cannot be moved.
    BlockedByPod,
    /// Its allocatable says nothing.
    UnexpectedError,
    /// The end of one of its pods is waited for.
    BlockedByOnCompletionPod,
}

impl UnremovableReason {
    /// The name in the real program.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScaleDownDisabledAnnotation => "ScaleDownDisabledAnnotation",
            Self::ScaleDownUnreadyDisabled => "ScaleDownUnreadyDisabled",
            Self::NotUnneededLongEnough => "NotUnneededLongEnough",
            Self::NotUnreadyLongEnough => "NotUnreadyLongEnough",
            Self::NodeGroupMinSizeReached => "NodeGroupMinSizeReached",
            Self::MinimalResourceLimitExceeded => "MinimalResourceLimitExceeded",
            Self::CurrentlyBeingDeleted => "CurrentlyBeingDeleted",
            Self::NotUnderutilized => "NotUnderutilized",
            Self::RecentlyUnremovable => "RecentlyUnremovable",
            Self::NoPlaceToMovePods => "NoPlaceToMovePods",
            Self::BlockedByPod => "BlockedByPod",
            Self::UnexpectedError => "UnexpectedError",
            Self::BlockedByOnCompletionPod => "BlockedByOnCompletionPod",
        }
    }
}

/// Why a node is not removed, with the pod that keeps it if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unremovable {
    /// Why.
    pub reason: UnremovableReason,
    /// The pod.
    pub blocking: Option<BlockingPod>,
}

impl From<UnremovableReason> for Unremovable {
    fn from(reason: UnremovableReason) -> Self {
        Self { reason, blocking: None }
    }
}

/// A node that could be removed.
#[derive(Clone, Debug)]
pub struct NodeToRemove {
    /// The node.
    pub node: NodeId,
    /// Pods that move.
    pub moving: Vec<Arc<PodInfo>>,
    /// Pods whose end is waited for.
    pub on_completion: Vec<Arc<PodInfo>>,
    /// Whether its pods may not all go at once.
    pub is_risky: bool,
}

/// Simulates the removal of nodes, one after the other: a node whose pods found places is gone from the snapshot.
#[derive(Debug, Default)]
pub struct RemovalSimulator {
    scheduling: HintingSimulator,
}

impl RemovalSimulator {
    /// Whether a node can go: its pods can be moved and find a place on one of the `destinations`.
    ///
    /// # Errors
    /// Why it cannot.
    #[expect(clippy::too_many_arguments, reason = "what the answer depends on")]
    pub fn simulate(
        &mut self,
        snapshot: &mut Snapshot,
        environment: &dyn Environment,
        node: NodeId,
        destinations: &FxHashSet<NodeId>,
        budgets: &RemainingBudgets,
        options: &Options,
        now: SimTime,
    ) -> Result<NodeToRemove, Unremovable> {
        let pods = snapshot.pods_on(node);
        let facts = |pod: &PodInfo| environment.pod(snapshot.original(pod.id));
        let controller = |pod: &PodInfo| environment.controller_replicas(snapshot.original(pod.id));
        let context =
            DrainContext { options: &options.delete, now, budgets, facts: &facts, controller: Some(&controller) };
        let result = context.pods_to_move(&pods);
        if let Some(blocking) = result.blocking {
            return Err(Unremovable { reason: UnremovableReason::BlockedByPod, blocking: Some(blocking) });
        }
        snapshot.fork();
        if !self.find_places(snapshot, node, &result.moving, destinations, now) {
            snapshot.revert();
            return Err(UnremovableReason::NoPlaceToMovePods.into());
        }
        snapshot.remove_node(node);
        snapshot.commit();
        Ok(NodeToRemove { node, moving: result.moving, on_completion: result.on_completion, is_risky: false })
    }

    /// Leaves the node behind tainted and empty, so that it still counts as a topology domain, and places its pods.
    fn find_places(
        &mut self,
        snapshot: &mut Snapshot,
        node: NodeId,
        pods: &[Arc<PodInfo>],
        destinations: &FxHashSet<NodeId>,
        now: SimTime,
    ) -> bool {
        let Some(mut ghost) = snapshot.node(node).map(|info| info.node().clone()) else { return false };
        if pods.is_empty() {
            return true;
        }
        ghost.taints.push(taints::to_be_deleted(now));
        snapshot.clear_node(node);
        snapshot.put_node(node, Arc::new(ghost));
        let acceptable = |candidate: NodeId| candidate != node && destinations.contains(&candidate);
        self.scheduling.place(snapshot, &UpcomingNodes::default(), pods, true, acceptable).is_empty()
    }

    /// Forgets hints that were not used since the last call.
    pub fn drop_old_hints(&mut self) {
        self.scheduling.drop_old();
    }
}
