//! The running pod garbage collector: removes pods whose node object does not exist any more, and the oldest of too many
//! pods that have ended.

use crate::api::PodPhase;
use crate::cluster::{Change, ChangeKind, Cluster, Disruption, Interest, NodeId, PodId};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::pod_gc::{TerminatedPod, orphan_collection_time, surplus_terminated};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use rustc_hash::FxHashSet;

/// The running pod garbage collector.
#[derive(Debug)]
pub struct PodGcController {
    period: SimDuration,
    /// When the first pass is.
    phase: SimTime,
    /// Missing nodes, with the pass that collects their pods.
    missing: Vec<(NodeId, SimTime)>,
    /// `--terminated-pod-gc-threshold`.
    threshold: i32,
    /// Pods that have ended, in that order, and what a pass looks at.
    terminated: Vec<(PodId, TerminatedPod)>,
    /// Those of them whose objects exist; only looked up, never iterated.
    existing: FxHashSet<PodId>,
    /// Whether somebody else removed one of them.
    some_are_gone: bool,
    surplus_planned: bool,
    /// Pods without a node that are being deleted, whose objects their Jobs keep.
    unscheduled: Vec<PodId>,
}

impl PodGcController {
    /// A collector that has seen no node disappear.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            period: settings.pod_gc_period,
            phase: SimTime::ZERO + settings.streams.phase("phase/pod-gc", settings.pod_gc_period),
            missing: Vec::new(),
            threshold: settings.terminated_pod_gc_threshold,
            terminated: Vec::new(),
            existing: FxHashSet::default(),
            some_are_gone: false,
            surplus_planned: false,
            unscheduled: Vec::new(),
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest =
        Interest::of(&[ChangeKind::NodeRemoved, ChangeKind::PodEnded, ChangeKind::PodRemoved]);

    /// A node object was removed, or a pod ended: the next pass finds it.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::NodeRemoved(node) => {
                let collection = orphan_collection_time(agenda.now(), self.phase, self.period);
                self.missing.push((node, collection));
                agenda.schedule(collection, ControllerEvent::CollectPods);
            }
            Change::PodTerminating(pod) if cluster.pod(pod).exists() && cluster.pod(pod).node.is_none() => {
                self.unscheduled.push(pod);
                agenda.schedule(agenda.now().next_tick(self.phase, self.period), ControllerEvent::CollectPods);
            }
            Change::PodEnded(pod) if self.threshold > 0 && cluster.pod(pod).exists() => {
                let state = cluster.pod(pod);
                let ended = TerminatedPod { phase: state.phase, is_evicted: false, created: state.head.created };
                self.terminated.push((pod, ended));
                self.existing.insert(pod);
                let count = i32::try_from(self.existing.len()).unwrap_or(i32::MAX);
                if count > self.threshold && !self.surplus_planned {
                    let next_pass = agenda.now().next_tick(self.phase, self.period);
                    agenda.schedule(next_pass, ControllerEvent::CollectPods);
                    self.surplus_planned = true;
                }
            }
            Change::PodRemoved(pod) if cluster.pod(pod).phase.is_terminal() => {
                self.some_are_gone |= self.existing.remove(&pod);
            }
            _ => {}
        }
    }

    /// A pass: pods of nodes that have been missing for the quarantine are removed, whatever their grace period, and the
    /// oldest of too many pods that have ended.
    pub fn collect(&mut self, cluster: &mut Cluster, now: SimTime) {
        self.surplus_planned = false;
        for pod in std::mem::take(&mut self.unscheduled) {
            // Nobody else would end it (`gcUnscheduledTerminating`).
            cluster.end_pod(pod, PodPhase::Failed, "", now);
        }
        if std::mem::take(&mut self.some_are_gone) {
            self.terminated.retain(|(pod, _)| self.existing.contains(pod));
        }
        let ended: Vec<TerminatedPod> = self.terminated.iter().map(|(_, ended)| *ended).collect();
        let mut surplus = surplus_terminated(&ended, self.threshold);
        for (pod, _) in surplus.iter().filter_map(|index| self.terminated.get(*index)) {
            self.existing.remove(pod);
            cluster.delete_pod(*pod, SimDuration::ZERO, Disruption::PodGarbageCollector, now);
        }
        surplus.sort_unstable();
        let mut deleted = surplus.into_iter().peekable();
        let mut index = 0_usize..;
        self.terminated.retain(|_| deleted.next_if_eq(&index.next().unwrap_or(usize::MAX)).is_none());
        self.missing.retain(|(node, collection)| {
            if now < *collection {
                return true;
            }
            for pod in cluster.node(*node).pods.clone() {
                if cluster.pod(pod).job.is_some() {
                    // Its Job sees the object until it has counted it.
                    cluster.end_pod(pod, PodPhase::Failed, "", now);
                }
                cluster.delete_pod(pod, SimDuration::ZERO, Disruption::PodGarbageCollector, now);
                cluster.remove_pod(pod, now);
            }
            false
        });
    }
}
