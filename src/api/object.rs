//! Any object that a manifest can hold and the simulation acts on.

use super::{
    DaemonSet, Deployment, HorizontalPodAutoscaler, LimitRange, Namespace, Node, ObjectMeta, Pod, PodDisruptionBudget,
    PriorityClass, ReplicaSet, Service, StatefulSet,
};

/// One object after defaulting and validation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the Kubernetes kind of its name")]
pub enum Object {
    Namespace(Namespace),
    LimitRange(LimitRange),
    Node(Node),
    Pod(Pod),
    ReplicaSet(ReplicaSet),
    Deployment(Deployment),
    StatefulSet(StatefulSet),
    DaemonSet(DaemonSet),
    Service(Service),
    HorizontalPodAutoscaler(HorizontalPodAutoscaler),
    PriorityClass(PriorityClass),
    PodDisruptionBudget(PodDisruptionBudget),
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
            Self::ReplicaSet(_) => "ReplicaSet",
            Self::Deployment(_) => "Deployment",
            Self::StatefulSet(_) => "StatefulSet",
            Self::DaemonSet(_) => "DaemonSet",
            Self::Service(_) => "Service",
            Self::HorizontalPodAutoscaler(_) => "HorizontalPodAutoscaler",
            Self::PriorityClass(_) => "PriorityClass",
            Self::PodDisruptionBudget(_) => "PodDisruptionBudget",
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
        }
    }
}
