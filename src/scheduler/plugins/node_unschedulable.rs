//! NodeUnschedulable: cordoned nodes take only pods that tolerate it.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::{Name, PodSpec, Taint, TaintEffect, well_known};
use crate::scheduler::framework::{ClusterEvent, EventKind, Failure, NodeChange, PodChange, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::Filter],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Taint),
        EventKind::PendingPodUpdate(PodChange::Tolerations),
    ],
    hint: |_, _, pod, event| is_open_to(pod, event),
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodeUnschedulable, "NodeUnschedulable")
};

/// The node is cordoned.
static ERR_REASON_UNSCHEDULABLE: Reason =
    Reason::unresolvable(Plugin::NodeUnschedulable, Words::Fixed("node(s) were unschedulable"));

/// Whether the pod tolerates the taint that a cordon stands for. The node's real taints play no part.
pub fn tolerates_cordon(spec: &PodSpec) -> bool {
    if spec.tolerations.is_empty() {
        return false;
    }
    let taint = Taint {
        key: Name::from(well_known::TAINT_UNSCHEDULABLE),
        value: Name::from(""),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    };
    spec.tolerations.iter().any(|toleration| toleration.tolerates(&taint))
}

/// Rejects a cordoned node.
pub fn filter(spec: &PodSpec, node: &NodeInfo) -> Result<(), Failure> {
    if node.node().unschedulable && !tolerates_cordon(spec) {
        Err(Failure::of(&ERR_REASON_UNSCHEDULABLE))
    } else {
        Ok(())
    }
}

/// A node without cordon came, a cordon ended, or the pod has come to tolerate it.
fn is_open_to(pod: &PodInfo, event: &ClusterEvent) -> bool {
    match event {
        ClusterEvent::NodeAdd(node) | ClusterEvent::NodeUpdate { new: node, .. } => !node.unschedulable,
        ClusterEvent::PendingPodUpdate { new, .. } => new.id == pod.id && tolerates_cordon(new.spec()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Toleration, TolerationOperator};

    #[test]
    fn a_cordon_is_tolerated_by_key_and_effect() {
        let toleration = |key: &str, value: &str, operator| Toleration {
            key: key.into(),
            value: value.into(),
            operator,
            ..Toleration::default()
        };
        use TolerationOperator::{Equal, Exists};
        let cases = [
            (vec![], false, "no toleration"),
            (vec![toleration(well_known::TAINT_UNSCHEDULABLE, "", Exists)], true, "by key"),
            (vec![toleration("", "", Exists)], true, "everything"),
            (vec![toleration(well_known::TAINT_UNSCHEDULABLE, "x", Equal)], false, "the taint's value is empty"),
            (vec![toleration("other", "", Exists)], false, "another key"),
        ];
        for (tolerations, expected, why) in cases {
            assert_eq!(tolerates_cordon(&PodSpec { tolerations, ..PodSpec::default() }), expected, "{why}");
        }
    }
}
