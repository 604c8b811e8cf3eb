//! `ReplicaSet` of `apps/v1` and `ReplicationController` of `v1`, after API-server defaulting.

use super::{ApiObject, ImmutableField, Kind, LabelSelector, ObjectMeta, PodTemplate};
use crate::units::SimDuration;
use std::sync::Arc;

/// A `ReplicaSet`, or a `ReplicationController`, which Kubernetes' controller sees as a ReplicaSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// [`Kind::ReplicaSet`] or [`Kind::ReplicationController`].
    pub kind: Kind,
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: Arc<PodTemplate>,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
}

impl ApiObject for ReplicaSet {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn selector(&self) -> Option<&LabelSelector> {
        Some(&self.selector)
    }

    fn replicas(&self) -> Option<i32> {
        Some(self.replicas)
    }

    /// A ReplicationController may change its selector, a ReplicaSet may not.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        match self.kind {
            Kind::ReplicationController => Vec::new(),
            _ => vec![ImmutableField::new("spec.selector", &self.selector)],
        }
    }
}
