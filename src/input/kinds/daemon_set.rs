//! DaemonSets.

use super::common::validation::{Naming, not_negative, object_meta};
use super::common::workload::{
    at_most_all, convert_selector, convert_template, int_or_percent, is_zero, seconds, set_template_defaults,
    validate_selector_and_template,
};
use super::common::{meta, value::optional_word};
use super::kind::Kind;
use crate::api::{self, DaemonSetUpdateStrategy, IntOrPercent, Object};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;

/// `DaemonSet` of `apps/v1`.
pub struct DaemonSet;

impl Kind for DaemonSet {
    type Plain = apps::DaemonSet;
    type Converted = Object;
    const KIND: &'static str = "DaemonSet";
    const VERSIONS: &'static [&'static str] = &["apps/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["revisionHistoryLimit"], ..InertFields::of("DaemonSetSpec") }];

    fn set_defaults(daemon_set: &mut apps::DaemonSet) {
        if let Some(spec) = &mut daemon_set.spec {
            set_template_defaults(&mut spec.template);
        }
    }

    /// Checks what the API server checks (`ValidateDaemonSet`, Kubernetes 1.36).
    fn validate(daemon_set: &apps::DaemonSet, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&daemon_set.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &daemon_set.spec else {
            errors.push(path, "missing (expected a DaemonSet spec)");
            return;
        };
        not_negative(spec.min_ready_seconds, path.key("minReadySeconds"), errors);
        validate_selector_and_template(&spec.selector, &spec.template, errors);
        let strategy_path = path.key("updateStrategy");
        // Errors in the numbers themselves are reported by the conversion.
        if let DaemonSetUpdateStrategy::RollingUpdate { max_unavailable, max_surge } =
            convert_strategy(spec.update_strategy.as_ref(), strategy_path, &mut FieldErrors::default())
        {
            let step_path = strategy_path.key("rollingUpdate");
            at_most_all(max_unavailable, step_path.key("maxUnavailable"), errors);
            at_most_all(max_surge, step_path.key("maxSurge"), errors);
            match (is_zero(max_unavailable), is_zero(max_surge)) {
                (true, true) => errors.push(
                    step_path.key("maxUnavailable"),
                    "is 0 while maxSurge is 0 too (expected at least one of them above 0)",
                ),
                (false, false) => errors.push(
                    step_path.key("maxSurge"),
                    "is given while maxUnavailable is above 0 (expected one of them to be 0)",
                ),
                _ => {}
            }
        }
    }

    fn convert(daemon_set: &apps::DaemonSet, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = apps::DaemonSetSpec::default();
        let spec = daemon_set.spec.as_ref().unwrap_or(&empty);
        Object::DaemonSet(api::DaemonSet {
            meta: meta::convert(&daemon_set.metadata, start),
            selector: convert_selector(&spec.selector, errors),
            template: convert_template(&spec.template, errors),
            update_strategy: convert_strategy(spec.update_strategy.as_ref(), path.key("updateStrategy"), errors),
            min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
        })
    }
}

/// Converts `spec.updateStrategy`: one unavailable pod and no surge by default.
fn convert_strategy(
    strategy: Option<&apps::DaemonSetUpdateStrategy>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> DaemonSetUpdateStrategy {
    let on_delete = optional_word(
        strategy.and_then(|strategy| strategy.type_.as_ref()),
        &[("RollingUpdate", false), ("OnDelete", true)],
        false,
        path.key("type"),
        errors,
    );
    if on_delete {
        return DaemonSetUpdateStrategy::OnDelete;
    }
    let step = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let step_path = path.key("rollingUpdate");
    let mut number = |number, default, field| int_or_percent(number, default, step_path.key(field), errors);
    DaemonSetUpdateStrategy::RollingUpdate {
        max_unavailable: number(
            step.and_then(|step| step.max_unavailable.as_ref()),
            IntOrPercent::Int(1),
            "maxUnavailable",
        ),
        max_surge: number(step.and_then(|step| step.max_surge.as_ref()), IntOrPercent::Int(0), "maxSurge"),
    }
}
