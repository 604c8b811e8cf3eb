//! What the API server refuses in the spec of a Job (`validateJobSpec`, Kubernetes 1.36).

use super::job::{OPERATORS, STATUSES};
use super::meta::labels;
use super::pod_validation::validate_bare_template;
use super::selector::convert_label_selector;
use super::validation::{at_least, is_dns_label, is_qualified_name, label_selector, not_negative, qualified_name};
use crate::api::CompletionIndexes;
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1::PodSpec;
use std::fmt::Display;

/// `maxParallelismForIndexedJob`, `maxFailedIndexesForIndexedJob`, `completionsSoftLimit`.
const INDEXED_LIMIT: i32 = 100_000;
/// `parallelismLimitForHighCompletions`, `maxFailedIndexesLimitForHighCompletions`.
const HIGH_COMPLETIONS_LIMIT: i32 = 10_000;
/// `maxPodFailurePolicyRules`, `maxPodFailurePolicyOnPodConditionsPatterns`, `maxJobSuccessPolicyRule`.
const MAX_RULES: usize = 20;
/// `maxPodFailurePolicyOnExitCodesValues`.
const MAX_EXIT_CODES: usize = 255;
/// `maxJobSuccessPolicySucceededIndexesLimit`.
const MAX_INDEXES_LENGTH: usize = 64 * 1024;
/// `maxManagedByLength`.
const MAX_MANAGED_BY_LENGTH: usize = 63;

/// Whether a Job is Indexed.
fn is_indexed(spec: &batch::JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Completions as the API server defaults them.
fn completions(spec: &batch::JobSpec) -> Option<i32> {
    spec.completions.or_else(|| spec.parallelism.is_none().then_some(1))
}

/// Checks that a number is at most `most`.
fn at_most(number: Option<i32>, most: i32, why: impl Display, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| *number > most) {
        errors.push(path, format_args!("{number} is too large (expected at most {most}{why})"));
    }
}

/// Checks the spec of a Job; `path` leads to it.
pub fn validate_spec(spec: &batch::JobSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    not_negative(spec.parallelism, path.key("parallelism"), errors);
    not_negative(spec.completions, path.key("completions"), errors);
    not_negative(spec.active_deadline_seconds, path.key("activeDeadlineSeconds"), errors);
    not_negative(spec.backoff_limit, path.key("backoffLimit"), errors);
    not_negative(spec.ttl_seconds_after_finished, path.key("ttlSecondsAfterFinished"), errors);
    not_negative(spec.backoff_limit_per_index, path.key("backoffLimitPerIndex"), errors);
    not_negative(spec.max_failed_indexes, path.key("maxFailedIndexes"), errors);
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors.push(path.key("backoffLimitPerIndex"), "missing (needed by maxFailedIndexes)");
    }
    if let Some(manager) = &spec.managed_by
        && (!manager.contains('/') || !is_qualified_name(manager) || manager.len() > MAX_MANAGED_BY_LENGTH)
    {
        errors.push(
            path.key("managedBy"),
            format_args!("`{manager}` is not the name of a controller (expected a form such as `example.com/name`)"),
        );
    }
    if is_indexed(spec) {
        validate_indexed(spec, path, errors);
    } else {
        for (is_given, field) in [
            (spec.backoff_limit_per_index.is_some(), "backoffLimitPerIndex"),
            (spec.max_failed_indexes.is_some(), "maxFailedIndexes"),
            (spec.success_policy.is_some(), "successPolicy"),
        ] {
            if is_given {
                errors
                    .push(path.key(field), "is given for a Job that is not Indexed (expected completionMode Indexed)");
            }
        }
    }
    if let Some(policy) = &spec.pod_failure_policy {
        validate_failure_policy(policy, spec, path.key("podFailurePolicy"), errors);
        if spec.pod_replacement_policy.as_deref().is_some_and(|word| word == "TerminatingOrFailed") {
            errors.push(
                path.key("podReplacementPolicy"),
                "`TerminatingOrFailed` is not allowed with a podFailurePolicy (expected `Failed`)",
            );
        }
    }
    let template_path = path.key("template");
    validate_bare_template(&spec.template, template_path, errors);
    let Some(pods) = &spec.template.spec else { return };
    let policy_path = template_path.key("spec");
    let policy_path = policy_path.key("restartPolicy");
    match pods.restart_policy.as_deref() {
        Some("Never") => {}
        Some("OnFailure") if spec.pod_failure_policy.is_none() => {}
        Some("OnFailure") => {
            errors.push(policy_path, "`OnFailure` is not allowed with a podFailurePolicy (expected `Never`)");
        }
        None | Some("") => errors.push(policy_path, "missing (expected `OnFailure` or `Never`)"),
        Some(other) => {
            errors.push(policy_path, format_args!("`{other}` is not allowed here (expected `OnFailure` or `Never`)"));
        }
    }
}

fn validate_indexed(spec: &batch::JobSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let Some(completions) = completions(spec) else {
        errors.push(path.key("completions"), "missing (needed by completionMode Indexed)");
        return;
    };
    at_most(spec.parallelism, INDEXED_LIMIT, " in an Indexed Job", path.key("parallelism"), errors);
    let failed_path = path.key("maxFailedIndexes");
    at_most(spec.max_failed_indexes, completions.min(INDEXED_LIMIT), ", the completions", failed_path, errors);
    if completions > INDEXED_LIMIT && spec.backoff_limit_per_index.is_some() {
        let why = format!(" with more than {INDEXED_LIMIT} completions");
        if spec.max_failed_indexes.is_none() {
            errors.push(failed_path, format_args!("missing (needed{why})"));
        }
        at_most(spec.parallelism, HIGH_COMPLETIONS_LIMIT, &why, path.key("parallelism"), errors);
        at_most(spec.max_failed_indexes, HIGH_COMPLETIONS_LIMIT, &why, failed_path, errors);
    }
    if let Some(policy) = &spec.success_policy {
        validate_success_policy(policy, completions, path.key("successPolicy"), errors);
    }
}

/// Checks that the host names of an Indexed Job's pods are DNS labels (`validatePodTemplate...` of `ValidateJob`).
pub fn validate_pod_names(name: &str, spec: &batch::JobSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let Some(last) = completions(spec).filter(|completions| *completions > 0 && is_indexed(spec)) else { return };
    let host = format!("{name}-{}", last - 1);
    if !name.is_empty() && !is_dns_label(&host) {
        errors.push(
            path,
            format_args!(
                "`{host}` would be the host name of a pod and is not a DNS-1123 label (expected a shorter name)"
            ),
        );
    }
}

/// Checks `spec.selector`, which only Jobs with `manualSelector` give.
pub fn validate_manual_selector(spec: &batch::JobSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if spec.manual_selector != Some(true) {
        return;
    }
    let selector_path = path.key("selector");
    let Some(selector) = &spec.selector else {
        errors.push(selector_path, "missing (needed by manualSelector)");
        return;
    };
    label_selector(selector, selector_path, errors);
    let converted = convert_label_selector(selector, selector_path, &mut FieldErrors::default());
    let template = spec.template.metadata.as_ref().and_then(|meta| meta.labels.as_ref());
    if !converted.matches(&labels(template)) {
        errors.push(selector_path, "does not match spec.template.metadata.labels (expected to match them)");
    }
}

fn validate_failure_policy(
    policy: &batch::PodFailurePolicy,
    spec: &batch::JobSpec,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let rules_path = path.key("rules");
    at_most_of(policy.rules.len(), MAX_RULES, "rules", rules_path, errors);
    let empty = PodSpec::default();
    let pods = spec.template.spec.as_ref().unwrap_or(&empty);
    for (index, rule) in policy.rules.iter().enumerate() {
        let rule_path = rules_path.index(index);
        if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
            errors.push(rule_path.key("action"), "`FailIndex` needs backoffLimitPerIndex");
        }
        let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
        match (&rule.on_exit_codes, conditions.is_empty()) {
            (Some(_), false) => {
                errors.push(rule_path, "has both onExitCodes and onPodConditions (expected one of them)");
            }
            (None, true) => {
                errors.push(rule_path, "has neither onExitCodes nor onPodConditions (expected one of them)");
            }
            _ => {}
        }
        if let Some(codes) = &rule.on_exit_codes {
            validate_exit_codes(codes, pods, rule_path.key("onExitCodes"), errors);
        }
        let list_path = rule_path.key("onPodConditions");
        at_most_of(conditions.len(), MAX_RULES, "conditions", list_path, errors);
        for (index, pattern) in conditions.iter().enumerate() {
            let pattern_path = list_path.index(index);
            qualified_name(&pattern.type_, pattern_path.key("type"), errors);
            let status = pattern.status.as_deref().unwrap_or_default();
            if !status.is_empty() && STATUSES.iter().all(|(word, _)| *word != status) {
                errors.push(
                    pattern_path.key("status"),
                    format_args!("unknown value `{status}` (expected one of `True`, `False`, `Unknown`)"),
                );
            }
        }
    }
}

fn validate_exit_codes(
    codes: &batch::PodFailurePolicyOnExitCodesRequirement,
    pods: &PodSpec,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    if OPERATORS.iter().all(|(word, _)| *word != codes.operator) {
        errors
            .push(path.key("operator"), format_args!("unknown value `{}` (expected `In` or `NotIn`)", codes.operator));
    }
    if let Some(name) = &codes.container_name {
        let mut containers = pods.containers.iter().chain(pods.init_containers.iter().flatten());
        if !containers.any(|container| container.name == *name) {
            errors.push(path.key("containerName"), format_args!("`{name}` is no container of the template"));
        }
    }
    let values_path = path.key("values");
    at_most_of(codes.values.len(), MAX_EXIT_CODES, "values", values_path, errors);
    if codes.values.is_empty() {
        errors.push(values_path, "missing (expected at least one exit code)");
    }
    if !codes.values.is_sorted_by(|one, next| one < next) {
        errors.push(values_path, "do not ascend (expected distinct exit codes in ascending order)");
    }
    if codes.operator == "In" && codes.values.contains(&0) {
        errors.push(values_path, "0 is success (expected exit codes of failures with operator In)");
    }
}

fn validate_success_policy(
    policy: &batch::SuccessPolicy,
    completions: i32,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let rules_path = path.key("rules");
    at_most_of(policy.rules.len(), MAX_RULES, "rules", rules_path, errors);
    if policy.rules.is_empty() {
        errors.push(rules_path, "missing (expected at least one rule)");
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        let rule_path = rules_path.index(index);
        if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
            errors.push(rule_path, "has neither succeededCount nor succeededIndexes (expected at least one of them)");
        }
        let count_path = rule_path.key("succeededCount");
        at_least(rule.succeeded_count, 1, count_path, errors);
        at_most(rule.succeeded_count, completions, ", the completions", count_path, errors);
        let Some(text) = &rule.succeeded_indexes else { continue };
        let indexes_path = rule_path.key("succeededIndexes");
        at_most_of(text.len(), MAX_INDEXES_LENGTH, "characters", indexes_path, errors);
        // What is no list of indexes is reported when it is converted.
        let Ok(indexes) = CompletionIndexes::parse(text) else { continue };
        if indexes.max().is_none_or(|most| most >= completions) {
            let found = if text.is_empty() { "is empty" } else { "has an index that is too large" };
            errors.push(indexes_path, format_args!("{found} (expected indexes below {completions}, the completions)"));
        }
        at_most(rule.succeeded_count, indexes.total(), ", the number of succeededIndexes", count_path, errors);
    }
}

/// Checks how many items there are.
fn at_most_of(count: usize, most: usize, what: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if count > most {
        errors.push(path, format_args!("{count} {what} are too many (expected at most {most})"));
    }
}
