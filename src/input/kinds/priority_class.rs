//! PriorityClasses.

use super::common::pod_template::PREEMPTION_POLICIES;
use super::common::validation::{Naming, object_meta};
use super::common::{meta, value::optional_word};
use super::kind::Kind;
use crate::api::{self, Object, PreemptionPolicy};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::scheduling::v1 as scheduling;

/// The highest priority that a user's class can have (`HighestUserDefinablePriority`).
const HIGHEST_USER_DEFINABLE_PRIORITY: i32 = 1_000_000_000;
/// The classes that every cluster has, and their values.
const SYSTEM_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// `PriorityClass` of `scheduling.k8s.io/v1`.
pub struct PriorityClass;

impl Kind for PriorityClass {
    type Plain = scheduling::PriorityClass;
    type Converted = Object;
    const KIND: &'static str = "PriorityClass";
    const VERSIONS: &'static [&'static str] = &["scheduling.k8s.io/v1"];
    const NAMING: Naming = Naming::Cluster;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["description"], ..InertFields::of("PriorityClass") }];

    /// Checks what the API server checks (`ValidatePriorityClass`, Kubernetes 1.36).
    fn validate(class: &scheduling::PriorityClass, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&class.metadata, Self::NAMING, root.key("metadata"), errors);
        let name = class.metadata.name.as_deref().unwrap_or_default();
        let value = class.value.unwrap_or(0);
        if name.starts_with("system-") {
            if !SYSTEM_CLASSES.contains(&(name, value)) {
                errors.push(
                    "metadata.name",
                    format_args!("`{name}` is reserved for the system (expected another prefix)"),
                );
            }
        } else if value > HIGHEST_USER_DEFINABLE_PRIORITY {
            errors.push(
                "value",
                format_args!("{value} is too large (expected at most {HIGHEST_USER_DEFINABLE_PRIORITY})"),
            );
        }
    }

    fn convert(class: &scheduling::PriorityClass, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        Object::PriorityClass(api::PriorityClass {
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
        })
    }
}
