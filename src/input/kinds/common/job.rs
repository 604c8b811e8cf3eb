//! The spec of Jobs, which CronJobs have too: the API server's defaults and the conversion. What it refuses is in
//! [`super::job_validation`].

use super::pod_template;
use super::selector::convert_label_selector;
use super::value::{name, optional_word, seconds, word};
use super::workload::set_template_defaults;
use crate::api::{
    CompletionIndexes, CompletionMode, ConditionStatus, DEFAULT_BACKOFF_LIMIT, JobSpec, Name, PodFailurePolicyAction,
    PodFailurePolicyRule, PodFailureRequirement, PodReplacementPolicy, PodTemplate, SuccessPolicyRule,
};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use std::sync::Arc;

/// The labels with the Job's name that the API server adds to its pods.
const JOB_NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];
/// The labels with the Job's uid that the API server adds to its pods. Those of a dump belong to a Job that is not the one
/// that is made from it.
const CONTROLLER_UID_LABELS: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
/// `managedBy` of Jobs that the controller of Kubernetes syncs (`JobControllerName`).
const JOB_CONTROLLER: &str = "kubernetes.io/job-controller";
/// Words of `action`.
pub const ACTIONS: [(&str, PodFailurePolicyAction); 4] = [
    ("FailJob", PodFailurePolicyAction::FailJob),
    ("FailIndex", PodFailurePolicyAction::FailIndex),
    ("Ignore", PodFailurePolicyAction::Ignore),
    ("Count", PodFailurePolicyAction::Count),
];
/// Words of the operator of `onExitCodes`.
pub const OPERATORS: [(&str, bool); 2] = [("In", true), ("NotIn", false)];
/// Words of the status of a condition.
pub const STATUSES: [(&str, ConditionStatus); 3] =
    [("True", ConditionStatus::True), ("False", ConditionStatus::False), ("Unknown", ConditionStatus::Unknown)];

/// Fills in what the API server fills in (`SetDefaults_Job`, Kubernetes 1.36), but for what [`convert_spec`] knows.
pub fn set_defaults(spec: &mut batch::JobSpec) {
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let limit = if spec.backoff_limit_per_index.is_some() { i32::MAX } else { DEFAULT_BACKOFF_LIMIT };
    spec.backoff_limit.get_or_insert(limit);
    set_template_defaults(&mut spec.template);
}

/// Converts the spec of a Job with its defaults; `path` leads to it.
pub fn convert_spec(spec: &batch::JobSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> JobSpec {
    let selector = spec.selector.as_ref().filter(|_| spec.manual_selector == Some(true));
    let has_policy = spec.pod_failure_policy.is_some();
    let only_failed = if has_policy { PodReplacementPolicy::Failed } else { PodReplacementPolicy::default() };
    let success_path = path.key("successPolicy");
    let rules_path = success_path.key("rules");
    let success = spec.success_policy.iter().flat_map(|policy| &policy.rules).enumerate();
    JobSpec {
        parallelism: spec.parallelism.unwrap_or(1),
        completions: spec.completions,
        completion_mode: optional_word(
            spec.completion_mode.as_ref(),
            &[("NonIndexed", CompletionMode::NonIndexed), ("Indexed", CompletionMode::Indexed)],
            CompletionMode::default(),
            path.key("completionMode"),
            errors,
        ),
        backoff_limit: spec.backoff_limit.unwrap_or(DEFAULT_BACKOFF_LIMIT),
        backoff_limit_per_index: spec.backoff_limit_per_index,
        max_failed_indexes: spec.max_failed_indexes,
        pod_failure_policy: spec
            .pod_failure_policy
            .as_ref()
            .map(|policy| convert_failure_policy(policy, path.key("podFailurePolicy"), errors)),
        success_policy: success
            .map(|(index, rule)| convert_success_rule(rule, rules_path.index(index), errors))
            .collect(),
        active_deadline: spec.active_deadline_seconds.map(seconds),
        ttl_after_finished: spec.ttl_seconds_after_finished.map(seconds),
        suspend: spec.suspend == Some(true),
        pod_replacement_policy: optional_word(
            spec.pod_replacement_policy.as_ref(),
            &[
                ("TerminatingOrFailed", PodReplacementPolicy::TerminatingOrFailed),
                ("Failed", PodReplacementPolicy::Failed),
            ],
            only_failed,
            path.key("podReplacementPolicy"),
            errors,
        ),
        manual_selector: selector.map(|selector| convert_label_selector(selector, path.key("selector"), errors)),
        managed_by: spec.managed_by.as_deref().filter(|manager| *manager != JOB_CONTROLLER).map(Name::from),
    }
}

/// Converts the template of a Job of this name; `path` leads to it.
pub fn convert_template(
    job: &str,
    template: &PodTemplateSpec,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Arc<PodTemplate> {
    let mut converted = pod_template::convert_template(template, path, errors);
    for key in CONTROLLER_UID_LABELS {
        converted.labels = converted.labels.without(key);
    }
    for key in JOB_NAME_LABELS {
        converted.labels = converted.labels.with(key, job);
    }
    Arc::new(converted)
}

fn convert_failure_policy(
    policy: &batch::PodFailurePolicy,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<PodFailurePolicyRule> {
    let rules_path = path.key("rules");
    let mut rules = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        let rule_path = rules_path.index(index);
        let Some(action) = word(&rule.action, &ACTIONS, rule_path.key("action"), errors) else { continue };
        let requirement = if let Some(codes) = &rule.on_exit_codes {
            let codes_path = rule_path.key("onExitCodes");
            let Some(is_in) = word(&codes.operator, &OPERATORS, codes_path.key("operator"), errors) else { continue };
            let container = codes.container_name.as_ref().map(|container| name(Some(container)));
            PodFailureRequirement::ExitCodes { container, is_in, values: codes.values.clone() }
        } else {
            let list_path = rule_path.key("onPodConditions");
            let patterns = rule.on_pod_conditions.iter().flatten().enumerate();
            let patterns = patterns.map(|(index, pattern)| {
                let pattern_path = list_path.index(index);
                let path = pattern_path.key("status");
                let status = optional_word(pattern.status.as_ref(), &STATUSES, ConditionStatus::True, path, errors);
                (Name::from(pattern.type_.as_str()), status)
            });
            PodFailureRequirement::PodConditions(patterns.collect())
        };
        rules.push(PodFailurePolicyRule { action, requirement });
    }
    rules
}

fn convert_success_rule(
    rule: &batch::SuccessPolicyRule,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> SuccessPolicyRule {
    let indexes = rule.succeeded_indexes.as_deref().map(CompletionIndexes::parse);
    if let Some(Err(problem)) = &indexes {
        errors.push(path.key("succeededIndexes"), problem);
    }
    SuccessPolicyRule { succeeded_indexes: indexes.and_then(Result::ok), succeeded_count: rule.succeeded_count }
}
