//! The Job controller: which pods a Job has to have, which of its pods count as succeeded or failed, and when it has
//! finished.
//!
//! Mirrors `pkg/controller/job/job_controller.go` and `indexed_job_utils.go` (Kubernetes 1.36). [`sync`] is `syncJob` and the
//! first half of `trackJobStatusAndRemoveFinalizers`; [`counted`] is the second half, when the finalizers of the pods that
//! it names are gone.
//!
//! Known deviations: all containers of a pod end together, with one exit code.

pub mod backoff;
pub mod controller;
mod manage;
pub mod pod_failure_policy;
pub mod removal;
pub mod rules;
mod track;

use crate::api::{
    CompletionIndexes, JobSpec, Name, PodFailurePolicyAction, PodPhase, RestartPolicy, SuccessPolicyRule,
};
use crate::cluster::{JobCondition, JobConditionType, JobPod, JobStatus, PodId, Severity};
use crate::units::{SimDuration, SimTime};
use backoff::BackoffRecord;
use pod_failure_policy::{PodNames, PolicyMatch, match_policy};
use removal::Rank;
use rules::JobRules;
use std::collections::{BTreeMap, BTreeSet};

pub use track::counted;

/// `MaxUncountedPods` (`pkg/controller/job`): pods that one sync counts at most.
const MAX_UNCOUNTED_PODS: usize = 500;
/// `MaxPodCreateDeletePerSync` (`pkg/controller/job`).
const MAX_POD_CREATE_DELETE_PER_SYNC: i32 = 500;

/// A pod as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodView {
    /// The pod.
    pub id: PodId,
    /// `metadata.name`.
    pub name: Name,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
    /// Condition Ready.
    pub is_ready: bool,
    /// Condition DisruptionTarget.
    pub is_disrupted: bool,
    /// What a pod of a Job has besides.
    pub job: JobPod,
    /// When it ended or, of a pod that has not, since when it is lost (`getFinishedTime`), in whole seconds.
    pub finished: SimTime,
    /// What the order of deletion looks at.
    pub rank: Rank,
}

impl PodView {
    /// Neither ended nor being deleted (`IsPodActive`).
    const fn is_active(&self) -> bool {
        !self.phase.is_terminal() && !self.is_deleting
    }
}

/// What a sync looks at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// `spec`.
    pub spec: &'a JobSpec,
    /// `restartPolicy` of the template.
    pub restart_policy: RestartPolicy,
    /// What the pod failure policy and its messages name.
    pub names: PodNames<'a>,
    /// `status` before.
    pub status: &'a JobStatus,
    /// The Job's pods.
    pub pods: &'a [PodView],
    /// What is remembered of failures.
    pub backoff: BackoffRecord,
    /// The rules of the release.
    pub rules: JobRules,
    /// Now.
    pub now: SimTime,
}

/// The calls that change the number of pods. A sync creates or deletes, never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodCalls {
    /// None.
    None,
    /// Pods are created, with what they have besides the template.
    Create(Vec<JobPod>),
    /// Pods are deleted.
    Delete {
        /// Which.
        pods: Vec<PodId>,
        /// Whether their finalizers are removed first: they do not count.
        uncounted: bool,
    },
}

/// What a sync decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// First these calls are made.
    pub calls: PodCalls,
    /// The Events that come next: severity, reason, message.
    pub events: Vec<(Severity, &'static str, &'static str)>,
    /// Then the status is written, if it differs.
    pub status: JobStatus,
    /// What is remembered of failures when the status is written.
    pub backoff: BackoffRecord,
    /// Then the finalizers of these pods are removed.
    pub to_count: Vec<PodId>,
    /// The condition with which the Job has finished when all are counted and none terminates.
    pub terminal: Option<JobCondition>,
    /// Not before this delay, and a second, the Job is to be synced again.
    pub back_off: Option<SimDuration>,
    /// After this delay the Job is to be synced again.
    pub deadline: Option<SimDuration>,
}

/// What is known of a Job in a sync.
struct Context<'a> {
    input: Input<'a>,
    active: Vec<&'a PodView>,
    /// `active`, `ready` and `terminating` as the status will have them.
    counts: Counts,
    succeeded: i32,
    failed: i32,
    /// Of an Indexed Job: indexes that succeeded before this sync, and with it.
    succeeded_before: CompletionIndexes,
    succeeded_indexes: CompletionIndexes,
    failed_indexes: Option<CompletionIndexes>,
    /// By index: the failed pod that is kept until its replacement is there (`podsWithDelayedDeletionPerIndex`).
    delayed: BTreeMap<i32, &'a PodView>,
    backoff: BackoffRecord,
}

/// `active`, `ready` and `terminating` of the status.
#[derive(Clone, Copy, Debug)]
struct Counts {
    active: i32,
    ready: i32,
    terminating: i32,
}

/// One sync of a Job that has not finished (`syncJob`).
pub fn sync(input: Input<'_>) -> Plan {
    let mut context = Context::new(input);
    let Input { spec, status, now, .. } = input;
    let mut next = status.clone();
    if next.start_time.is_none() && !spec.suspend {
        next.start_time = Some(now);
    }
    let mut plan = Plan {
        calls: PodCalls::None,
        events: Vec::new(),
        status: next,
        backoff: context.backoff,
        to_count: Vec::new(),
        terminal: None,
        back_off: None,
        deadline: None,
    };
    let mut finished = context.finished_condition(&mut plan);
    if finished.is_some() {
        let ids: Vec<PodId> = context.active.iter().map(|pod| pod.id).collect();
        context.counts.terminating += count(ids.len());
        (context.counts.active, context.counts.ready) = (0, 0);
        if !ids.is_empty() {
            plan.calls = PodCalls::Delete { pods: ids, uncounted: false };
        }
    } else {
        context.manage(&mut plan);
        let is_complete = context.counts.active == 0
            && match spec.completions {
                None => context.succeeded > 0,
                Some(completions) => context.succeeded >= completions,
            };
        if is_complete {
            let message = "Reached expected number of succeeded pods";
            let kind = JobConditionType::SuccessCriteriaMet;
            finished = Some(condition(kind, "CompletionsReached", message, now));
        } else {
            note_suspension(spec.suspend, &mut plan, now);
        }
    }
    plan.status.active = context.counts.active;
    plan.status.ready = context.counts.ready;
    plan.status.terminating = Some(context.counts.terminating);
    context.track(finished, &mut plan);
    plan
}

impl<'a> Context<'a> {
    fn new(input: Input<'a>) -> Self {
        let Input { spec, status, pods, .. } = input;
        let active: Vec<&PodView> = pods.iter().filter(|pod| pod.is_active()).collect();
        let ready = count(active.iter().filter(|pod| pod.is_ready).count());
        let terminating = pods.iter().filter(|pod| pod.is_deleting && !pod.phase.is_terminal()).count();
        let counts = Counts { active: count(active.len()), ready, terminating: count(terminating) };
        let mut context = Self {
            input,
            active,
            counts,
            succeeded: 0,
            failed: 0,
            succeeded_before: CompletionIndexes::default(),
            succeeded_indexes: CompletionIndexes::default(),
            failed_indexes: None,
            delayed: BTreeMap::new(),
            backoff: input.backoff,
        };
        let is_new = |pod: &&PodView, counted: &[PodId]| context.is_valid(pod) && !counted.contains(&pod.id);
        let succeeded = pods.iter().filter(|pod| is_new(pod, &status.uncounted_succeeded));
        let succeeded: Vec<&PodView> = succeeded.filter(|pod| pod.phase == PodPhase::Succeeded).collect();
        let failed = pods.iter().filter(|pod| is_new(pod, &status.uncounted_failed));
        let failed: Vec<&PodView> = failed.filter(|pod| context.is_failed(pod)).collect();
        let counting = failed.iter().filter(|pod| context.counts_as_failure(pod)).count();
        let times = |pods: &[&PodView]| pods.iter().map(|pod| pod.finished).collect::<Vec<SimTime>>();
        let backoff = input.backoff.after(&times(&succeeded), &times(&failed));
        let succeeded = status.succeeded + count(succeeded.len() + status.uncounted_succeeded.len());
        let failed = status.failed + count(counting + status.uncounted_failed.len());
        context.backoff = backoff;
        context.succeeded = succeeded;
        context.failed = failed;
        if let Some(completions) = spec.indexed_completions() {
            context.read_indexes(completions);
        }
        context
    }

    /// What the indexes of an Indexed Job have come to.
    fn read_indexes(&mut self, completions: i32) {
        let Input { spec, status, pods, .. } = self.input;
        let indexes = |is_meant: &dyn Fn(&PodView) -> bool| {
            let meant = pods.iter().filter(|pod| self.is_valid(pod) && is_meant(pod));
            CompletionIndexes::from(&meant.filter_map(|pod| pod.job.index).collect::<BTreeSet<i32>>())
        };
        let succeeded_before = status.completed_indexes.below(completions);
        let succeeded = succeeded_before.union(&indexes(&|pod| pod.phase == PodPhase::Succeeded));
        let failed = spec.backoff_limit_per_index.map(|limit| {
            let before = status.failed_indexes.clone().unwrap_or_default().below(completions);
            before.union(&indexes(&|pod| self.fails_its_index(pod, limit)))
        });
        self.succeeded = succeeded.total();
        self.succeeded_before = succeeded_before;
        self.succeeded_indexes = succeeded;
        self.failed_indexes = failed;
        if self.failed_indexes.is_some() {
            self.delayed = self.pods_with_delayed_deletion();
        }
    }

    /// Whether a pod has still to be counted and, in an Indexed Job, has an index that counts.
    fn is_valid(&self, pod: &PodView) -> bool {
        pod.job.is_tracked && self.has_index(pod)
    }

    /// Whether a pod of an Indexed Job has an index that counts; those of other Jobs need none.
    fn has_index(&self, pod: &PodView) -> bool {
        let completions = self.input.spec.indexed_completions();
        completions.is_none_or(|completions| pod.job.index.is_some_and(|index| index < completions))
    }

    /// `isPodFailed`: pods that are being deleted may never reach the phase Failed.
    fn is_failed(&self, pod: &PodView) -> bool {
        pod.phase == PodPhase::Failed
            || pod.is_deleting && pod.phase != PodPhase::Succeeded && !self.input.spec.replaces_only_failed()
    }

    /// What the pod failure policy says of a failed pod.
    fn policy(&self, pod: &PodView) -> Option<PolicyMatch> {
        match_policy(self.input.spec.pod_failure_policy.as_deref()?, pod, self.input.names)
    }

    /// Whether the failure of a pod counts.
    fn counts_as_failure(&self, pod: &PodView) -> bool {
        self.policy(pod).is_none_or(|found| found.action != PodFailurePolicyAction::Ignore)
    }

    /// `isIndexFailed`.
    fn fails_its_index(&self, pod: &PodView, limit: i32) -> bool {
        let action = self.policy(pod).map(|found| found.action);
        self.is_failed(pod)
            && (action == Some(PodFailurePolicyAction::FailIndex)
                || action != Some(PodFailurePolicyAction::Ignore) && pod.job.index_failures >= limit)
    }

    /// `getPodsWithDelayedDeletionPerIndex`: of each index that waits for its next pod the pod that failed last, which
    /// is not counted, so that the next one can go on with its number of failures.
    fn pods_with_delayed_deletion(&self) -> BTreeMap<i32, &'a PodView> {
        let active: BTreeSet<i32> = self.active.iter().filter_map(|pod| pod.job.index).collect();
        let done = |indexes: &CompletionIndexes, index| indexes.contains(index);
        let mut delayed: BTreeMap<i32, &PodView> = BTreeMap::new();
        for pod in self.input.pods.iter().filter(|pod| self.is_valid(pod) && self.is_failed(pod)) {
            let Some(index) = pod.job.index else { continue };
            let has_failed = self.failed_indexes.as_ref().is_some_and(|failed| done(failed, index));
            if active.contains(&index) || has_failed || done(&self.succeeded_indexes, index) {
                continue;
            }
            let last = delayed.entry(index).or_insert(pod);
            if all_failures(last) <= all_failures(pod) && last.finished <= pod.finished {
                *last = pod;
            }
        }
        delayed
    }

    /// The condition with which the Job ends, or begins to end; the active pods are deleted then.
    fn finished_condition(&self, plan: &mut Plan) -> Option<JobCondition> {
        let Input { spec, status, now, .. } = self.input;
        if let Some(met) = status.condition(JobConditionType::SuccessCriteriaMet).filter(|met| met.is_true) {
            return Some(met.clone());
        }
        if let Some(target) = status.condition(JobConditionType::FailureTarget).filter(|target| target.is_true) {
            return Some(JobCondition { kind: JobConditionType::Failed, last_transition: now, ..target.clone() });
        }
        let fails = |reason, message: &str| Some(condition(JobConditionType::FailureTarget, reason, message, now));
        if let Some(message) = self.fail_job_message() {
            return fails("PodFailurePolicy", &message);
        }
        if self.failed > spec.backoff_limit || self.is_past_backoff_limit_on_failure() {
            return fails("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        if let (Some(deadline), Some(start), false) = (spec.active_deadline, plan.status.start_time, spec.suspend) {
            // The API has whole seconds; a start of this sync has not been there yet.
            let start = if status.start_time.is_some() { start.truncated_to_second() } else { start };
            if now - start >= deadline {
                return fails("DeadlineExceeded", "Job was active longer than specified deadline");
            }
            plan.deadline = Some(deadline - (now - start));
        }
        if let Some(failed) = self.failed_indexes.as_ref().map(CompletionIndexes::total) {
            if spec.max_failed_indexes.is_some_and(|most| failed > most) {
                let message = "Job has exceeded the specified maximal number of failed indexes";
                return fails("MaxFailedIndexesExceeded", message);
            }
            let completions = spec.completions.unwrap_or(0);
            if failed > 0 && failed.saturating_add(self.succeeded_indexes.total()) >= completions {
                return fails("FailedIndexes", "Job has failed indexes");
            }
        }
        let rule = matched_success_rule(&spec.success_policy, &self.succeeded_indexes, spec.completions.unwrap_or(0))?;
        let message = format!("Matched rules at index {rule}");
        Some(condition(JobConditionType::SuccessCriteriaMet, "SuccessPolicy", &message, now))
    }

    /// `getFailJobMessage`.
    fn fail_job_message(&self) -> Option<String> {
        self.input.spec.pod_failure_policy.as_ref()?;
        let failed = self.input.pods.iter().filter(|pod| self.is_failed(pod));
        let mut rules = failed.filter_map(|pod| self.policy(pod));
        rules.find(|found| found.action == PodFailurePolicyAction::FailJob).map(|found| found.message)
    }

    /// `pastBackoffLimitOnFailure`: with restartPolicy OnFailure the restarts of the pods that run count too.
    fn is_past_backoff_limit_on_failure(&self) -> bool {
        if self.input.restart_policy != RestartPolicy::OnFailure {
            return false;
        }
        let running = self.input.pods.iter().filter(|pod| matches!(pod.phase, PodPhase::Pending | PodPhase::Running));
        let restarts: i64 = running.map(|pod| i64::from(pod.rank.restarts)).sum();
        let limit = i64::from(self.input.spec.backoff_limit);
        if limit == 0 { restarts > 0 } else { restarts >= limit }
    }
}

/// Condition Suspended, its Events, and the start of the Job, which suspension resets.
fn note_suspension(is_suspended: bool, plan: &mut Plan, now: SimTime) {
    let before = plan.status.condition(JobConditionType::Suspended).is_some_and(|condition| condition.is_true);
    if is_suspended == before {
        return;
    }
    let (reason, event, message, start) = if is_suspended {
        ("JobSuspended", "Suspended", "Job suspended", None)
    } else {
        ("JobResumed", "Resumed", "Job resumed", Some(now))
    };
    let condition = condition(JobConditionType::Suspended, reason, message, now);
    set_condition(&mut plan.status, JobCondition { is_true: is_suspended, ..condition });
    plan.status.start_time = start;
    plan.events.push((Severity::Normal, event, message));
}

/// Adds a condition, or replaces the one of its type.
fn set_condition(status: &mut JobStatus, condition: JobCondition) {
    match status.conditions.iter_mut().find(|existing| existing.kind == condition.kind) {
        Some(existing) => *existing = condition,
        None => status.conditions.push(condition),
    }
}

/// The rule of a success policy that is met (`matchSuccessPolicy`).
fn matched_success_rule(rules: &[SuccessPolicyRule], succeeded: &CompletionIndexes, completions: i32) -> Option<usize> {
    let is_met = |rule: &SuccessPolicyRule| match &rule.succeeded_indexes {
        Some(indexes) => {
            let indexes = indexes.below(completions);
            let common = indexes.common(succeeded);
            indexes.total() > 0
                && (common == indexes.total() || rule.succeeded_count.is_some_and(|count| common >= count))
        }
        None => rule.succeeded_count.is_some_and(|count| succeeded.total() >= count),
    };
    rules.iter().position(|rule| succeeded.total() > 0 && is_met(rule))
}

/// Failures of a pod's index before it, ignored ones too (`getIndexAbsoluteFailureCount`).
const fn all_failures(pod: &PodView) -> i32 {
    pod.job.index_failures.saturating_add(pod.job.index_ignored_failures)
}

/// A condition that is met now.
fn condition(kind: JobConditionType, reason: &'static str, message: &str, now: SimTime) -> JobCondition {
    JobCondition { kind, is_true: true, reason, message: Name::from(message), last_transition: now }
}

/// A number of pods.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The start of the names of a Job's pods (`generateName`), of which the API server keeps 58 characters.
pub fn pod_name_prefix(job: &str, index: Option<i32>) -> String {
    const MAX_GENERATED_NAME_LENGTH: usize = 58;
    let end = index.map_or_else(|| "-".to_owned(), |index| format!("-{index}-"));
    let room = MAX_GENERATED_NAME_LENGTH - end.len();
    match index {
        Some(_) => format!("{}{end}", &job[..job.len().min(room)]),
        None => format!("{job}{end}").chars().take(MAX_GENERATED_NAME_LENGTH).collect(),
    }
}

#[cfg(test)]
mod tests;
