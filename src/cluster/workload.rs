//! The state of workload objects, autoscalers and Services.

use super::{DeploymentId, NamespaceId, PodId, ReplicaSetId, TemplateId, WorkloadId};
use crate::api::{self, Name};
use crate::units::{SimDuration, SimTime};

/// What a chain of owners ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// A Deployment.
    Deployment(DeploymentId),
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(super::StatefulSetId),
    /// A DaemonSet.
    DaemonSet(super::DaemonSetId),
}

/// A top-level workload and its counts, kept as pods change.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Which object.
    pub kind: WorkloadKind,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Name of the object.
    pub name: Name,
    /// Kind as Kubernetes writes it.
    pub kind_name: &'static str,
    /// `spec.replicas`, or the nodes that should run a pod.
    pub desired: i32,
    /// Active pods.
    pub active: i32,
    /// Active pods with condition Ready.
    pub ready: i32,
}

/// A Deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Spec.
    pub object: api::Deployment,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Template, as admission left it, without the hash label.
    pub template: TemplateId,
    /// Its ReplicaSets that exist, in order of creation.
    pub replica_sets: Vec<ReplicaSetId>,
    /// Last revision given to a ReplicaSet.
    pub revision: i64,
    /// Creation.
    pub created: SimTime,
    /// Whether the object was removed.
    pub removed: bool,
}

/// `status` of a ReplicaSet: what its controller last wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaSetStatus {
    /// Active pods.
    pub replicas: i32,
    /// Active ready pods.
    pub ready: i32,
    /// Active pods that have been ready for `minReadySeconds`.
    pub available: i32,
}

/// A ReplicaSet.
#[derive(Clone, Debug)]
pub struct ReplicaSet {
    /// Name.
    pub name: Name,
    /// Namespace.
    pub namespace: NamespaceId,
    /// The Deployment that owns it.
    pub deployment: Option<DeploymentId>,
    /// Its workload: the Deployment's, or its own.
    pub workload: WorkloadId,
    /// Template of its pods, with the hash label.
    pub template: TemplateId,
    /// Template as the Deployment's spec has it; tells which ReplicaSet is the new one.
    pub base_template: TemplateId,
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// `status`.
    pub status: ReplicaSetStatus,
    /// Annotation `deployment.kubernetes.io/revision`.
    pub revision: i64,
    /// Annotation `deployment.kubernetes.io/desired-replicas`.
    pub desired_annotation: i32,
    /// Annotation `deployment.kubernetes.io/max-replicas`.
    pub max_annotation: i32,
    /// Its pods that exist, ended and terminating ones included, in order of creation.
    pub pods: Vec<PodId>,
    /// Number of its active pods.
    pub active: i32,
    /// Number of its active ready pods.
    pub ready: i32,
    /// Creation.
    pub created: SimTime,
    /// Whether the object was removed.
    pub removed: bool,
}

/// A StatefulSet.
#[derive(Clone, Debug)]
pub struct StatefulSet {
    /// Spec.
    pub object: api::StatefulSet,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Template of the update revision.
    pub template: TemplateId,
    /// Template of the current revision.
    pub current_template: TemplateId,
    /// Its pods that exist.
    pub pods: Vec<PodId>,
    /// Whether the object was removed.
    pub removed: bool,
}

/// A DaemonSet.
#[derive(Clone, Debug)]
pub struct DaemonSet {
    /// Spec.
    pub object: api::DaemonSet,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Template.
    pub template: TemplateId,
    /// Its pods that exist.
    pub pods: Vec<PodId>,
    /// Whether the object was removed.
    pub removed: bool,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct Hpa {
    /// Spec.
    pub object: api::HorizontalPodAutoscaler,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Creation.
    pub created: SimTime,
    /// Whether the object was removed.
    pub removed: bool,
}

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Spec.
    pub object: api::Service,
    /// Namespace.
    pub namespace: NamespaceId,
}
