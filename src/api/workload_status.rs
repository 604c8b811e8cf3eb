//! `status` of workload objects.

use super::{ConditionStatus, Name};
use crate::units::SimTime;

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
