//! One attempt of the running scheduler: what it is decided from is kept if the pod is to be explained, and the index or the
//! framework decides.

use super::kept_attempts::{Attempt, FollowedPods};
use super::{RateLimit, Scheduler};
use crate::cluster::Cluster;
use crate::scheduler::framework::{Context, Decision, Diagnosis, Failures, SearchState, run_pre_filter, schedule};
use crate::scheduler::preemption::{Prospect, prospect};
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

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
    pub fn keep_attempts_of(&mut self, pods: FollowedPods) {
        self.kept_attempts.start(pods);
    }

    /// The last attempt of the pods whose attempts are kept.
    pub fn take_kept_attempt(&mut self) -> Option<Attempt> {
        self.kept_attempts.take()
    }

    /// Keeps what the attempt that begins will be decided from, if that is wanted of the pod.
    pub(super) fn note_attempt(&mut self, pod: &Arc<PodInfo>, profile: usize, cluster: &Cluster, now: SimTime) {
        let Some(found) = self.kept_attempts.wants(pod.id, cluster) else { return };
        self.note_starts(cluster);
        let mut view = self.view.clone();
        view.refresh();
        let attempt = Attempt {
            at: now,
            number: cluster.pod(pod.id).scheduling_attempts + 1,
            previous: None,
            pod: Arc::clone(pod),
            profile: self.profiles[profile].clone(),
            view,
            search: self.search,
            tie_break: self.ties.current(),
            preemption_tie_break: self.ties.current(),
            outcome: None,
        };
        self.kept_attempts.begin(found, attempt);
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
        let context = Context::new(&self.view, &self.profiles[profile]);
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
        if self.prescribed.is_empty() { decision } else { self.as_prescribed(decision, pod, profile) }
    }

    /// The diagnosis with the nodes where preemption may help; the plugins' state is made ready for it. `None` if only the
    /// framework can tell.
    fn with_resolvable(&mut self, pod: &Arc<PodInfo>, profile: usize, diagnosis: &Diagnosis) -> Option<Diagnosis> {
        let context = Context::new(&self.view, &self.profiles[profile]);
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
        index.sync(&mut self.view);
        let context = Context::new(&self.view, &self.profiles[profile]);
        Some(match index.schedule(&context, pod, profile, search, self.ties.current())? {
            Decision::Unschedulable(diagnosis) => match prospect(&context, pod, index.failure_on_nominated()) {
                Prospect::Nobody => Answer::Decided(Decision::Unschedulable(diagnosis)),
                Prospect::RoomIsMade => Answer::RoomIsMade(diagnosis),
                Prospect::Open => Answer::MayPreempt(diagnosis),
            },
            decision => Answer::Decided(decision),
        })
    }

    /// Shows the view which pods have started since it was last asked.
    pub(super) fn note_starts(&mut self, cluster: &Cluster) {
        let mut waiting = std::mem::take(&mut self.not_started);
        waiting.retain(|id| {
            if self.view.snapshot().pod(*id).is_none() {
                return false;
            }
            let start_time = cluster.pod(*id).start_time;
            if let Some(start) = start_time {
                self.view.note_start(*id, start);
            }
            start_time.is_none()
        });
        self.not_started = waiting;
    }
}
