//! `Deployment` of `apps/v1`, after API-server defaulting, and its status.

use super::{ApiObject, ConditionStatus, ImmutableField, IntOrPercent, Kind, LabelSelector, ObjectMeta, PodTemplate};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// `spec.strategy` of a Deployment, after defaulting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeploymentStrategy {
    /// Old pods go before new ones come.
    Recreate,
    /// Old pods are replaced in steps.
    RollingUpdate {
        /// Pods above the wanted number; a percentage rounds up.
        max_surge: IntOrPercent,
        /// Pods below the wanted number; a percentage rounds down.
        max_unavailable: IntOrPercent,
    },
}

impl Default for DeploymentStrategy {
    fn default() -> Self {
        Self::RollingUpdate { max_surge: IntOrPercent::Percent(25), max_unavailable: IntOrPercent::Percent(25) }
    }
}

/// A `Deployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment<T = Arc<PodTemplate>> {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: T,
    /// `spec.strategy`.
    pub strategy: DeploymentStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// `spec.progressDeadlineSeconds`; `None` is without a deadline.
    pub progress_deadline: Option<SimDuration>,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// `spec.paused`.
    pub paused: bool,
}

impl<T> Deployment<T> {
    /// The same with its template held in another way, for example by the id of what admission made of it.
    #[must_use]
    pub fn with_template<U>(self, template: U) -> Deployment<U> {
        let Self {
            meta,
            replicas,
            selector,
            template: _,
            strategy,
            min_ready,
            progress_deadline,
            revision_history_limit,
            paused,
        } = self;
        Deployment {
            meta,
            replicas,
            selector,
            template,
            strategy,
            min_ready,
            progress_deadline,
            revision_history_limit,
            paused,
        }
    }
}

impl ApiObject for Deployment {
    fn kind(&self) -> Kind {
        Kind::Deployment
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

    fn immutable_fields(&self) -> Vec<ImmutableField> {
        vec![ImmutableField::new("spec.selector", &self.selector)]
    }
}

/// Reason of the condition `Progressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgressingReason {
    /// A new ReplicaSet was created.
    NewReplicaSetCreated,
    /// An existing ReplicaSet became the new one.
    FoundNewReplicaSet,
    /// Pods were replaced, became ready or available.
    ReplicaSetUpdated,
    /// The rollout is complete.
    NewReplicaSetAvailable,
    /// No progress for `progressDeadlineSeconds`.
    ProgressDeadlineExceeded,
    /// The Deployment is paused.
    DeploymentPaused,
    /// The Deployment was resumed.
    DeploymentResumed,
}

impl ProgressingReason {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewReplicaSetCreated => "NewReplicaSetCreated",
            Self::FoundNewReplicaSet => "FoundNewReplicaSet",
            Self::ReplicaSetUpdated => "ReplicaSetUpdated",
            Self::NewReplicaSetAvailable => "NewReplicaSetAvailable",
            Self::ProgressDeadlineExceeded => "ProgressDeadlineExceeded",
            Self::DeploymentPaused => "DeploymentPaused",
            Self::DeploymentResumed => "DeploymentResumed",
        }
    }

    /// The status that the condition has with this reason.
    #[must_use]
    pub const fn status(self) -> ConditionStatus {
        match self {
            Self::ProgressDeadlineExceeded => ConditionStatus::False,
            Self::DeploymentPaused | Self::DeploymentResumed => ConditionStatus::Unknown,
            _ => ConditionStatus::True,
        }
    }
}

/// The condition `Progressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentCondition {
    /// Status.
    pub status: ConditionStatus,
    /// Reason.
    pub reason: ProgressingReason,
    /// `lastUpdateTime`, in whole seconds as the API stores it; the progress deadline counts from here.
    pub last_update: SimTime,
    /// `lastTransitionTime`, in whole seconds.
    pub last_transition: SimTime,
}

/// `status` of a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// The Deployment's annotation `deployment.kubernetes.io/revision`, which is written together with the status.
    pub revision: i64,
    /// `replicas`.
    pub replicas: i32,
    /// `updatedReplicas`.
    pub updated_replicas: i32,
    /// `readyReplicas`.
    pub ready_replicas: i32,
    /// `availableReplicas`.
    pub available_replicas: i32,
    /// `unavailableReplicas`.
    pub unavailable_replicas: i32,
    /// Condition `Available`: `MinimumReplicasAvailable` or `MinimumReplicasUnavailable`; absent before the first
    /// status.
    pub available: Option<bool>,
    /// Condition `Progressing`; absent without a progress deadline.
    pub progressing: Option<DeploymentCondition>,
}
