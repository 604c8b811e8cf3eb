//! Attempts of pods that wait together: while a whole lane of them is known to find no node, they are counted, not made.
//!
//! Only where a cycle takes no time: otherwise each attempt has an instant of its own, at which the cluster may differ.

use super::decide::Answer;
use super::reject::is_unresolvable;
use super::{RateLimit, Scheduler};
use crate::api::Name;
use crate::cluster::{Cluster, FailedAttempts};
use crate::scheduler::framework::{Context, Decision, Diagnosis, Failures, post_filter};
use crate::scheduler::queue::{Likeness, SharedAttempts};
use crate::scheduler::view::PodInfo;
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// What an attempt of a pod would find.
enum Verdict {
    /// A node.
    Node,
    /// None, and no preemption would help.
    Nothing(Arc<Diagnosis>),
    /// Only an attempt can tell.
    Unknown,
}

impl<L: RateLimit> Scheduler<L> {
    fn may_share_attempts(&self) -> bool {
        self.timing.cycle == SimDuration::ZERO && self.index.is_some() && !self.kept_attempts.is_on()
    }

    /// Lets a pod that was rejected wait together with its like.
    pub(super) fn gather(&mut self, pod: &PodInfo, diagnosis: &Arc<Diagnosis>) {
        if !self.may_share_attempts() || !matches!(diagnosis.failures, Failures::Counted { resolvable: None, .. }) {
            return;
        }
        let profile = self.profile_named(&pod.spec().scheduler_name);
        let index = self.index.as_ref().zip(profile);
        if let Some(class) = index.and_then(|(index, profile)| index.class_number(pod, profile)) {
            let likeness = Likeness { class, policy: pod.spec().preemption_policy };
            self.queue.gather(pod.id, likeness, diagnosis);
        }
    }

    /// Counts the failing attempts that come next and need not be made. The next one, if there is any, does.
    pub(super) fn share_attempts(&mut self, now: SimTime) {
        // From then on labels tell pods apart.
        if self.index.as_ref().is_some_and(|index| index.is_about_to_see_labels(self.view.snapshot())) {
            self.queue.disperse_all();
        }
        while let Some(cohort) = self.queue.next_together() {
            if !self.queue.continues_series(cohort, now) {
                self.queue.disperse(cohort);
                return;
            }
            let lanes: Vec<_> = self.queue.lanes_of(cohort).map(|(lane, pod)| (lane, Arc::clone(pod))).collect();
            let mut verdicts = Vec::with_capacity(lanes.len());
            for (lane, pod) in &lanes {
                match self.verdict(pod) {
                    Verdict::Nothing(diagnosis) => verdicts.push((*lane, diagnosis)),
                    Verdict::Node => {}
                    Verdict::Unknown => {
                        self.queue.disperse(cohort);
                        return;
                    }
                }
            }
            self.queue.fail_together(cohort, &verdicts, now);
            if verdicts.len() < lanes.len() {
                return;
            }
        }
    }

    fn verdict(&mut self, pod: &Arc<PodInfo>) -> Verdict {
        let Some(profile) = self.profile_named(&pod.spec().scheduler_name) else { return Verdict::Unknown };
        // The attempt itself moves the start of the next search.
        let mut search = self.search;
        match self.ask_index(pod, profile, &mut search) {
            Some(Answer::Decided(Decision::Placed(_))) => Verdict::Node,
            Some(Answer::Decided(Decision::Unschedulable(diagnosis))) => Verdict::Nothing(diagnosis),
            _ => Verdict::Unknown,
        }
    }

    /// Writes what is known of the pods that left their cohorts.
    pub(super) fn write_shared_attempts(&mut self, cluster: &mut Cluster) {
        self.attempts += self.queue.take_shared_count();
        for SharedAttempts { pod, count, last, diagnosis } in self.queue.take_shared_attempts() {
            let message = self.message_without_preemption(&pod, &diagnosis);
            let unresolvable = is_unresolvable(&diagnosis);
            cluster.note_failed_attempts(pod.id, FailedAttempts { count, last, message, unresolvable });
        }
    }

    /// Writes what is known of all pods: for the end of a run.
    pub fn settle(&mut self, cluster: &mut Cluster) {
        self.queue.disperse_all();
        self.write_shared_attempts(cluster);
    }

    fn message_without_preemption(&mut self, pod: &PodInfo, diagnosis: &Arc<Diagnosis>) -> Name {
        if let Some(message) = self.failure_texts.get(diagnosis, pod, false) {
            return message;
        }
        let name = &pod.spec().scheduler_name;
        let Some(profile) = self.profiles.iter().find(|profile| profile.scheduler_name == *name) else {
            return Name::from("");
        };
        let context = Context::new(&self.view, profile);
        self.scratch.state.dynamic_resources_ran = true;
        let outcome = post_filter(&context, pod, diagnosis, &mut self.scratch.state, self.ties.current());
        let mut message = diagnosis.message(self.view.snapshot(), pod, profile.version);
        outcome.append_to(&mut message);
        let message = Name::from(message);
        self.failure_texts.insert(diagnosis, pod, false, message.clone());
        message
    }
}
