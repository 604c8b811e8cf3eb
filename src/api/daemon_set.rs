//! `DaemonSet` of `apps/v1`, after API-server defaulting, and its status.

use super::{ApiObject, ImmutableField, IntOrPercent, Kind, LabelSelector, ObjectMeta, PodTemplate};
use crate::units::SimDuration;
use std::sync::Arc;

/// `spec.updateStrategy` of a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DaemonSetUpdateStrategy {
    /// Node by node.
    RollingUpdate {
        /// Nodes without an available pod; a percentage rounds up.
        max_unavailable: IntOrPercent,
        /// Nodes with a second pod; a percentage rounds up.
        max_surge: IntOrPercent,
    },
    /// When the user deletes a pod.
    OnDelete,
}

/// A `DaemonSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSet<T = Arc<PodTemplate>> {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: T,
    /// `spec.updateStrategy`.
    pub update_strategy: DaemonSetUpdateStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
}

impl<T> DaemonSet<T> {
    /// The same with its template held in another way, for example by the id of what admission made of it.
    #[must_use]
    pub fn with_template<U>(self, template: U) -> DaemonSet<U> {
        let Self { meta, selector, template: _, update_strategy, min_ready } = self;
        DaemonSet { meta, selector, template, update_strategy, min_ready }
    }
}

impl ApiObject for DaemonSet {
    fn kind(&self) -> Kind {
        Kind::DaemonSet
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn selector(&self) -> Option<&LabelSelector> {
        Some(&self.selector)
    }

    fn immutable_fields(&self) -> Vec<ImmutableField> {
        vec![ImmutableField::new("spec.selector", &self.selector)]
    }
}

/// `status` of a DaemonSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaemonSetStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `desiredNumberScheduled`: nodes that should run a pod.
    pub desired_number_scheduled: i32,
    /// `currentNumberScheduled`: those of them that have one.
    pub current_number_scheduled: i32,
    /// `numberMisscheduled`: nodes that have a pod and should not.
    pub number_misscheduled: i32,
    /// `numberReady`: nodes that should run a pod and have a ready one.
    pub number_ready: i32,
    /// `updatedNumberScheduled`: those whose pod is of the current template.
    pub updated_number_scheduled: i32,
    /// `numberAvailable`: those whose pod has been ready for `minReadySeconds`.
    pub number_available: i32,
    /// `numberUnavailable`: nodes that should run a pod and have no available one.
    pub number_unavailable: i32,
}
