//! NodePorts: host ports that are taken on the node.

use crate::scheduler::framework::Failure;
use crate::scheduler::view::{NodeInfo, PodInfo};

/// Whether the pod asks for no host port.
pub fn skips(pod: &PodInfo) -> bool {
    pod.traits.host_ports.is_empty()
}

/// Rejects a node where one of the pod's host ports is taken.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let taken = |port| node.used_ports().iter().any(|used| used.conflicts_with(port));
    if pod.traits.host_ports.iter().any(taken) { Err(Failure::NodePorts) } else { Ok(()) }
}
