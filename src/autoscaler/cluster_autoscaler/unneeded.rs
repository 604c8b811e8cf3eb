//! Nodes that are not needed, and since when (`scaledown/unneeded`).

use super::environment::{GroupId, NodeGroup, ObservedNode};
use super::quotas::Tracker;
use super::removal::{NodeToRemove, UnremovableReason};
use super::snapshot::Snapshot;
use crate::cluster::NodeId;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// Annotation: the node is never removed.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";

/// Whether a node's annotation forbids its removal.
pub fn is_disabled(node: &crate::api::Node) -> bool {
    node.meta.annotations.get(SCALE_DOWN_DISABLED).is_some_and(|value| &**value == "true")
}

/// An unneeded node.
#[derive(Clone, Debug)]
pub struct UnneededNode {
    /// The loop that found it first.
    pub since: SimTime,
    /// How long it must have been unneeded.
    pub threshold: SimDuration,
    /// What its removal means.
    pub removal: NodeToRemove,
}

/// The unneeded nodes.
#[derive(Debug, Default)]
pub struct UnneededNodes(BTreeMap<NodeId, UnneededNode>);

/// What limits removals besides time.
pub struct Limits<'a> {
    /// The groups.
    pub groups: &'a [NodeGroup],
    /// Deletions under way by group.
    pub deletions: &'a BTreeMap<GroupId, i64>,
    /// How far the cluster may shrink.
    pub tracker: Tracker,
}

/// The unneeded nodes that may go now, and why the others may not.
#[derive(Debug, Default)]
pub struct Removable {
    /// Without pods that must move.
    pub empty: Vec<NodeToRemove>,
    /// With such pods.
    pub need_drain: Vec<NodeToRemove>,
    /// The others.
    pub unremovable: Vec<(NodeId, UnremovableReason)>,
}

impl UnneededNodes {
    /// Takes the nodes that a loop found; those that were known keep their time.
    pub fn update(&mut self, found: Vec<(NodeToRemove, SimDuration)>, now: SimTime) {
        let known = std::mem::take(&mut self.0);
        let entries = found.into_iter().map(|(removal, threshold)| {
            let since = known.get(&removal.node).map_or(now, |known| known.since);
            (removal.node, UnneededNode { since, threshold, removal })
        });
        self.0 = entries.collect();
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// An unneeded node.
    pub fn get(&self, node: NodeId) -> Option<&UnneededNode> {
        self.0.get(&node)
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (NodeId, &UnneededNode)> {
        self.0.iter().map(|(node, unneeded)| (*node, unneeded))
    }

    /// Which of them may go now.
    pub fn removable(
        &self,
        nodes: &BTreeMap<NodeId, &ObservedNode>,
        snapshot: &Snapshot,
        mut limits: Limits<'_>,
        now: SimTime,
    ) -> Removable {
        let mut result = Removable::default();
        let mut sizes: Vec<i64> = limits.groups.iter().map(|group| group.target).collect();
        let (empty, need_drain): (Vec<_>, Vec<_>) =
            self.0.values().partition(|unneeded| unneeded.removal.moving.is_empty());
        for (list, unneeded) in
            empty.into_iter().map(|one| (true, one)).chain(need_drain.into_iter().map(|one| (false, one)))
        {
            let id = unneeded.removal.node;
            let Some(node) = nodes.get(&id) else { continue };
            match reason_to_keep(unneeded, node, snapshot, &mut limits, &mut sizes, now) {
                Some(reason) => result.unremovable.push((id, reason)),
                None if list => result.empty.push(unneeded.removal.clone()),
                None => result.need_drain.push(unneeded.removal.clone()),
            }
        }
        result
    }
}

fn reason_to_keep(
    unneeded: &UnneededNode,
    node: &ObservedNode,
    snapshot: &Snapshot,
    limits: &mut Limits<'_>,
    sizes: &mut [i64],
    now: SimTime,
) -> Option<UnremovableReason> {
    if is_disabled(&node.object) {
        return Some(UnremovableReason::ScaleDownDisabledAnnotation);
    }
    if unneeded.threshold > SimDuration::ZERO && unneeded.since + unneeded.threshold >= now {
        return Some(if node.ready {
            UnremovableReason::NotUnneededLongEnough
        } else {
            UnremovableReason::NotUnreadyLongEnough
        });
    }
    let id = node.group?;
    let (group, size) = (limits.groups.get(id.index())?, sizes.get_mut(id.index())?);
    if *size - limits.deletions.get(&id).copied().unwrap_or(0) <= group.min {
        return Some(UnremovableReason::NodeGroupMinSizeReached);
    }
    let object = snapshot.node(node.id).map_or(&*node.object, |info| info.node());
    if !limits.tracker.consume(id, object, 1) {
        return Some(UnremovableReason::MinimalResourceLimitExceeded);
    }
    *size -= 1;
    None
}
