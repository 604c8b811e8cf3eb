//! Any object that a manifest can hold and the simulation acts on.

use super::{
    ClaimTemplate, ConfigObject, CsiStorageCapacity, DaemonSet, Deployment, DriverLimits, HorizontalPodAutoscaler,
    LimitRange, Namespace, Node, ObjectMeta, PersistentVolume, Pod, PodDisruptionBudget, PriorityClass, ReplicaSet,
    Service, StatefulSet, StorageClass, WithMeta,
};
use super::{LabelSelector, PodTemplate};
use std::sync::Arc;

/// One object after defaulting and validation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the Kubernetes kind of its name")]
pub enum Object {
    Namespace(Namespace),
    LimitRange(LimitRange),
    Node(Node),
    Pod(Pod),
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSet),
    Deployment(Deployment),
    StatefulSet(StatefulSet),
    DaemonSet(DaemonSet),
    Service(Service),
    HorizontalPodAutoscaler(HorizontalPodAutoscaler),
    PriorityClass(PriorityClass),
    PodDisruptionBudget(PodDisruptionBudget),
    PersistentVolume(Box<WithMeta<PersistentVolume>>),
    PersistentVolumeClaim(Box<WithMeta<ClaimTemplate>>),
    /// The class, and whether it is the default one.
    StorageClass(Box<WithMeta<(StorageClass, bool)>>),
    /// Each driver with its `allocatable.count`.
    CsiNode(Box<WithMeta<DriverLimits>>),
    /// Whether it publishes capacities (`storageCapacity`).
    CsiDriver(Box<WithMeta<bool>>),
    CsiStorageCapacity(Box<WithMeta<CsiStorageCapacity>>),
    /// A ConfigMap or the like.
    Config(ConfigObject),
}

impl Object {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "Namespace",
            Self::LimitRange(_) => "LimitRange",
            Self::Node(_) => "Node",
            Self::Pod(_) => "Pod",
            Self::ReplicaSet(set) => set.kind.as_str(),
            Self::Deployment(_) => "Deployment",
            Self::StatefulSet(_) => "StatefulSet",
            Self::DaemonSet(_) => "DaemonSet",
            Self::Service(_) => "Service",
            Self::HorizontalPodAutoscaler(_) => "HorizontalPodAutoscaler",
            Self::PriorityClass(_) => "PriorityClass",
            Self::PodDisruptionBudget(_) => "PodDisruptionBudget",
            Self::PersistentVolume(_) => "PersistentVolume",
            Self::PersistentVolumeClaim(_) => "PersistentVolumeClaim",
            Self::StorageClass(_) => "StorageClass",
            Self::CsiNode(_) => "CSINode",
            Self::CsiDriver(_) => "CSIDriver",
            Self::CsiStorageCapacity(_) => "CSIStorageCapacity",
            Self::Config(object) => object.kind.as_str(),
        }
    }

    /// The identity.
    #[must_use]
    pub const fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Namespace(object) => &object.meta,
            Self::LimitRange(object) => &object.meta,
            Self::Node(object) => &object.meta,
            Self::Pod(object) => &object.meta,
            Self::ReplicaSet(object) => &object.meta,
            Self::Deployment(object) => &object.meta,
            Self::StatefulSet(object) => &object.meta,
            Self::DaemonSet(object) => &object.meta,
            Self::Service(object) => &object.meta,
            Self::HorizontalPodAutoscaler(object) => &object.meta,
            Self::PriorityClass(object) => &object.meta,
            Self::PodDisruptionBudget(object) => &object.meta,
            Self::PersistentVolume(object) => &object.meta,
            Self::PersistentVolumeClaim(object) => &object.meta,
            Self::StorageClass(object) => &object.meta,
            Self::CsiNode(object) => &object.meta,
            Self::CsiDriver(object) => &object.meta,
            Self::CsiStorageCapacity(object) => &object.meta,
            Self::Config(object) => &object.meta,
        }
    }

    /// What the object's pods are made from, and the selector by which it finds them; `None` of objects without pods. A
    /// pod is made from its template and selects nothing.
    #[must_use]
    pub const fn pod_template(&self) -> Option<(&Arc<PodTemplate>, Option<&LabelSelector>)> {
        match self {
            Self::Pod(pod) => Some((&pod.template, None)),
            Self::ReplicaSet(set) => Some((&set.template, Some(&set.selector))),
            Self::Deployment(deployment) => Some((&deployment.template, Some(&deployment.selector))),
            Self::StatefulSet(set) => Some((&set.template, Some(&set.selector))),
            Self::DaemonSet(set) => Some((&set.template, Some(&set.selector))),
            Self::Namespace(_)
            | Self::LimitRange(_)
            | Self::Node(_)
            | Self::Service(_)
            | Self::HorizontalPodAutoscaler(_)
            | Self::PriorityClass(_)
            | Self::PodDisruptionBudget(_)
            | Self::PersistentVolume(_)
            | Self::PersistentVolumeClaim(_)
            | Self::StorageClass(_)
            | Self::CsiNode(_)
            | Self::CsiDriver(_)
            | Self::CsiStorageCapacity(_)
            | Self::Config(_) => None,
        }
    }
}
