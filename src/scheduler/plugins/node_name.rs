//! NodeName: a pod that names a node fits no other.

use crate::scheduler::framework::Failure;
use crate::scheduler::view::{NodeInfo, PodInfo};

/// Rejects every node but the one that the pod names.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    match &pod.node_name {
        Some(name) if *name != node.node().meta.name => Err(Failure::NodeName),
        _ => Ok(()),
    }
}
