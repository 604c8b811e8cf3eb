//! What changed in the cluster: the watch events that wake controllers, the scheduler, kubelets and the recorder.

use super::{
    AttachmentId, CapacityBufferId, ClaimId, CronJobId, DaemonSetId, DeploymentId, DisruptionBudgetId, HpaId,
    InstanceId, JobId, Machine, NamespaceId, NodeClaimId, NodeGroupId, NodeId, NodePoolId, ObjectId, PlainObjectId,
    PodId, ReplicaSetId, ResourceQuotaId, ScaledObjectId, ServiceId, StatefulSetId, VolumeId, VpaId, WorkloadId,
};
use crate::api::Name;
use crate::units::{SimDuration, SimTime};

/// Defines [`Change`] and, without what each variant speaks of, [`ChangeKind`].
macro_rules! changes {
    ($($(#[doc = $doc:literal])+ $kind:ident $(($id:ident))? $({ $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty,)+ })?,)+) => {
        /// One change of the state. Changes are noted in the order in which they happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Change {
            $($(#[doc = $doc])+ $kind $(($id))? $({ $($(#[doc = $field_doc])+ $field: $type,)+ })?,)+
        }

        /// A kind of change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ChangeKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl ChangeKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];
        }

        impl Change {
            /// What kind of change it is.
            #[must_use]
            pub const fn kind(self) -> ChangeKind {
                match self {
                    $(Self::$kind { .. } => ChangeKind::$kind,)+
                }
            }
        }
    };
}

changes! {
    /// A namespace was created, its labels or conditions changed, or its deletion was requested.
    NamespaceChanged(NamespaceId),
    /// A namespace was removed.
    NamespaceRemoved(NamespaceId),
    /// A plain object was removed, such as a ConfigMap.
    PlainObjectRemoved(PlainObjectId),
    /// A node joined.
    NodeAdded(NodeId),
    /// A node's labels, taints, cordon or allocatable changed.
    NodeUpdated(NodeId),
    /// A node's Ready condition changed.
    NodeReadiness(NodeId),
    /// A node object was removed.
    NodeRemoved(NodeId),
    /// The machine behind a node stopped, was cut off or came back.
    Machine {
        /// The node.
        node: NodeId,
        /// What the machine did before.
        was: Machine,
    },
    /// An instance was asked for, or its state changed.
    InstanceChanged(InstanceId),
    /// The target of a node group changed, or what its provider refuses.
    NodeGroupChanged(NodeGroupId),
    /// A pod was created.
    PodAdded(PodId),
    /// A pod was bound to its node.
    PodBound(PodId),
    /// A pod reached phase Running.
    PodRunning(PodId),
    /// A pod's Ready condition changed.
    PodReadiness(PodId),
    /// A container of a pod was restarted, or waits for its restart.
    PodRestarted(PodId),
    /// A container of a pod was killed because it reached its memory limit.
    PodOomKilled(PodId),
    /// The spec of a pod asks for another size.
    PodResized(PodId),
    /// A kubelet said how far the resize of a pod is.
    PodResizeStatus(PodId),
    /// Deletion of a pod was requested: it has a deletion timestamp.
    PodTerminating(PodId),
    /// A pod reached phase Succeeded or Failed.
    PodEnded(PodId),
    /// A pod object was removed.
    PodRemoved(PodId),
    /// A pod entered or left the ready endpoints of the Services that select it.
    PodEndpoint(PodId),
    /// A Deployment's spec changed, or it was created.
    DeploymentSpec(DeploymentId),
    /// A Deployment's status changed.
    DeploymentStatus(DeploymentId),
    /// A Deployment was removed.
    DeploymentRemoved(DeploymentId),
    /// A ReplicaSet's spec changed, or it was created.
    ReplicaSetSpec(ReplicaSetId),
    /// A ReplicaSet's status changed.
    ReplicaSetStatus(ReplicaSetId),
    /// A ReplicaSet was removed.
    ReplicaSetRemoved(ReplicaSetId),
    /// A StatefulSet's spec changed, or it was created.
    StatefulSetSpec(StatefulSetId),
    /// A StatefulSet's status changed.
    StatefulSetStatus(StatefulSetId),
    /// A StatefulSet was removed.
    StatefulSetRemoved(StatefulSetId),
    /// A DaemonSet's spec changed, or it was created.
    DaemonSetSpec(DaemonSetId),
    /// A DaemonSet's status changed.
    DaemonSetStatus(DaemonSetId),
    /// A DaemonSet was removed.
    DaemonSetRemoved(DaemonSetId),
    /// A Job's spec changed, or it was created.
    JobSpec(JobId),
    /// A Job's status changed.
    JobStatus(JobId),
    /// A Job was removed.
    JobRemoved(JobId),
    /// A CronJob's spec changed, or it was created.
    CronJobSpec(CronJobId),
    /// A CronJob's status changed.
    CronJobStatus(CronJobId),
    /// A CronJob was removed.
    CronJobRemoved(CronJobId),
    /// A HorizontalPodAutoscaler was created or changed.
    HpaSpec(HpaId),
    /// A HorizontalPodAutoscaler's status changed.
    HpaStatus(HpaId),
    /// A HorizontalPodAutoscaler was removed.
    HpaRemoved(HpaId),
    /// A VerticalPodAutoscaler was created or changed.
    VpaSpec(VpaId),
    /// A VerticalPodAutoscaler's status changed.
    VpaStatus(VpaId),
    /// A VerticalPodAutoscaler was removed.
    VpaRemoved(VpaId),
    /// A ScaledObject was created or changed.
    ScaledObjectSpec(ScaledObjectId),
    /// A ScaledObject was removed.
    ScaledObjectRemoved(ScaledObjectId),
    /// A Service was created or changed.
    ServiceChanged(ServiceId),
    /// A Service was removed.
    ServiceRemoved(ServiceId),
    /// An Ingress or HTTPRoute was created or changed.
    HttpRouteChanged(PlainObjectId),
    /// An endpoint of a Service entered its EndpointSlices, changed there or left them.
    ServiceEndpoint {
        /// The Service.
        service: ServiceId,
        /// The pod behind the endpoint.
        pod: PodId,
    },
    /// A PodDisruptionBudget was created, or its spec changed.
    DisruptionBudgetSpec(DisruptionBudgetId),
    /// A PodDisruptionBudget's status changed.
    DisruptionBudgetStatus(DisruptionBudgetId),
    /// A PodDisruptionBudget was removed.
    DisruptionBudgetRemoved(DisruptionBudgetId),
    /// A CapacityBuffer was created, or its spec changed.
    CapacityBufferSpec(CapacityBufferId),
    /// A CapacityBuffer's status changed.
    CapacityBufferStatus(CapacityBufferId),
    /// A CapacityBuffer was removed.
    CapacityBufferRemoved(CapacityBufferId),
    /// A PodTemplate was created or changed.
    PodTemplateChanged(PlainObjectId),
    /// A ResourceQuota was created, or its spec changed.
    ResourceQuotaSpec(ResourceQuotaId),
    /// A ResourceQuota's status changed.
    ResourceQuotaStatus(ResourceQuotaId),
    /// A ResourceQuota was removed.
    ResourceQuotaRemoved(ResourceQuotaId),
    /// A claim was created.
    ClaimAdded(ClaimId),
    /// A claim changed: it was bound, its deletion was requested, and so on.
    ClaimUpdated(ClaimId),
    /// A claim was removed.
    ClaimRemoved(ClaimId),
    /// A persistent volume was created or changed.
    Volume(VolumeId),
    /// A persistent volume was removed.
    VolumeRemoved(VolumeId),
    /// A storage class was created or changed.
    StorageClass(PlainObjectId),
    /// A VolumeAttachment was created or changed, or is gone.
    Attachment(AttachmentId),
    /// The status of a node says something else of a volume: that it is attached, or in use.
    NodeVolumes {
        /// The node.
        node: NodeId,
        /// The volume.
        volume: VolumeId,
    },
    /// A CSINode, CSIDriver or CSIStorageCapacity was created or changed.
    CsiObject(PlainObjectId),
    /// A NodePool was created or changed.
    NodePoolChanged(NodePoolId),
    /// A NodePool was removed.
    NodePoolRemoved(NodePoolId),
    /// A NodeClaim was created, its metadata or status changed, or its deletion was requested.
    NodeClaimChanged(NodeClaimId),
    /// A NodeClaim was removed.
    NodeClaimRemoved(NodeClaimId),
    /// The wanted number of replicas of a workload changed.
    DesiredReplicas(WorkloadId),
    /// An object was created or changed in a way that no part of the simulation acts on: for whoever shows objects.
    ObjectUpdated(ObjectId),
}

impl Change {
    /// The pod that has changed, if it is a pod.
    #[must_use]
    pub const fn pod(self) -> Option<PodId> {
        match self {
            Self::PodAdded(pod)
            | Self::PodBound(pod)
            | Self::PodRunning(pod)
            | Self::PodReadiness(pod)
            | Self::PodRestarted(pod)
            | Self::PodOomKilled(pod)
            | Self::PodResized(pod)
            | Self::PodResizeStatus(pod)
            | Self::PodTerminating(pod)
            | Self::PodEnded(pod)
            | Self::PodRemoved(pod)
            | Self::PodEndpoint(pod) => Some(pod),
            _ => None,
        }
    }
}

impl Change {
    /// The object that has a new version, or may have; `None` of changes of what the API does not show as an object.
    #[must_use]
    pub fn object(self) -> Option<ObjectId> {
        Some(match self {
            Self::NamespaceChanged(id) | Self::NamespaceRemoved(id) => id.into(),
            Self::NodeAdded(id) | Self::NodeUpdated(id) | Self::NodeReadiness(id) | Self::NodeRemoved(id) => id.into(),
            Self::PodAdded(id)
            | Self::PodBound(id)
            | Self::PodRunning(id)
            | Self::PodReadiness(id)
            | Self::PodRestarted(id)
            | Self::PodOomKilled(id)
            | Self::PodResized(id)
            | Self::PodResizeStatus(id)
            | Self::PodTerminating(id)
            | Self::PodEnded(id)
            | Self::PodRemoved(id) => id.into(),
            Self::DeploymentSpec(id) | Self::DeploymentStatus(id) | Self::DeploymentRemoved(id) => id.into(),
            Self::ReplicaSetSpec(id) | Self::ReplicaSetStatus(id) | Self::ReplicaSetRemoved(id) => id.into(),
            Self::StatefulSetSpec(id) | Self::StatefulSetStatus(id) | Self::StatefulSetRemoved(id) => id.into(),
            Self::DaemonSetSpec(id) | Self::DaemonSetStatus(id) | Self::DaemonSetRemoved(id) => id.into(),
            Self::JobSpec(id) | Self::JobStatus(id) | Self::JobRemoved(id) => id.into(),
            Self::CronJobSpec(id) | Self::CronJobStatus(id) | Self::CronJobRemoved(id) => id.into(),
            Self::HpaSpec(id) | Self::HpaStatus(id) | Self::HpaRemoved(id) => id.into(),
            Self::VpaSpec(id) | Self::VpaStatus(id) | Self::VpaRemoved(id) => id.into(),
            Self::ScaledObjectSpec(id) | Self::ScaledObjectRemoved(id) => id.into(),
            Self::ServiceChanged(id) | Self::ServiceRemoved(id) => id.into(),
            Self::DisruptionBudgetSpec(id) | Self::DisruptionBudgetStatus(id) | Self::DisruptionBudgetRemoved(id) => {
                id.into()
            }
            Self::CapacityBufferSpec(id) | Self::CapacityBufferStatus(id) | Self::CapacityBufferRemoved(id) => {
                id.into()
            }
            Self::ResourceQuotaSpec(id) | Self::ResourceQuotaStatus(id) | Self::ResourceQuotaRemoved(id) => id.into(),
            Self::ClaimAdded(id) | Self::ClaimUpdated(id) | Self::ClaimRemoved(id) => id.into(),
            Self::Volume(id) | Self::VolumeRemoved(id) => id.into(),
            Self::PlainObjectRemoved(id)
            | Self::PodTemplateChanged(id)
            | Self::HttpRouteChanged(id)
            | Self::StorageClass(id)
            | Self::CsiObject(id) => id.into(),
            Self::NodePoolChanged(id) | Self::NodePoolRemoved(id) => id.into(),
            Self::NodeClaimChanged(id) | Self::NodeClaimRemoved(id) => id.into(),
            Self::ObjectUpdated(object) => object,
            Self::Machine { .. }
            | Self::Attachment(_)
            | Self::NodeVolumes { .. }
            | Self::PodEndpoint(_)
            | Self::ServiceEndpoint { .. }
            | Self::DesiredReplicas(_)
            | Self::InstanceChanged(_)
            | Self::NodeGroupChanged(_) => return None,
        })
    }
}

/// Severity of a Kubernetes Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Information.
    Normal,
    /// Something that needs attention.
    Warning,
}

/// A Kubernetes Event, which components write for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiEvent {
    /// Severity.
    pub severity: Severity,
    /// Reason, for example `FailedScheduling`.
    pub reason: &'static str,
    /// Reporting component, for example `default-scheduler`.
    pub source: &'static str,
    /// What it is about.
    pub object: EventObject,
    /// Message.
    pub message: EventMessage,
}

impl ApiEvent {
    /// `source` of the Events of kube-scheduler, whatever the names of its profiles are.
    pub const SCHEDULER: &'static str = "default-scheduler";
    /// `reason` of a scheduling attempt that failed.
    pub const FAILED_SCHEDULING: &'static str = "FailedScheduling";
    /// How often the recorder of kube-scheduler looks for series that are over, and how long those have been quiet
    /// (`finishTime` of client-go `tools/events`).
    const FINISH_TIME: SimDuration = SimDuration::from_minutes(6);

    /// Whether an Event of kube-scheduler belongs to the series of one of the same reason about the same object that was
    /// last written at `last`.
    pub fn continues_series(last: SimTime, now: SimTime) -> bool {
        let looks = (now - SimTime::ZERO).as_nanos() / Self::FINISH_TIME.as_nanos();
        let last_look = SimTime::ZERO + Self::FINISH_TIME * looks;
        last_look - last <= Self::FINISH_TIME
    }
}

/// What a Kubernetes Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventObject {
    /// A pod.
    Pod(PodId),
    /// Another object.
    Other {
        /// Its kind.
        kind: &'static str,
        /// Its namespace; empty for nodes.
        namespace: Name,
        /// Its name.
        name: Name,
    },
}

/// The message of a Kubernetes Event. The one that every pod causes is written only where it is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventMessage {
    /// As it is.
    Text(Name),
    /// A pod was assigned to a node.
    Assigned(NodeId),
}

impl From<String> for EventMessage {
    fn from(text: String) -> Self {
        Self::Text(Name::from(text))
    }
}
