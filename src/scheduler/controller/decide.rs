//! One attempt of the running scheduler: its inputs are kept if the pod is watched, and it is decided by the index or the
//! framework.

use super::watch::{Attempt, WatchedPods};
use super::{RateLimit, Scheduler};
use crate::cluster::Cluster;
use crate::engine::RandomStream;
use crate::scheduler::framework::{
    Context, Decision, Diagnosis, Failures, SearchState, TieBreak, run_pre_filter, schedule,
};
use crate::scheduler::preemption::{Prospect, prospect};
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use rand::Rng;
use std::sync::Arc;

/// The draws that break ties. A draw stays current until a choice was made by it: an attempt that fails uses none up, so that
/// the choices do not depend on how often a pod that finds no node is tried.
#[derive(Debug)]
pub(super) struct TieDraws {
    stream: RandomStream,
    current: u64,
}

impl TieDraws {
    pub(super) fn new(mut stream: RandomStream) -> Self {
        let current = stream.next_u64();
        Self { stream, current }
    }

    pub(super) const fn current(&self) -> TieBreak {
        TieBreak::Random(self.current)
    }

    /// A choice was made by the current draw.
    pub(super) fn advance(&mut self) {
        self.current = self.stream.next_u64();
    }
}

/// What the index says of a pod.
pub(super) enum Answer {
    /// The decision; nobody is preempted.
    Decided(Decision),
    /// No node is feasible; victims are still leaving the one that the pod is nominated to.
    RoomIsMade(Arc<Diagnosis>),
    /// No node is feasible, and preemption is to be tried.
    MayPreempt(Arc<Diagnosis>),
}

impl<L: RateLimit> Scheduler<L> {
    /// Keeps the last attempt of these pods from now on.
    pub fn watch(&mut self, pods: WatchedPods) {
        self.watch.start(pods);
    }

    /// The last attempt of the watched pods.
    pub fn take_watched_attempt(&mut self) -> Option<Attempt> {
        self.watch.take()
    }

    /// Keeps what the attempt that begins will be decided from, if the pod is watched.
    pub(super) fn note_attempt(&mut self, pod: &Arc<PodInfo>, profile: usize, cluster: &Cluster, now: SimTime) {
        let Some(found) = self.watch.wants(pod.id, cluster) else { return };
        self.note_starts(cluster);
        let mut snapshot = self.snapshot.clone();
        snapshot.refresh();
        let attempt = Attempt {
            at: now,
            number: cluster.pod(pod.id).scheduling_attempts + 1,
            previous: None,
            pod: Arc::clone(pod),
            profile: self.profiles[profile].clone(),
            snapshot,
            listers: self.listers.clone(),
            nominator: self.nominator.clone(),
            search: self.search,
            tie_break: self.ties.current(),
            preemption_tie_break: self.ties.current(),
            outcome: None,
        };
        self.watch.begin(found, attempt);
    }

    /// Decides where a pod is to be placed.
    pub(super) fn decide(&mut self, pod: &Arc<PodInfo>, profile: usize) -> Decision {
        let mut search = self.search;
        let answer = self.ask_index(pod, profile, &mut search).and_then(|answer| match answer {
            Answer::Decided(decision) => Some((decision, false)),
            Answer::RoomIsMade(diagnosis) => Some((Decision::Unschedulable(diagnosis), true)),
            Answer::MayPreempt(diagnosis) => {
                let diagnosis = self.with_resolvable(pod, profile, &diagnosis)?;
                Some((Decision::Unschedulable(Arc::new(diagnosis)), false))
            }
        });
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profiles[profile],
        };
        let decision = match answer {
            Some((decision, room_is_made)) => {
                self.room_is_made = room_is_made;
                self.scratch.state.dynamic_resources_ran = true;
                decision
            }
            None => {
                self.framework_attempts += 1;
                self.room_is_made = false;
                schedule(&context, pod, &mut search, self.ties.current(), &mut self.scratch)
            }
        };
        self.search = search;
        decision
    }

    /// The diagnosis with the nodes where preemption may help; the plugins' state is made ready for it. `None` if only the
    /// framework can tell.
    fn with_resolvable(&mut self, pod: &Arc<PodInfo>, profile: usize, diagnosis: &Diagnosis) -> Option<Diagnosis> {
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profiles[profile],
        };
        let found = self.index.as_mut()?.resolvable(&context, pod, profile, self.search)?;
        let result = run_pre_filter(&context, pod, &mut self.scratch.state);
        if result.rejection.is_some() || result.nodes.is_some() {
            return None;
        }
        let mut diagnosis = diagnosis.clone();
        if let Failures::Counted { resolvable, .. } = &mut diagnosis.failures {
            *resolvable = Some(found);
        }
        Some(diagnosis)
    }

    /// What the index says of a pod; `None` where the framework is needed, because the index cannot tell.
    pub(super) fn ask_index(&mut self, pod: &Arc<PodInfo>, profile: usize, search: &mut SearchState) -> Option<Answer> {
        let index = self.index.as_mut()?;
        index.sync(&mut self.snapshot, &mut self.nominator);
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profiles[profile],
        };
        Some(match index.schedule(&context, pod, profile, search, self.ties.current())? {
            Decision::Unschedulable(diagnosis) => match prospect(&context, pod, index.failure_on_nominated()) {
                Prospect::Nobody => Answer::Decided(Decision::Unschedulable(diagnosis)),
                Prospect::RoomIsMade => Answer::RoomIsMade(diagnosis),
                Prospect::Open => Answer::MayPreempt(diagnosis),
            },
            decision => Answer::Decided(decision),
        })
    }

    /// Shows the snapshot which pods have started since it was last asked.
    pub(super) fn note_starts(&mut self, cluster: &Cluster) {
        let mut waiting = std::mem::take(&mut self.not_started);
        waiting.retain(|id| {
            if self.snapshot.pod(*id).is_none() {
                return false;
            }
            let start_time = cluster.pod(*id).start_time;
            if let Some(start) = start_time {
                self.snapshot.note_start(*id, start);
            }
            start_time.is_none()
        });
        self.not_started = waiting;
    }
}
