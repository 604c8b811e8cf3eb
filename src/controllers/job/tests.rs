//! Table tests of a sync.

use super::*;
use crate::api::{
    CompletionMode, KubernetesVersion, PodFailurePolicyRule, PodFailureRequirement, PodReplacementPolicy,
};

/// A pod of a Job that its Job has not counted.
pub fn pod(id: usize, phase: PodPhase) -> PodView {
    PodView {
        id: PodId::from_index(id),
        name: format!("p{id}").into(),
        phase,
        is_deleting: false,
        is_ready: false,
        is_disrupted: false,
        job: JobPod { is_tracked: true, ..JobPod::default() },
        finished: SimTime::ZERO,
        rank: Rank::default(),
    }
}

fn ended(id: usize, phase: PodPhase, at: i64) -> PodView {
    PodView { finished: SimTime::from_secs(at), ..pod(id, phase) }
}

fn indexed(index: i32, view: PodView) -> PodView {
    PodView { job: JobPod { index: Some(index), ..view.job }, ..view }
}

fn at(spec: &JobSpec, status: &JobStatus, pods: &[PodView], now: SimTime) -> Plan {
    of_release(KubernetesVersion::V1_36, spec, status, pods, now)
}

fn of_release(version: KubernetesVersion, spec: &JobSpec, status: &JobStatus, pods: &[PodView], now: SimTime) -> Plan {
    let rules = JobRules::of(version);
    let names = PodNames { namespace: "default", containers: &["c".into()], init_containers: &[] };
    let restart_policy = RestartPolicy::Never;
    sync(Input { spec, restart_policy, names, status, pods, backoff: BackoffRecord::default(), rules, now })
}

/// The plan at 100 s for these pods.
fn plan(spec: &JobSpec, pods: &[PodView]) -> Plan {
    at(spec, &started(), pods, SimTime::from_secs(100))
}

fn started() -> JobStatus {
    JobStatus { start_time: Some(SimTime::ZERO), ..JobStatus::default() }
}

fn created(plan: &Plan) -> Vec<JobPod> {
    match &plan.calls {
        PodCalls::Create(pods) => pods.clone(),
        _ => Vec::new(),
    }
}

fn spec(completions: Option<i32>, parallelism: i32) -> JobSpec {
    JobSpec { parallelism, completions, ..JobSpec::default() }
}

fn indexed_spec(completions: i32, parallelism: i32) -> JobSpec {
    JobSpec { completion_mode: CompletionMode::Indexed, ..spec(Some(completions), parallelism) }
}

/// The reason of the last condition.
fn reason(plan: &Plan) -> Option<&'static str> {
    plan.status.conditions.last().map(|condition| condition.reason)
}

#[test]
fn missing_pods_are_created() {
    use PodPhase::{Pending, Running, Succeeded};
    let cases = [
        (spec(Some(7), 3), vec![], 3, "as many as run at once"),
        (spec(Some(2), 3), vec![], 2, "no more than are to complete"),
        (spec(Some(7), 3), vec![pod(0, Pending), pod(1, Running)], 1, "one is missing"),
        (spec(Some(3), 3), vec![pod(0, Succeeded), pod(1, Running)], 1, "one has succeeded"),
        (spec(None, 3), vec![pod(0, Running)], 2, "a work queue"),
        (spec(None, 3), vec![pod(0, Running), pod(1, Succeeded)], 0, "a work queue that is done"),
        (JobSpec { suspend: true, ..spec(Some(1), 1) }, vec![], 0, "suspended"),
        (spec(Some(900), 900), vec![], 500, "no more than 500 in a sync"),
    ];
    for (spec, pods, expected, why) in cases {
        let plan = plan(&spec, &pods);
        assert_eq!(created(&plan).len(), expected, "{why}");
        assert_eq!(plan.terminal, None, "{why}");
    }
}

#[test]
fn surplus_pods_are_deleted_and_do_not_count() {
    let pods = [pod(0, PodPhase::Running), pod(1, PodPhase::Pending), pod(2, PodPhase::Running)];
    let suspended = JobSpec { suspend: true, ..spec(Some(3), 3) };
    for (spec, deleted, why) in [(spec(Some(5), 1), 2, "parallelism is lower"), (suspended, 3, "suspended")] {
        let plan = plan(&spec, &pods);
        let PodCalls::Delete { pods, uncounted: true } = &plan.calls else { panic!("{why}: {plan:?}") };
        assert_eq!((pods.len(), plan.status.terminating), (deleted, Some(i32::try_from(deleted).unwrap())), "{why}");
        assert!(plan.status.uncounted_failed.is_empty(), "{why}");
    }
}

#[test]
fn a_job_ends_when_its_pods_have() {
    use PodPhase::{Failed, Running, Succeeded};
    let limit = |backoff_limit| JobSpec { backoff_limit, ..spec(Some(3), 3) };
    let deadline = JobSpec { active_deadline: Some(SimDuration::from_secs(100)), ..spec(Some(1), 1) };
    let cases = [
        (spec(Some(2), 2), vec![pod(0, Succeeded), pod(1, Succeeded)], Some("CompletionsReached"), "all succeeded"),
        (spec(Some(2), 2), vec![pod(0, Succeeded), pod(1, Running)], None, "one runs"),
        (spec(None, 2), vec![pod(0, Succeeded), pod(1, Failed)], Some("CompletionsReached"), "a work queue"),
        (spec(Some(0), 1), vec![], Some("CompletionsReached"), "nothing to do"),
        (limit(1), vec![pod(0, Failed), pod(1, Failed)], Some("BackoffLimitExceeded"), "too many failures"),
        (limit(2), vec![pod(0, Failed), pod(1, Failed)], None, "as many failures as may be"),
        (deadline, vec![pod(0, Running)], Some("DeadlineExceeded"), "too late"),
    ];
    for (spec, pods, expected, why) in cases {
        let plan = plan(&spec, &pods);
        assert_eq!(reason(&plan), expected, "{why}");
        assert_eq!(plan.terminal.is_some(), expected.is_some(), "{why}");
    }
}

#[test]
fn a_failed_job_deletes_its_pods_and_counts_them() {
    let pods = [ended(0, PodPhase::Failed, 90), pod(1, PodPhase::Running)];
    let spec = JobSpec { backoff_limit: 0, ..spec(Some(2), 2) };
    let plan = plan(&spec, &pods);
    assert_eq!(plan.calls, PodCalls::Delete { pods: vec![PodId::from_index(1)], uncounted: false });
    assert_eq!(plan.status.uncounted_failed.len(), 2);
    assert_eq!((plan.status.active, plan.status.terminating), (0, Some(1)));
    let counted = counted(&spec, plan.status.clone(), plan.terminal.as_ref(), |_| false, SimTime::from_secs(101));
    assert_eq!(counted.status.failed, 2);
    assert_eq!(counted.status.finished(), None, "a pod terminates");
    let gone = at(&spec, &counted.status, &[], SimTime::from_secs(103));
    let done = super::counted(&spec, gone.status, gone.terminal.as_ref(), |_| false, SimTime::from_secs(103));
    assert_eq!(done.status.finished().map(|condition| condition.reason), Some("BackoffLimitExceeded"));
    assert_eq!(
        done.events,
        [(Severity::Warning, "BackoffLimitExceeded", "Job has reached the specified backoff limit".to_owned(),)]
    );
}

#[test]
fn a_failed_pod_is_replaced_after_the_wait() {
    let failed = [ended(0, PodPhase::Failed, 95), pod(1, PodPhase::Running)];
    let spec = spec(Some(2), 2);
    let early = plan(&spec, &failed);
    assert_eq!((early.calls.clone(), early.back_off), (PodCalls::None, Some(SimDuration::from_secs(5))));
    assert_eq!(early.status.active, 0, "as the controller of 1.36.2 says");
    let fixed = of_release(KubernetesVersion::V1_37, &spec, &started(), &failed, SimTime::from_secs(100));
    assert_eq!((fixed.status.active, fixed.back_off), (1, early.back_off), "one runs, as the controller of 1.37 says");
    let late = at(&spec, &started(), &failed, SimTime::from_secs(105));
    assert_eq!(created(&late).len(), 1);
    assert_eq!((late.back_off, late.status.active), (None, 2));
}

#[test]
fn terminating_pods_are_replaced_as_the_policy_says() {
    let deleted = PodView { is_deleting: true, ..ended(0, PodPhase::Running, 50) };
    let failed = JobSpec { pod_replacement_policy: PodReplacementPolicy::Failed, ..spec(Some(1), 1) };
    let cases = [
        (spec(Some(1), 1), deleted.clone(), 1, 1, "terminating counts as failed"),
        (failed.clone(), deleted.clone(), 0, 0, "not before it has ended"),
        (failed, PodView { phase: PodPhase::Failed, ..deleted }, 1, 1, "it has ended"),
    ];
    for (spec, pod, replaced, counted, why) in cases {
        let plan = plan(&spec, &[pod]);
        assert_eq!((created(&plan).len(), plan.to_count.len()), (replaced, counted), "{why}");
    }
}

#[test]
fn each_index_has_its_own_limit_and_wait() {
    let spec = JobSpec { backoff_limit_per_index: Some(2), backoff_limit: i32::MAX, ..indexed_spec(5, 3) };
    let failed = |index_failures, at| {
        let view = indexed(1, ended(1, PodPhase::Failed, at));
        PodView { job: JobPod { index_failures, ..view.job }, ..view }
    };
    let indexes = |plan: &Plan| created(plan).iter().map(|pod| pod.index).collect::<Vec<_>>();
    let running = indexed(0, pod(0, PodPhase::Running));
    let first = plan(&spec, &[running.clone(), failed(0, 95)]);
    assert_eq!(indexes(&first), [Some(2)], "the index that failed waits");
    assert!(first.to_count.is_empty(), "its pod is kept");
    let waited = plan(&spec, &[running.clone(), failed(0, 90)]);
    assert_eq!(indexes(&waited), [Some(1), Some(2)]);
    assert_eq!(created(&waited)[0].index_failures, 1);
    assert_eq!(indexes(&plan(&spec, &[running.clone(), failed(1, 85)])), [Some(2)], "20 s after the second failure");
    let given_up = plan(&spec, &[running, failed(2, 0)]);
    assert_eq!(indexes(&given_up), [Some(2), Some(3)]);
    assert_eq!(given_up.status.failed_indexes.as_ref().map(ToString::to_string).as_deref(), Some("1"));
    let mut most = spec.clone();
    most.max_failed_indexes = Some(0);
    assert_eq!(reason(&plan(&most, &[failed(2, 0)])), Some("MaxFailedIndexesExceeded"));
    let all: Vec<PodView> = [0, 2, 3, 4].map(|index| indexed(index, pod(9, PodPhase::Succeeded))).into();
    let done = plan(&spec, &[all, vec![failed(2, 0)]].concat());
    assert_eq!(reason(&done), Some("FailedIndexes"));
    assert_eq!(done.status.completed_indexes.to_string(), "0,2-4");
}

#[test]
fn the_pod_failure_policy_is_asked_first() {
    let rule = |action, values: &[i32]| PodFailurePolicyRule {
        action,
        requirement: PodFailureRequirement::ExitCodes { container: None, is_in: true, values: values.to_vec() },
    };
    use PodFailurePolicyAction::{FailIndex, FailJob, Ignore};
    let rules = vec![rule(FailJob, &[42]), rule(Ignore, &[3]), rule(FailIndex, &[4])];
    let policy = JobSpec {
        pod_failure_policy: Some(rules),
        pod_replacement_policy: PodReplacementPolicy::Failed,
        backoff_limit: 0,
        backoff_limit_per_index: Some(5),
        ..indexed_spec(2, 2)
    };
    let failed = |code| {
        let view = indexed(0, ended(0, PodPhase::Failed, 0));
        PodView { job: JobPod { exit_code: Some(code), ..view.job }, ..view }
    };
    let cases = [(42, Some("PodFailurePolicy")), (3, None), (1, Some("BackoffLimitExceeded"))];
    for (code, expected) in cases {
        assert_eq!(reason(&plan(&policy, &[failed(code)])), expected, "exit code {code}");
    }
    let index = plan(&JobSpec { backoff_limit: 6, ..policy }, &[failed(4)]);
    assert_eq!(index.status.failed_indexes.as_ref().map(CompletionIndexes::total), Some(1));
}

#[test]
fn a_success_policy_ends_the_job_early() {
    let rule = |indexes: Option<&str>, succeeded_count| SuccessPolicyRule {
        succeeded_indexes: indexes.map(|text| CompletionIndexes::parse(text).unwrap()),
        succeeded_count,
    };
    let cases = [
        (rule(Some("0"), None), vec![0], true, "the leader"),
        (rule(Some("0"), None), vec![1, 2], false, "others"),
        (rule(Some("1-4"), Some(2)), vec![0, 1], false, "one of two"),
        (rule(Some("1-4"), Some(2)), vec![1, 4], true, "two of those"),
        (rule(None, Some(3)), vec![0, 1, 2], true, "any three"),
        (rule(Some("7"), None), vec![0], false, "an index beyond the completions"),
    ];
    for (rule, succeeded, expected, why) in cases {
        let spec = JobSpec { success_policy: vec![rule], ..indexed_spec(5, 5) };
        let pods: Vec<PodView> = succeeded.iter().map(|index| indexed(*index, pod(0, PodPhase::Succeeded))).collect();
        let plan = plan(&spec, &pods);
        let message = plan.status.conditions.last().map(|condition| condition.message.to_string());
        assert_eq!(message, expected.then(|| "Matched rules at index 0".to_owned()), "{why}");
    }
}

#[test]
fn suspension_resets_the_start() {
    let mut suspended = spec(Some(1), 1);
    suspended.suspend = true;
    let stopped = plan(&suspended, &[]);
    assert_eq!((stopped.status.start_time, reason(&stopped)), (None, Some("JobSuspended")));
    let resumed = at(&spec(Some(1), 1), &stopped.status, &[], SimTime::from_secs(200));
    assert_eq!(resumed.status.start_time, Some(SimTime::from_secs(200)));
    assert_eq!(reason(&resumed), Some("JobResumed"));
    assert_eq!(resumed.events, [(Severity::Normal, "Resumed", "Job resumed")]);
}

#[test]
fn names_are_cut_to_leave_room() {
    let long = "a".repeat(63);
    let cases = [
        ("batch", None, "batch-".to_owned()),
        ("batch", Some(12), "batch-12-".to_owned()),
        (&long, None, "a".repeat(58)),
        (&long, Some(7), format!("{}-7-", "a".repeat(55))),
    ];
    for (name, index, expected) in cases {
        assert_eq!(pod_name_prefix(name, index), expected);
    }
}
