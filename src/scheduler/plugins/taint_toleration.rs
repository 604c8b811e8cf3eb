//! TaintToleration: nodes whose taints the pod does not tolerate are rejected, or score less.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::{KubernetesVersion, Node, Taint, TaintEffect, Toleration};
use crate::scheduler::framework::{ClusterEvent, EventKind, Failure, NodeChange, PodChange, Reason, Rejected, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 3,
    points: |_| &[ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Taint),
        EventKind::PendingPodUpdate(PodChange::Tolerations),
    ],
    hint: |_, _, pod, event| is_tolerated_only_now(pod, event),
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::TaintToleration, "TaintToleration")
};

/// A taint is not tolerated; the detail is its position in the node's list.
static ERR_REASON_NOT_MATCH: Reason = Reason::unresolvable(
    Plugin::TaintToleration,
    Words::Made { write: name_taint, differ_by_node: KubernetesVersion::taint_reason_names_taint },
);

fn name_taint(rejected: &Rejected<'_>, each: &mut dyn FnMut(&str)) {
    let position = usize::try_from(rejected.detail).unwrap_or(usize::MAX);
    match rejected.node.node().taints.get(position) {
        Some(taint) if rejected.version.taint_reason_names_taint() => {
            each(&format!("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value));
        }
        _ => each("node(s) had untolerated taint(s)"),
    }
}

fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// The position of the first taint with effect NoSchedule or NoExecute that no toleration matches.
pub fn first_untolerated(tolerations: &[Toleration], taints: &[Taint]) -> Option<usize> {
    taints.iter().position(|taint| taint.effect != TaintEffect::PreferNoSchedule && !tolerates(tolerations, taint))
}

/// Rejects a node with a taint that keeps the pod away.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    match first_untolerated(&pod.spec().tolerations, &node.node().taints) {
        Some(position) => Err(Failure::with_detail(&ERR_REASON_NOT_MATCH, position as u64)),
        None => Ok(()),
    }
}

/// How many PreferNoSchedule taints no toleration for that effect matches; fewer is better.
pub fn score(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let prefers =
        |toleration: &&Toleration| toleration.effect.is_none_or(|effect| effect == TaintEffect::PreferNoSchedule);
    let intolerable = |taint: &&Taint| {
        taint.effect == TaintEffect::PreferNoSchedule
            && !pod.spec().tolerations.iter().filter(prefers).any(|toleration| toleration.tolerates(taint))
    };
    i64::try_from(node.node().taints.iter().filter(intolerable).count()).unwrap_or(i64::MAX)
}

/// A node is tolerated and was not before (a new node counts as not tolerated before), or the pod's tolerations changed.
fn is_tolerated_only_now(pod: &PodInfo, event: &ClusterEvent) -> bool {
    let is_untolerated = |node: &Node| first_untolerated(&pod.spec().tolerations, &node.taints).is_some();
    match event {
        ClusterEvent::NodeAdd(node) => !is_untolerated(node),
        ClusterEvent::NodeUpdate { old, new, .. } => is_untolerated(old) && !is_untolerated(new),
        ClusterEvent::PendingPodUpdate { new, .. } => new.id == pod.id,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{hint, node_of, pod};
    use super::*;
    use crate::api::PodSpec;
    use crate::cluster::PodId;
    use std::sync::Arc;

    #[test]
    fn the_first_hard_taint_without_toleration_is_found() {
        let taint = |key: &str, effect| Taint { key: key.into(), value: "".into(), effect, time_added: None };
        let taints = [
            taint("soft", TaintEffect::PreferNoSchedule),
            taint("a", TaintEffect::NoSchedule),
            taint("b", TaintEffect::NoExecute),
        ];
        let tolerate = |key: &str| Toleration { key: key.into(), ..Toleration::default() };
        let cases = [
            (vec![], Some(1), "a soft taint rejects nothing"),
            (vec![tolerate("a")], Some(2), "the next one"),
            (vec![tolerate("a"), tolerate("b")], None, "all tolerated"),
        ];
        for (tolerations, expected, why) in cases {
            assert_eq!(first_untolerated(&tolerations, &taints), expected, "{why}");
        }
    }

    #[test]
    fn events_that_end_a_rejection() {
        let node = |taint: bool| {
            let taint = taint.then(|| Taint {
                key: "t".into(),
                value: "".into(),
                effect: TaintEffect::NoSchedule,
                time_added: None,
            });
            Arc::new(Node { taints: taint.into_iter().collect(), ..Node::default() })
        };
        let intolerant = pod(PodSpec::default());
        let tolerations = |index| {
            let tolerant = pod(PodSpec { tolerations: vec![Toleration::default()], ..PodSpec::default() });
            let new = Arc::new(PodInfo { id: PodId::from_index(index), ..tolerant });
            ClusterEvent::PendingPodUpdate { old: Arc::new(intolerant.clone()), new, change: PodChange::Tolerations }
        };
        let update = |old, new| ClusterEvent::NodeUpdate { old, new, change: NodeChange::Taint };
        let cases = [
            (ClusterEvent::NodeAdd(node(true)), false, "a new node is not tolerated"),
            (ClusterEvent::NodeAdd(node(false)), true, "a new node without taint"),
            (update(node(true), node(false)), true, "the taint went"),
            (update(node(false), node(false)), false, "was tolerated before"),
            (tolerations(0), true, "the pod has new tolerations"),
            (tolerations(1), false, "another pod has"),
        ];
        for (event, expected, why) in cases {
            assert_eq!(hint(Plugin::TaintToleration, &intolerant, &event), expected, "{why}");
        }
    }

    #[test]
    fn the_taint_is_named_by_1_34() {
        let taint = Taint { key: "k".into(), value: "v".into(), effect: TaintEffect::NoSchedule, time_added: None };
        let node = node_of(Node { taints: vec![taint], ..Node::default() });
        let pod = pod(PodSpec::default());
        let failure = filter(&pod, &node).expect_err("the taint is not tolerated");
        let cases = [
            (KubernetesVersion::V1_34, "node(s) had untolerated taint {k: v}"),
            (KubernetesVersion::V1_36, "node(s) had untolerated taint(s)"),
        ];
        for (version, expected) in cases {
            failure.for_each_reason(&pod, &node, version, &mut |text| assert_eq!(text, expected));
            assert_eq!(failure.words_differ_by_node(version), version.taint_reason_names_taint());
        }
    }
}
