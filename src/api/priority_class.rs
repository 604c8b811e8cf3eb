//! `PriorityClass` of `scheduling.k8s.io/v1`.

use super::{ApiObject, ImmutableField, Kind, ObjectMeta, PreemptionPolicy};

/// A `PriorityClass`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriorityClass {
    /// Identity.
    pub meta: ObjectMeta,
    /// Priority of its pods.
    pub value: i32,
    /// Whether pods without a class get this one.
    pub global_default: bool,
    /// Preemption policy of its pods.
    pub preemption_policy: PreemptionPolicy,
}

impl ApiObject for PriorityClass {
    fn kind(&self) -> Kind {
        Kind::PriorityClass
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// `ValidatePriorityClassUpdate`, Kubernetes 1.36.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let message = "Forbidden: may not be changed in an update.";
        vec![
            ImmutableField::with_message("value", message, &self.value),
            ImmutableField::new("preemptionPolicy", &self.preemption_policy),
        ]
    }
}
