//! Queueing hints: whether an event may make a pod schedulable that a certain plugin rejected.
//!
//! Which events a plugin registers for, and its `QueueingHintFn`, stand with the plugin.

use super::event::{ClusterEvent, EventKind, NodeChange};
use crate::scheduler::config::Profile;
use crate::scheduler::plugins::{PluginSet, TABLE};
use crate::scheduler::view::{Listers, PodInfo};

/// What hints may look at.
#[derive(Clone, Copy, Debug)]
pub struct HintContext<'a> {
    /// Other objects.
    pub listers: &'a Listers,
    /// All profiles; the one that the pod names is used.
    pub profiles: &'a [Profile],
}

/// By kind of event: the plugins whose hints are to be asked.
static LISTENERS: [PluginSet; EventKind::COUNT] = listeners();

const fn listeners() -> [PluginSet; EventKind::COUNT] {
    let mut sets = [PluginSet::EMPTY; EventKind::COUNT];
    let mut position = 0;
    while position < TABLE.len() {
        let descriptor = &TABLE[position];
        let listener = PluginSet::of(&[descriptor.plugin]);
        let mut event = 0;
        while event < descriptor.events.len() {
            let kind = descriptor.events[event];
            sets[kind.index()] = sets[kind.index()].union(listener);
            // Plugins that listen to new nodes hear of taints all the same, with a hint that always says Queue: before
            // 1.32 a taint could hide the arrival of a node.
            if matches!(kind, EventKind::NodeAdd) {
                let taint = EventKind::NodeUpdate(NodeChange::Taint).index();
                sets[taint] = sets[taint].union(listener);
            }
            event += 1;
        }
        position += 1;
    }
    sets
}

impl ClusterEvent {
    /// The plugins whose hints are to be asked about the event (`EventsToRegister`, kube-scheduler 1.36): pods that
    /// none of them rejected stay where they are. [`ClusterEvent::ForceActivate`] concerns every pod.
    #[must_use]
    pub fn listeners(&self) -> PluginSet {
        LISTENERS[self.kind().index()]
    }
}

/// Whether a hint of one of `rejectors` says that the event may make the pod schedulable.
#[must_use]
pub fn may_become_schedulable(
    context: &HintContext<'_>,
    rejectors: PluginSet,
    pod: &PodInfo,
    event: &ClusterEvent,
) -> bool {
    if matches!(event, ClusterEvent::ForceActivate) {
        return true;
    }
    let Some(profile) = context.profiles.iter().find(|profile| profile.scheduler_name == pod.spec().scheduler_name)
    else {
        return false;
    };
    let is_taint = matches!(event, ClusterEvent::NodeUpdate { change: NodeChange::Taint, .. });
    rejectors.intersection(event.listeners()).iter().any(|plugin| {
        let descriptor = plugin.descriptor();
        let hears_of_it_for_new_nodes = is_taint && !descriptor.registers(event.kind());
        hears_of_it_for_new_nodes || (descriptor.hint)(profile, context.listers, pod, event)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::framework::{PodChange, StorageEvent};
    use crate::scheduler::plugins::Plugin;
    use std::sync::Arc;

    #[test]
    fn plugins_hear_of_what_they_registered_for() {
        let node = || Arc::new(crate::api::Node::default());
        let update = |change| ClusterEvent::NodeUpdate { old: node(), new: node(), change };
        let cases = [
            (update(NodeChange::Annotation), &[][..], "nobody reads annotations"),
            (update(NodeChange::DeclaredFeatures), &["NodeDeclaredFeatures"], "one plugin"),
            (
                update(NodeChange::Label),
                &["NodeAffinity", "VolumeBinding", "VolumeZone", "PodTopologySpread", "InterPodAffinity"],
                "several plugins",
            ),
            (ClusterEvent::Storage(StorageEvent::CsiNodeChange), &["NodeVolumeLimits", "VolumeBinding"], "storage"),
        ];
        for (event, expected, why) in cases {
            let names: Vec<&str> = event.listeners().iter().map(Plugin::name).collect();
            assert_eq!(names, expected, "{why}");
        }
        assert_eq!(
            update(NodeChange::Taint).listeners(),
            ClusterEvent::NodeAdd(node()).listeners(),
            "whoever hears of new nodes hears of taints"
        );
    }

    #[test]
    fn kinds_are_numbered_without_gap() {
        use EventKind::{AssignedPodUpdate, NodeUpdate, PendingPodUpdate};
        let nodes = [
            NodeChange::Allocatable,
            NodeChange::Label,
            NodeChange::Taint,
            NodeChange::Annotation,
            NodeChange::DeclaredFeatures,
        ];
        let pods =
            [PodChange::Label, PodChange::ScaleDown, PodChange::SchedulingGatesEliminated, PodChange::Tolerations];
        let mut numbers: Vec<usize> = nodes.map(|change| NodeUpdate(change).index()).into();
        numbers.extend(pods.map(|change| AssignedPodUpdate(change).index()));
        numbers.extend(pods.map(|change| PendingPodUpdate(change).index()));
        assert_eq!(numbers, (13..EventKind::COUNT).collect::<Vec<usize>>());
    }
}
