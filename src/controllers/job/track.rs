//! Which ended pods are counted, and when the Job has finished (`trackJobStatusAndRemoveFinalizers`).

use super::{Context, Input, MAX_UNCOUNTED_PODS, Plan, PodView, condition, set_condition};
use crate::api::{CompletionIndexes, JobSpec, PodPhase};
use crate::cluster::{JobCondition, JobConditionType, JobStatus, PodId, Severity};
use crate::units::SimTime;
use std::collections::BTreeSet;

impl Context<'_> {
    /// Puts the pods that have ended into the status, and says which finalizers go when it is written.
    pub(super) fn track(&self, finished: Option<JobCondition>, plan: &mut Plan) {
        let Input { spec, pods, now, .. } = self.input;
        let is_indexed = spec.indexed_completions().is_some();
        let mut ordered: Vec<&PodView> = pods.iter().filter(|pod| pod.job.is_tracked).collect();
        if is_indexed {
            ordered.sort_by_key(|pod| pod.job.index);
        }
        let is_failure = |found: &JobCondition| found.kind != JobConditionType::SuccessCriteriaMet;
        let fails = finished.as_ref().is_some_and(is_failure);
        let mut new_indexes = BTreeSet::new();
        let mut is_full = false;
        let status = &mut plan.status;
        for pod in ordered {
            let has_failed = self.is_failed(pod);
            let is_delayed =
                pod.job.index.and_then(|index| self.delayed.get(&index)).is_some_and(|kept| kept.id == pod.id);
            let counts = finished.is_some() || pod.phase == PodPhase::Succeeded || has_failed && !is_delayed;
            if !counts {
                continue;
            }
            plan.to_count.push(pod.id);
            let was_failure = status.uncounted_failed.contains(&pod.id);
            if pod.phase == PodPhase::Succeeded && !was_failure {
                if is_indexed {
                    let index = pod.job.index.filter(|index| !self.succeeded_before.contains(*index));
                    new_indexes.extend(index.filter(|_| self.has_index(pod)));
                } else if !status.uncounted_succeeded.contains(&pod.id) {
                    status.uncounted_succeeded.push(pod.id);
                }
            } else if (has_failed || fails) && !was_failure && self.has_index(pod) && self.counts_as_failure(pod) {
                status.uncounted_failed.push(pod.id);
            }
            if new_indexes.len() + status.uncounted_succeeded.len() + status.uncounted_failed.len()
                >= MAX_UNCOUNTED_PODS
            {
                is_full = true;
                break;
            }
        }
        if is_indexed {
            status.completed_indexes = self.succeeded_indexes.union(&CompletionIndexes::from(&new_indexes));
            status.succeeded = status.completed_indexes.total();
            status.failed_indexes.clone_from(&self.failed_indexes);
        }
        plan.terminal = finished.map(|met| {
            let terminal = match met.kind {
                JobConditionType::SuccessCriteriaMet => JobConditionType::Complete,
                _ => JobConditionType::Failed,
            };
            if met.kind != JobConditionType::Failed && status.condition(met.kind).is_none() {
                status.conditions.push(met.clone());
            }
            condition(terminal, met.reason, &met.message, now)
        });
        if is_full {
            // The Job is synced again because its status and its pods have changed.
            plan.terminal = None;
        }
    }
}

/// What follows from pods having been counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The status to write, if it differs.
    pub status: JobStatus,
    /// The Events that follow: severity, reason, message.
    pub events: Vec<(Severity, &'static str, String)>,
}

/// The finalizers of the pods that a plan named are gone (`cleanUncountedPodsWithoutFinalizers`, `enactJobFinished`): those of
/// the uncounted pods that are `tracked` no more are counted, and with the last one the Job may have finished.
pub fn counted(
    spec: &JobSpec,
    mut status: JobStatus,
    terminal: Option<&JobCondition>,
    is_tracked: impl Fn(PodId) -> bool,
    now: SimTime,
) -> Counted {
    let count = |pods: &mut Vec<PodId>| {
        let before = pods.len();
        pods.retain(|pod| is_tracked(*pod));
        super::count(before - pods.len())
    };
    status.succeeded += count(&mut status.uncounted_succeeded);
    status.failed += count(&mut status.uncounted_failed);
    let mut events = Vec::new();
    let all_counted = status.uncounted_succeeded.is_empty() && status.uncounted_failed.is_empty();
    if let Some(terminal) = terminal.filter(|_| all_counted && status.terminating.unwrap_or(0) == 0) {
        let terminal = JobCondition { last_transition: now, ..terminal.clone() };
        if terminal.kind == JobConditionType::Complete {
            if spec.completions.is_some_and(|completions| status.succeeded > completions) {
                let message = "Too many succeeded pods running after completion count reached";
                events.push((Severity::Warning, "TooManySucceededPods", message.to_owned()));
            }
            status.completion_time = Some(now);
            events.push((Severity::Normal, "Completed", "Job completed".to_owned()));
        } else {
            events.push((Severity::Warning, terminal.reason, terminal.message.to_string()));
        }
        set_condition(&mut status, terminal);
    }
    Counted { status, events }
}
