//! Jobs: the API server's defaults, and what it refuses.

use super::{load, load_right};
use wavetank::api::{
    CompletionMode, ConditionStatus, Job, JobSpec, Object, PodFailurePolicyAction, PodFailureRequirement,
    PodReplacementPolicy,
};
use wavetank::units::SimDuration;

/// A Job with these fields of its spec, on lines from 5 on.
fn text(fields: &str) -> String {
    let pods = "template: {metadata: {labels: {app: a}, annotations: {wavetank.dev/fail-index: '1,3'}}, \
                spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";
    let template = if fields.contains("template:") { "" } else { pods };
    format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n{fields}  {template}\n")
}

fn job(fields: &str) -> Job {
    let objects = load_right("job.yaml", &text(fields));
    let [Object::Job(job)] = objects.as_slice() else { panic!("{objects:?}") };
    job.clone()
}

#[test]
fn defaults_are_the_api_servers() {
    let spec = |fields| job(fields).spec;
    assert_eq!(spec(""), JobSpec::default());
    assert_eq!(spec("  parallelism: 3\n"), JobSpec { completions: None, parallelism: 3, ..JobSpec::default() });
    assert_eq!(spec("  completions: 3\n"), JobSpec { completions: Some(3), ..JobSpec::default() });
    let per_index = "  completionMode: Indexed\n  completions: 4\n  backoffLimitPerIndex: 1\n";
    let expected = JobSpec {
        completion_mode: CompletionMode::Indexed,
        completions: Some(4),
        backoff_limit: i32::MAX,
        backoff_limit_per_index: Some(1),
        ..JobSpec::default()
    };
    assert_eq!(spec(per_index), expected);
    let policy = "  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}\n";
    let policy = spec(policy);
    assert_eq!(policy.pod_replacement_policy, PodReplacementPolicy::Failed);
    let rules = policy.pod_failure_policy.expect("a policy");
    let expected = PodFailureRequirement::PodConditions(vec![("DisruptionTarget".into(), ConditionStatus::True)]);
    assert_eq!((rules[0].action, &rules[0].requirement), (PodFailurePolicyAction::Ignore, &expected));
    let times =
        spec("  activeDeadlineSeconds: 60\n  ttlSecondsAfterFinished: 0\n  managedBy: kubernetes.io/job-controller\n");
    assert_eq!(times.active_deadline, Some(SimDuration::from_secs(60)));
    assert_eq!(times.ttl_after_finished, Some(SimDuration::ZERO));
    assert_eq!(times.managed_by, None, "the controller of Kubernetes");
}

#[test]
fn the_template_is_labelled_with_the_job() {
    let labels = "  template: {metadata: {labels: {app: a, controller-uid: '1', job-name: old}}, \
                  spec: {restartPolicy: OnFailure, containers: [{name: c, image: i}]}}\n";
    let template = job(labels).template;
    let labels: Vec<_> = template.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(labels, ["app=a", "batch.kubernetes.io/job-name=a", "job-name=a"], "labels of another Job are gone");
    assert_eq!(job("").template.hints.ends.fail_indexes, [1, 3]);
}

#[test]
fn what_the_api_server_refuses_is_an_error() {
    let indexed = "  completionMode: Indexed\n  completions: 4\n";
    let rule = |rule: &str| format!("  podFailurePolicy: {{rules: [{{{rule}}}]}}\n");
    let success = |rule: &str| format!("{indexed}  successPolicy: {{rules: [{rule}]}}\n");
    let pods = |policy: &str| format!("  template: {{spec: {{{policy} containers: [{{name: c, image: i}}]}}}}\n");
    let cases = [
        ("  parallelism: -1\n".to_owned(), "spec.parallelism: -1 is negative"),
        ("  backoffLimit: -1\n".to_owned(), "spec.backoffLimit: -1 is negative"),
        ("  ttlSecondsAfterFinished: -1\n".to_owned(), "spec.ttlSecondsAfterFinished: -1 is negative"),
        ("  completionMode: Sorted\n".to_owned(), "spec.completionMode: unknown value `Sorted`"),
        ("  completionMode: Indexed\n  parallelism: 2\n".to_owned(), "spec.completions: missing"),
        ("  backoffLimitPerIndex: 2\n".to_owned(), "spec.backoffLimitPerIndex: is given for a Job that is not Indexed"),
        (format!("{indexed}  maxFailedIndexes: 2\n"), "spec.backoffLimitPerIndex: missing"),
        (
            format!("{indexed}  backoffLimitPerIndex: 1\n  maxFailedIndexes: 5\n"),
            "spec.maxFailedIndexes: 5 is too large (expected at most 4, the completions)",
        ),
        ("  managedBy: me\n".to_owned(), "spec.managedBy: `me` is not the name of a controller"),
        ("  manualSelector: true\n".to_owned(), "spec.selector: missing"),
        (
            "  manualSelector: true\n  selector: {matchLabels: {app: b}}\n".to_owned(),
            "spec.selector: does not match spec.template.metadata.labels",
        ),
        (pods(""), "spec.template.spec.restartPolicy: missing (expected `OnFailure` or `Never`)"),
        (pods("restartPolicy: Always,"), "restartPolicy: `Always` is not allowed here"),
        (rule("action: FailJob"), "rules[0]: has neither onExitCodes nor onPodConditions"),
        (
            rule("action: FailIndex, onExitCodes: {operator: In, values: [1]}"),
            "rules[0].action: `FailIndex` needs backoffLimitPerIndex",
        ),
        (rule("action: Stop, onExitCodes: {operator: In, values: [1]}"), "rules[0].action: unknown value `Stop`"),
        (rule("action: Count, onExitCodes: {operator: Is, values: [1]}"), "operator: unknown value `Is`"),
        (rule("action: Count, onExitCodes: {operator: In, values: [0]}"), "values: 0 is success"),
        (rule("action: Count, onExitCodes: {operator: In, values: [2, 1]}"), "values: do not ascend"),
        (
            rule("action: Count, onExitCodes: {containerName: x, operator: In, values: [1]}"),
            "containerName: `x` is no container of the template",
        ),
        (
            format!(
                "{}  podReplacementPolicy: TerminatingOrFailed\n",
                rule("action: Count, onExitCodes: {operator: In, values: [1]}")
            ),
            "spec.podReplacementPolicy: `TerminatingOrFailed` is not allowed with a podFailurePolicy",
        ),
        (success("{}"), "rules[0]: has neither succeededCount nor succeededIndexes"),
        (success("{succeededCount: 5}"), "succeededCount: 5 is too large (expected at most 4, the completions)"),
        (success("{succeededIndexes: '2-4'}"), "succeededIndexes: has an index that is too large"),
        (success("{succeededIndexes: '3,2'}"), "succeededIndexes: `2` does not come after"),
        (success("{succeededIndexes: '1,2', succeededCount: 3}"), "succeededCount: 3 is too large (expected at most 2"),
        ("  successPolicy: {rules: [{succeededCount: 1}]}\n".to_owned(), "spec.successPolicy: is given for a Job that"),
    ];
    for (fields, expected) in cases {
        let (_, diagnostics) = load("job.yaml", &text(&fields));
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(errors.iter().any(|error| error.contains(expected)), "{fields}expected {expected}\nfound {errors:#?}");
    }
}
