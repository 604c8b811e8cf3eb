//! NodeResourcesFit: whether the requests fit, and the three scoring strategies.

mod filter;
mod score;

pub use filter::{filter, shortage};
pub use score::{allocation_score, score};

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::Node;
use crate::scheduler::framework::{ClusterEvent, EventKind, NodeChange, PodChange};
use crate::scheduler::view::{PodInfo, Resources};
use crate::units::{Bytes, MilliCpu};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 1,
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Allocatable),
        EventKind::AssignedPodUpdate(PodChange::ScaleDown),
        EventKind::AssignedPodDelete,
        EventKind::PendingPodUpdate(PodChange::ScaleDown),
    ],
    hint: |_, _, pod, event| may_fit_now(pod, event),
    filter_looks_at_pods: true,
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodeResourcesFit, "NodeResourcesFit")
};

/// A node offers what it did not, a pod went or takes less of what is needed, or the pod itself needs less.
fn may_fit_now(pod: &PodInfo, event: &ClusterEvent) -> bool {
    match event {
        ClusterEvent::NodeAdd(node) => fits_empty(pod, node),
        ClusterEvent::NodeUpdate { old, new, .. } => fits_empty(pod, new) && offers_more(pod, old, new),
        ClusterEvent::AssignedPodUpdate { old, new, .. } => {
            is_more_of_what_is_needed(&pod.requests().requests, &old.placed().requests, &new.placed().requests)
        }
        ClusterEvent::PendingPodUpdate { new, .. } => new.id == pod.id,
        _ => true,
    }
}

/// Whether the pod would fit the node if it were empty.
fn fits_empty(pod: &PodInfo, node: &Node) -> bool {
    let offered = Resources::from_list(&node.allocatable);
    let pods = node.allocatable.pods.unwrap_or(0);
    shortage(&[], &[], &pod.requests().requests, &offered, &Resources::default(), pods).is_empty()
}

/// Whether the node takes more pods than before, or has more of what the pod needs.
fn offers_more(pod: &PodInfo, old: &Node, new: &Node) -> bool {
    let pods = |node: &Node| node.allocatable.pods.unwrap_or(0);
    let offered = |node: &Node| Resources::from_list(&node.allocatable);
    pods(new) > pods(old) || is_more_of_what_is_needed(&pod.requests().requests, &offered(new), &offered(old))
}

/// Whether some resource that is needed is larger in `larger` than in `smaller`.
fn is_more_of_what_is_needed(needed: &Resources, larger: &Resources, smaller: &Resources) -> bool {
    let grew = |name: &str| larger.scalar(name).unwrap_or(0) > smaller.scalar(name).unwrap_or(0);
    (needed.cpu > MilliCpu::ZERO && larger.cpu > smaller.cpu)
        || (needed.memory > Bytes::ZERO && larger.memory > smaller.memory)
        || (needed.ephemeral_storage > Bytes::ZERO && larger.ephemeral_storage > smaller.ephemeral_storage)
        || needed.scalar.iter().any(|(name, amount)| *amount > 0 && grew(name))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{hint, pod};
    use super::*;
    use crate::api::{Container, PodSpec, ResourceList};
    use std::sync::Arc;

    #[test]
    fn nodes_that_help_and_nodes_that_do_not() {
        let list = |cpu, pods| ResourceList { cpu: Some(MilliCpu::new(cpu)), pods, ..ResourceList::default() };
        let node = |cpu, pods| Arc::new(Node { allocatable: list(cpu, Some(pods)), ..Node::default() });
        let containers = vec![Container { requests: list(500, None), ..Container::default() }];
        let small = pod(PodSpec { containers, ..PodSpec::default() });
        let update = |old, new, change| ClusterEvent::NodeUpdate { old, new, change };
        let cases = [
            (ClusterEvent::NodeAdd(node(1000, 10)), true, "fits when empty"),
            (ClusterEvent::NodeAdd(node(400, 10)), false, "too small"),
            (update(node(600, 10), node(600, 11), NodeChange::Allocatable), true, "more pods are allowed"),
            (update(node(600, 10), node(550, 10), NodeChange::Allocatable), false, "nothing grew"),
            (update(node(400, 10), node(600, 10), NodeChange::Allocatable), true, "what is needed grew"),
            (update(node(100, 10), node(100, 10), NodeChange::Taint), true, "taint changes always re-queue"),
            (update(node(600, 10), node(600, 11), NodeChange::Label), false, "labels are of no concern"),
            (ClusterEvent::NodeDelete(node(1, 1)), false, "nobody fits a lost node"),
        ];
        for (event, expected, why) in cases {
            assert_eq!(hint(Plugin::NodeResourcesFit, &small, &event), expected, "{why}");
        }
    }
}
