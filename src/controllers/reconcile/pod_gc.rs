//! The running pod garbage collector: removes pods whose node object does not exist any more.

use super::ControllerSettings;
use crate::cluster::{Change, Cluster, Disruption, NodeId};
use crate::controllers::event::ControllerEvent;
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};

/// How long a node must be missing before its pods are removed (`quarantineTime` in `pkg/controller/podgc`, 1.36).
const QUARANTINE: SimDuration = SimDuration::from_secs(40);

/// The running pod garbage collector.
#[derive(Debug)]
pub struct PodGcController {
    period: SimDuration,
    /// Missing nodes, with the pass that found them missing.
    missing: Vec<(NodeId, SimTime)>,
}

impl PodGcController {
    /// A collector that has seen no node disappear.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self { period: settings.pod_gc_period, missing: Vec::new() }
    }

    /// A node object was removed: the next pass finds it missing.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, agenda: &mut A) {
        if let Change::NodeRemoved(node) = change {
            let found = agenda.now().next_tick(SimTime::ZERO, self.period);
            self.missing.push((node, found));
            let removal = (found + QUARANTINE).next_tick(SimTime::ZERO, self.period);
            agenda.schedule(removal, ControllerEvent::CollectPods);
        }
    }

    /// A pass: pods of nodes that have been missing for the quarantine are removed, whatever their grace period.
    pub fn collect(&mut self, cluster: &mut Cluster, now: SimTime) {
        self.missing.retain(|(node, found)| {
            if now < *found + QUARANTINE {
                return true;
            }
            for pod in cluster.node(*node).pods.clone() {
                cluster.delete_pod(pod, SimDuration::ZERO, Disruption::PodGarbageCollector, now);
                cluster.remove_pod(pod, now);
            }
            false
        });
    }
}
