//! NodePorts: host ports that are taken on the node.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::scheduler::framework::{ClusterEvent, EventKind, Failure, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter],
    events: &[EventKind::NodeAdd, EventKind::AssignedPodDelete],
    hint: |_, _, pod, event| frees_a_port(pod, event),
    filter_looks_at_pods: true,
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodePorts, "NodePorts")
};

/// A host port is taken.
static ERR_REASON: Reason = Reason::unschedulable(
    Plugin::NodePorts,
    Words::Fixed("node(s) didn't have free ports for the requested pod ports"),
);

/// Whether the pod asks for no host port.
pub fn skips(pod: &PodInfo) -> bool {
    pod.traits.host_ports.is_empty()
}

/// Rejects a node where one of the pod's host ports is taken.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let taken = |port| node.used_ports().iter().any(|used| used.conflicts_with(port));
    if pod.traits.host_ports.iter().any(taken) { Err(Failure::of(&ERR_REASON)) } else { Ok(()) }
}

/// A node came, or a pod went that had one of the pod's host ports.
fn frees_a_port(pod: &PodInfo, event: &ClusterEvent) -> bool {
    let ClusterEvent::AssignedPodDelete(gone) = event else { return true };
    let was_taken = |port| gone.traits.host_ports.iter().any(|used| used.conflicts_with(port));
    pod.traits.host_ports.iter().any(was_taken)
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{hint, node_named, pod};
    use super::*;
    use crate::api::{Container, ContainerPort, PodSpec};
    use std::sync::Arc;

    fn with_ports(ports: &[u16]) -> PodInfo {
        let port = |port: &u16| ContainerPort { host_port: *port, ..ContainerPort::default() };
        let container = Container { ports: ports.iter().map(port).collect(), ..Container::default() };
        pod(PodSpec { containers: vec![container], ..PodSpec::default() })
    }

    #[test]
    fn a_host_port_is_taken_once() {
        let cases = [
            (&[][..], &[80][..], true, "asks for none"),
            (&[80], &[], true, "nobody has one"),
            (&[80], &[81, 82], true, "others are taken"),
            (&[80, 443], &[443], false, "one of two is taken"),
        ];
        for (asked, taken, fits, why) in cases {
            let mut node = node_named("a");
            node.add_pod(Arc::new(with_ports(taken)));
            let expected = if fits { Ok(()) } else { Err(Failure::of(&ERR_REASON)) };
            assert_eq!(filter(&with_ports(asked), &node), expected, "{why}");
            let gone = ClusterEvent::AssignedPodDelete(Arc::new(with_ports(taken)));
            assert_eq!(hint(Plugin::NodePorts, &with_ports(asked), &gone), !fits, "its end helps: {why}");
        }
        assert!(skips(&with_ports(&[])) && !skips(&with_ports(&[80])));
    }
}
