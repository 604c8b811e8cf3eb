//! `StatefulSet` of `apps/v1`, after API-server defaulting, and its status.

use super::{
    ApiObject, ClaimTemplate, ImmutableField, IntOrPercent, Kind, LabelSelector, Name, ObjectMeta, PodTemplate,
};
use crate::units::SimDuration;
use std::sync::Arc;

/// `spec.podManagementPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PodManagementPolicy {
    /// One pod after the other.
    #[default]
    OrderedReady,
    /// All at once.
    Parallel,
}

/// `spec.updateStrategy` of a StatefulSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatefulSetUpdateStrategy {
    /// From the highest ordinal down to `partition`.
    RollingUpdate {
        /// Ordinals below stay at the current revision.
        partition: i32,
        /// `maxUnavailable`: pods that may be unavailable at a time; a percentage rounds down, to at least one. Ignored
        /// where the gate `MaxUnavailableStatefulSet` is off.
        max_unavailable: Option<IntOrPercent>,
    },
    /// When the user deletes a pod.
    OnDelete,
}

/// `spec.persistentVolumeClaimRetentionPolicy`: whether the claims of the templates are deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClaimRetention {
    /// `whenDeleted` is `Delete`: with the StatefulSet.
    pub delete_when_deleted: bool,
    /// `whenScaled` is `Delete`: with the pods that a smaller size takes away.
    pub delete_when_scaled: bool,
}

/// A `StatefulSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatefulSet<T = Arc<PodTemplate>> {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: T,
    /// `spec.podManagementPolicy`.
    pub pod_management_policy: PodManagementPolicy,
    /// `spec.updateStrategy`.
    pub update_strategy: StatefulSetUpdateStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// `spec.ordinals.start`.
    pub first_ordinal: i32,
    /// `spec.persistentVolumeClaimRetentionPolicy`.
    pub claim_retention: ClaimRetention,
    /// `spec.volumeClaimTemplates`; the pods' volumes for them are in the template.
    pub volume_claim_templates: Vec<ClaimTemplate>,
}

impl<T> StatefulSet<T> {
    /// The same with its template held in another way, for example by the id of what admission made of it.
    #[must_use]
    pub fn with_template<U>(self, template: U) -> StatefulSet<U> {
        let Self {
            meta,
            replicas,
            selector,
            template: _,
            pod_management_policy,
            update_strategy,
            min_ready,
            first_ordinal,
            claim_retention,
            volume_claim_templates,
        } = self;
        StatefulSet {
            meta,
            replicas,
            selector,
            template,
            pod_management_policy,
            update_strategy,
            min_ready,
            first_ordinal,
            claim_retention,
            volume_claim_templates,
        }
    }
}

impl ApiObject for StatefulSet {
    fn kind(&self) -> Kind {
        Kind::StatefulSet
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

    /// `ValidateStatefulSetUpdate`, Kubernetes 1.36.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let fixed = (&self.selector, self.pod_management_policy, &self.volume_claim_templates);
        let message = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                       'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                       'minReadySeconds' are forbidden";
        vec![ImmutableField::with_message("spec", message, &fixed)]
    }
}

/// `status` of a StatefulSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatefulSetStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `replicas`: its pods, terminating ones too.
    pub replicas: i32,
    /// `readyReplicas`: running and ready.
    pub ready_replicas: i32,
    /// `availableReplicas`: running, and ready for `minReadySeconds`.
    pub available_replicas: i32,
    /// `currentReplicas`: pods of the current revision that are not terminating.
    pub current_replicas: i32,
    /// `updatedReplicas`: pods of the update revision that are not terminating.
    pub updated_replicas: i32,
    /// `currentRevision`.
    pub current_revision: Name,
    /// `updateRevision`.
    pub update_revision: Name,
}
