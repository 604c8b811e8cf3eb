//! How many pods a Job has to have (`manageJob`).

use super::backoff::remaining;
use super::removal::pods_to_remove;
use super::{Context, Input, MAX_POD_CREATE_DELETE_PER_SYNC, Plan, PodCalls, all_failures, count};
use crate::api::{CompletionIndexes, PodFailurePolicyAction};
use crate::cluster::{JobPod, PodId};
use crate::units::SimDuration;
use std::collections::BTreeSet;

impl Context<'_> {
    /// Decides on the pods of a Job that goes on.
    pub(super) fn manage(&mut self, plan: &mut Plan) {
        let Input { spec, .. } = self.input;
        let indexed = spec.indexed_completions();
        if spec.suspend {
            let pods = pods_to_remove(&self.active, self.active.len(), indexed);
            self.delete(pods, plan);
            return;
        }
        let active = self.counts.active;
        let wanted = match spec.completions {
            None if self.succeeded > 0 => active,
            None => spec.parallelism,
            Some(completions) => (completions - self.succeeded).min(spec.parallelism).max(0),
        };
        let surplus = usize::try_from(active - wanted).unwrap_or(0);
        let mut surplus = pods_to_remove(&self.active, surplus, indexed);
        surplus.truncate(usize::try_from(MAX_POD_CREATE_DELETE_PER_SYNC).unwrap_or(0));
        if !surplus.is_empty() {
            self.delete(surplus, plan);
            return;
        }
        let terminating = if spec.replaces_only_failed() { self.counts.terminating } else { 0 };
        let missing = wanted - terminating - active;
        if missing > 0 {
            self.create(missing.min(MAX_POD_CREATE_DELETE_PER_SYNC), plan);
        }
    }

    /// Deletes active pods, which do not count.
    fn delete(&mut self, pods: Vec<PodId>, plan: &mut Plan) {
        let ready = self.active.iter().filter(|pod| pod.is_ready && pods.contains(&pod.id)).count();
        self.counts.active -= count(pods.len());
        self.counts.ready -= count(ready);
        self.counts.terminating += count(pods.len());
        if !pods.is_empty() {
            plan.calls = PodCalls::Delete { pods, uncounted: true };
        }
    }

    /// Creates missing pods, unless they have to wait because pods have failed.
    fn create(&mut self, missing: i32, plan: &mut Plan) {
        let Input { spec, rules, now, .. } = self.input;
        let missing = usize::try_from(missing).unwrap_or(0);
        let mut wait = SimDuration::ZERO;
        if self.failed_indexes.is_none() {
            wait = self.backoff.remaining(now);
        }
        let mut pods = Vec::new();
        if wait == SimDuration::ZERO {
            match spec.indexed_completions() {
                None => pods.resize(missing, JobPod { is_tracked: true, ..JobPod::default() }),
                Some(completions) => (pods, wait) = self.pods_of_indexes(missing, completions),
            }
        }
        if wait > SimDuration::ZERO {
            plan.back_off = Some(wait);
            if !rules.counts_active_in_back_off {
                self.counts.active = 0;
            }
            return;
        }
        self.counts.active += count(pods.len());
        if !pods.is_empty() {
            plan.calls = PodCalls::Create(pods);
        }
    }

    /// The next pods of an Indexed Job, or how long they have to wait.
    fn pods_of_indexes(&self, missing: usize, completions: i32) -> (Vec<JobPod>, SimDuration) {
        let Input { spec, pods, now, .. } = self.input;
        let mut taken: BTreeSet<i32> = self.active.iter().filter_map(|pod| pod.job.index).collect();
        if spec.replaces_only_failed() {
            let terminating = pods.iter().filter(|pod| pod.is_deleting && !pod.phase.is_terminal());
            taken.extend(terminating.filter_map(|pod| pod.job.index));
        }
        let failed = self.failed_indexes.clone().unwrap_or_default();
        let taken = self.succeeded_indexes.union(&CompletionIndexes::from(&taken)).union(&failed);
        let (mut next, mut shortest): (Vec<JobPod>, Option<SimDuration>) = (Vec::new(), None);
        for index in taken.first_missing(missing, completions) {
            let replaced = self.delayed.get(&index);
            let wait = replaced.map_or(SimDuration::ZERO, |pod| {
                remaining(u32::try_from(all_failures(pod)).unwrap_or(0).saturating_add(1), pod.finished, now)
            });
            if wait > SimDuration::ZERO {
                shortest = Some(shortest.map_or(wait, |shortest| shortest.min(wait)));
                continue;
            }
            next.push(self.pod_of_index(index));
        }
        let wait = if next.is_empty() { shortest.unwrap_or(SimDuration::ZERO) } else { SimDuration::ZERO };
        (next, wait)
    }

    /// The next pod of an index, with the failures before it (`addIndexFailureCountAnnotation`).
    fn pod_of_index(&self, index: i32) -> JobPod {
        let mut next = JobPod { index: Some(index), is_tracked: true, ..JobPod::default() };
        if let Some(replaced) = self.delayed.get(&index) {
            let is_ignored = self.policy(replaced).is_some_and(|found| found.action == PodFailurePolicyAction::Ignore);
            next.index_failures = replaced.job.index_failures.saturating_add(i32::from(!is_ignored));
            next.index_ignored_failures = replaced.job.index_ignored_failures.saturating_add(i32::from(is_ignored));
        }
        next
    }
}
