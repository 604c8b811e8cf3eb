//! The running pod garbage collector: removes pods whose node object does not exist any more, and the oldest of too many
//! pods that have ended.

use super::ControllerSettings;
use crate::cluster::{Change, Cluster, Disruption, NodeId, PodId};
use crate::controllers::event::ControllerEvent;
use crate::controllers::pod_gc::{QUARANTINE_TIME, TerminatedPod, surplus_terminated};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};

/// The running pod garbage collector.
#[derive(Debug)]
pub struct PodGcController {
    period: SimDuration,
    /// Missing nodes, with the pass that found them missing.
    missing: Vec<(NodeId, SimTime)>,
    /// `--terminated-pod-gc-threshold`.
    threshold: i32,
    /// Pods that have ended and whose objects exist.
    terminated: Vec<PodId>,
    surplus_planned: bool,
}

impl PodGcController {
    /// A collector that has seen no node disappear.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            period: settings.pod_gc_period,
            missing: Vec::new(),
            threshold: settings.terminated_pod_gc_threshold,
            terminated: Vec::new(),
            surplus_planned: false,
        }
    }

    /// A node object was removed, or a pod ended: the next pass finds it.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        let pass = agenda.now().next_tick(SimTime::ZERO, self.period);
        match change {
            Change::NodeRemoved(node) => {
                self.missing.push((node, pass));
                let removal = (pass + QUARANTINE_TIME).next_tick(SimTime::ZERO, self.period);
                agenda.schedule(removal, ControllerEvent::CollectPods);
            }
            Change::PodEnded(pod) if cluster.pod(pod).exists() => {
                self.terminated.push(pod);
                let count = i32::try_from(self.terminated.len()).unwrap_or(i32::MAX);
                if self.threshold > 0 && count > self.threshold && !self.surplus_planned {
                    self.surplus_planned = true;
                    agenda.schedule(pass, ControllerEvent::CollectPods);
                }
            }
            Change::PodRemoved(pod) if cluster.pod(pod).phase.is_terminal() => {
                if let Some(index) = self.terminated.iter().position(|own| *own == pod) {
                    self.terminated.remove(index);
                }
            }
            _ => {}
        }
    }

    /// A pass: pods of nodes that have been missing for the quarantine are removed, whatever their grace period, and the
    /// oldest of too many pods that have ended.
    pub fn collect(&mut self, cluster: &mut Cluster, now: SimTime) {
        self.surplus_planned = false;
        let ended: Vec<TerminatedPod> = self
            .terminated
            .iter()
            .map(|pod| cluster.pod(*pod))
            .map(|pod| TerminatedPod { phase: pod.phase, is_evicted: false, created: pod.created })
            .collect();
        for index in surplus_terminated(&ended, self.threshold) {
            cluster.delete_pod(self.terminated[index], SimDuration::ZERO, Disruption::PodGarbageCollector, now);
        }
        self.missing.retain(|(node, found)| {
            if now < *found + QUARANTINE_TIME {
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
