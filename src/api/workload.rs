//! Workload objects: Deployment, ReplicaSet, StatefulSet, DaemonSet.

use super::{ClaimTemplate, IntOrPercent, LabelSelector, ObjectMeta, PodTemplate};
use crate::units::SimDuration;
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
pub struct Deployment {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: Arc<PodTemplate>,
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

/// A `ReplicaSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
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
    },
    /// When the user deletes a pod.
    OnDelete,
}

/// A `StatefulSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatefulSet {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: Arc<PodTemplate>,
    /// `spec.podManagementPolicy`.
    pub pod_management_policy: PodManagementPolicy,
    /// `spec.updateStrategy`.
    pub update_strategy: StatefulSetUpdateStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// `spec.ordinals.start`.
    pub first_ordinal: i32,
    /// `spec.volumeClaimTemplates`; the pods' volumes for them are in the template.
    pub volume_claim_templates: Vec<ClaimTemplate>,
}

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
pub struct DaemonSet {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: Arc<PodTemplate>,
    /// `spec.updateStrategy`.
    pub update_strategy: DaemonSetUpdateStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
}
