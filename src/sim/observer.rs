//! Whoever looks on while a run goes, such as the comparison with a recorded timeline.

use crate::cluster::{Change, Cluster, NodeId, PodId};
use crate::units::SimTime;

/// Sees every change of the cluster as it happens.
pub trait RunObserver {
    /// A change; the cluster is as it is after it, and perhaps after others of the same instant.
    fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime);

    /// The node that a pod that was just created is to be placed on, if that is feasible when its turn comes.
    fn placement(&mut self, _pod: PodId, _cluster: &Cluster) -> Option<NodeId> {
        None
    }
}
