//! Workload objects: Deployment, ReplicaSet, StatefulSet, DaemonSet. `T` is how their pod template is held.

use super::{ClaimTemplate, IntOrPercent, Kind, LabelSelector, ObjectMeta, PodTemplate};
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
            volume_claim_templates,
        }
    }
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
