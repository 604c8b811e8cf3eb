//! Deployments.

use super::common::validation::{Naming, not_negative, object_meta};
use super::common::workload::{
    at_most_all, convert_selector, convert_template, int_or_percent, is_zero, seconds, set_template_defaults,
    validate_selector_and_template,
};
use super::common::{meta, value::optional_word};
use super::kind::Kind;
use crate::api::{self, DeploymentStrategy, IntOrPercent, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;

/// `spec.progressDeadlineSeconds` where it is absent.
const DEFAULT_PROGRESS_DEADLINE_SECONDS: i32 = 600;
/// `spec.revisionHistoryLimit` where it is absent.
const DEFAULT_REVISION_HISTORY_LIMIT: i32 = 10;
/// Surge and unavailability where they are absent.
const DEFAULT_STEP: IntOrPercent = IntOrPercent::Percent(25);

/// `Deployment` of `apps/v1`.
pub struct Deployment;

impl Kind for Deployment {
    type Plain = apps::Deployment;
    type Converted = Object;
    const KIND: &'static str = "Deployment";
    const VERSIONS: &'static [&'static str] = &["apps/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(deployment: &mut apps::Deployment) {
        if let Some(spec) = &mut deployment.spec {
            set_template_defaults(&mut spec.template);
        }
    }

    /// Checks what the API server checks (`ValidateDeployment`, Kubernetes 1.36).
    fn validate(deployment: &apps::Deployment, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&deployment.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &deployment.spec else {
            errors.push(path, "missing (expected a Deployment spec)");
            return;
        };
        not_negative(spec.replicas, path.key("replicas"), errors);
        not_negative(spec.min_ready_seconds, path.key("minReadySeconds"), errors);
        not_negative(spec.revision_history_limit, path.key("revisionHistoryLimit"), errors);
        not_negative(spec.progress_deadline_seconds, path.key("progressDeadlineSeconds"), errors);
        let deadline = spec.progress_deadline_seconds.unwrap_or(DEFAULT_PROGRESS_DEADLINE_SECONDS);
        let min_ready = spec.min_ready_seconds.unwrap_or(0);
        if deadline >= 0 && deadline <= min_ready {
            errors.push(
                path.key("progressDeadlineSeconds"),
                format_args!("{deadline} is not above minReadySeconds of {min_ready} (expected more)"),
            );
        }
        validate_selector_and_template(&spec.selector, &spec.template, errors);
        let strategy = spec.strategy.as_ref();
        let strategy_path = path.key("strategy");
        if let Some(strategy) = strategy
            && strategy.type_.as_deref() == Some("Recreate")
            && strategy.rolling_update.is_some()
        {
            errors.push(strategy_path.key("rollingUpdate"), "is given for type Recreate (expected none)");
        }
        // Errors in the numbers themselves are reported by the conversion.
        if let DeploymentStrategy::RollingUpdate { max_surge, max_unavailable } =
            convert_strategy(strategy, strategy_path, &mut FieldErrors::default())
        {
            let step_path = strategy_path.key("rollingUpdate");
            at_most_all(max_unavailable, step_path.key("maxUnavailable"), errors);
            if is_zero(max_surge) && is_zero(max_unavailable) {
                errors.push(
                    step_path.key("maxUnavailable"),
                    "is 0 while maxSurge is 0 too (expected at least one of them above 0)",
                );
            }
        }
    }

    fn convert(deployment: &apps::Deployment, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = apps::DeploymentSpec::default();
        let spec = deployment.spec.as_ref().unwrap_or(&empty);
        let deadline = spec.progress_deadline_seconds.unwrap_or(DEFAULT_PROGRESS_DEADLINE_SECONDS);
        Object::Deployment(api::Deployment {
            meta: meta::convert(&deployment.metadata, start),
            replicas: spec.replicas.unwrap_or(1),
            selector: convert_selector(&spec.selector, errors),
            template: convert_template(&spec.template, errors),
            strategy: convert_strategy(spec.strategy.as_ref(), path.key("strategy"), errors),
            min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
            // The controller takes the largest number for "none" (`HasProgressDeadline`).
            progress_deadline: (deadline != i32::MAX).then(|| seconds(deadline)),
            revision_history_limit: spec.revision_history_limit.unwrap_or(DEFAULT_REVISION_HISTORY_LIMIT),
            paused: spec.paused == Some(true),
        })
    }
}

/// Converts `spec.strategy`.
fn convert_strategy(
    strategy: Option<&apps::DeploymentStrategy>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> DeploymentStrategy {
    let recreates = optional_word(
        strategy.and_then(|strategy| strategy.type_.as_ref()),
        &[("RollingUpdate", false), ("Recreate", true)],
        false,
        path.key("type"),
        errors,
    );
    if recreates {
        return DeploymentStrategy::Recreate;
    }
    let step = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let step_path = path.key("rollingUpdate");
    let mut number = |number, field| int_or_percent(number, DEFAULT_STEP, step_path.key(field), errors);
    DeploymentStrategy::RollingUpdate {
        max_surge: number(step.and_then(|step| step.max_surge.as_ref()), "maxSurge"),
        max_unavailable: number(step.and_then(|step| step.max_unavailable.as_ref()), "maxUnavailable"),
    }
}
