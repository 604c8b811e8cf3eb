//! PriorityClasses.

use super::common::pod_template::PREEMPTION_POLICIES;
use super::common::validation::{Naming, object_meta};
use super::common::{meta, value::optional_word};
use crate::api::{self, PreemptionPolicy};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::scheduling::v1 as scheduling;

/// The highest priority that a user's class can have (`HighestUserDefinablePriority`).
const HIGHEST_USER_DEFINABLE_PRIORITY: i32 = 1_000_000_000;
/// The classes that every cluster has, and their values.
const SYSTEM_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// Checks what the API server checks (`ValidatePriorityClass`, Kubernetes 1.36).
pub fn validate(class: &scheduling::PriorityClass, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&class.metadata, Naming::Cluster, root.key("metadata"), errors);
    let name = class.metadata.name.as_deref().unwrap_or_default();
    let value = class.value.unwrap_or(0);
    if name.starts_with("system-") {
        if !SYSTEM_CLASSES.contains(&(name, value)) {
            errors.push("metadata.name", format_args!("`{name}` is reserved for the system (expected another prefix)"));
        }
    } else if value > HIGHEST_USER_DEFINABLE_PRIORITY {
        errors.push("value", format_args!("{value} is too large (expected at most {HIGHEST_USER_DEFINABLE_PRIORITY})"));
    }
}

/// Converts a PriorityClass. Times are relative to `start`.
pub fn convert(class: &scheduling::PriorityClass, start: Timestamp, errors: &mut FieldErrors) -> api::PriorityClass {
    let root = FieldPath::Root;
    api::PriorityClass {
        meta: meta::convert_cluster_scoped(&class.metadata, start),
        value: class.value.unwrap_or(0),
        global_default: class.global_default == Some(true),
        preemption_policy: optional_word(
            class.preemption_policy.as_ref(),
            &PREEMPTION_POLICIES,
            PreemptionPolicy::default(),
            root.key("preemptionPolicy"),
            errors,
        ),
    }
}
