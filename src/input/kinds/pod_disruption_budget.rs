//! PodDisruptionBudgets.

use super::common::meta;
use super::common::selector::convert_optional_label_selector;
use super::common::validation::{Naming, label_selector, object_meta};
use super::common::value::optional_word;
use super::common::workload::{at_most_all, int_or_percent};
use super::kind::Kind;
use crate::api::{self, IntOrPercent, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::policy::v1 as policy;

/// `PodDisruptionBudget` of `policy/v1`.
pub struct PodDisruptionBudget;

impl Kind for PodDisruptionBudget {
    type Plain = policy::PodDisruptionBudget;
    type Converted = Object;
    const KIND: &'static str = "PodDisruptionBudget";
    const VERSIONS: &'static [&'static str] = &["policy/v1"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks what the API server checks (`ValidatePodDisruptionBudgetSpec`, Kubernetes 1.36).
    fn validate(budget: &policy::PodDisruptionBudget, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&budget.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &budget.spec else {
            errors.push(path, "missing (expected a PodDisruptionBudget spec)");
            return;
        };
        if spec.min_available.is_some() && spec.max_unavailable.is_some() {
            errors.push(path, "minAvailable and maxUnavailable are both given (expected one of them)");
        }
        for (number, field) in [(&spec.min_available, "minAvailable"), (&spec.max_unavailable, "maxUnavailable")] {
            // Errors in the number itself are reported by the conversion.
            let ignored = &mut FieldErrors::default();
            at_most_all(
                int_or_percent(number.as_ref(), IntOrPercent::Int(0), path.key(field), ignored),
                path.key(field),
                errors,
            );
        }
        if let Some(selector) = &spec.selector {
            label_selector(selector, path.key("selector"), errors);
        }
    }

    fn convert(budget: &policy::PodDisruptionBudget, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = policy::PodDisruptionBudgetSpec::default();
        let spec = budget.spec.as_ref().unwrap_or(&empty);
        let selector = convert_optional_label_selector(spec.selector.as_ref(), path.key("selector"), errors);
        let always_allow_unhealthy = optional_word(
            spec.unhealthy_pod_eviction_policy.as_ref(),
            &[("IfHealthyBudget", false), ("AlwaysAllow", true)],
            false,
            path.key("unhealthyPodEvictionPolicy"),
            errors,
        );
        let min = spec.min_available.as_ref();
        let max = spec.max_unavailable.as_ref();
        let none = IntOrPercent::Int(0);
        Object::PodDisruptionBudget(api::PodDisruptionBudget {
            meta: meta::convert(&budget.metadata, start),
            selector,
            min_available: min.map(|number| int_or_percent(Some(number), none, path.key("minAvailable"), errors)),
            max_unavailable: max.map(|number| int_or_percent(Some(number), none, path.key("maxUnavailable"), errors)),
            always_allow_unhealthy,
            disruptions_allowed: budget.status.as_ref().and_then(|status| status.disruptions_allowed),
        })
    }
}
