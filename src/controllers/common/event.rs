//! The events that controllers schedule for a later instant.

use crate::cluster::{
    AttachmentId, ClaimId, CronJobId, DaemonSetId, DeploymentId, Disruption, DisruptionBudgetId, JobId, NamespaceId,
    NodeId, PodId, ReplicaSetId, ResourceQuotaId, ServiceId, StatefulSetId, VolumeId,
};

/// An event of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControllerEvent {
    /// The Deployment controller syncs a Deployment.
    SyncDeployment(DeploymentId),
    /// The next write that a sync of a Deployment decided on.
    WriteDeployment(DeploymentId),
    /// The ReplicaSet controller syncs a ReplicaSet.
    SyncReplicaSet(ReplicaSetId),
    /// A pod that a sync decided to create is created.
    CreateReplicaSetPod {
        /// The ReplicaSet.
        set: ReplicaSetId,
        /// Number of the sync, so that what is left of one that failed is known to be stale.
        sync: u32,
    },
    /// The StatefulSet controller syncs a StatefulSet.
    SyncStatefulSet(StatefulSetId),
    /// A pod that a sync decided to create is created: the next in line of its set.
    CreateStatefulSetPod(StatefulSetId),
    /// The DaemonSet controller syncs a DaemonSet.
    SyncDaemonSet(DaemonSetId),
    /// A pod that a sync decided to create is created: the next in line of its set.
    CreateDaemonSetPod(DaemonSetId),
    /// The Job controller syncs a Job.
    SyncJob(JobId),
    /// The Job controller makes the next calls of the sync of a Job.
    CallForJob(JobId),
    /// The CronJob controller syncs a CronJob.
    SyncCronJob(CronJobId),
    /// The garbage collector deletes a Job whose owner is gone.
    CollectJob(JobId),
    /// The TTL-after-finished controller looks whether a finished Job's time is over.
    ExpireJob(JobId),
    /// A pod that a controller decided to delete is deleted.
    DeletePod(PodId, Disruption),
    /// The EndpointSlice controller brings a pod's endpoint up to date.
    SyncEndpoint(PodId),
    /// The EndpointSlice controller brings the endpoint that a pod is of a Service up to date.
    SyncServiceEndpoint {
        /// The Service.
        service: ServiceId,
        /// The pod.
        pod: PodId,
    },
    /// The EndpointSlice controller brings all endpoints of a Service up to date.
    SyncService(ServiceId),
    /// The node lifecycle controller finds that a node has been silent for longer than the grace period.
    NodeSilent {
        /// The node.
        node: NodeId,
        /// Number of its silence, so that one that ended in the meantime is known to be stale.
        silence: u32,
    },
    /// The node lifecycle controller sees that a node reports again, or that it is not ready.
    NodeReports {
        /// The node.
        node: NodeId,
        /// The machine's generation when this was planned.
        generation: u32,
    },
    /// The node lifecycle controller brings the `NoSchedule` taints of a node up to date.
    SyncNodeTaints(NodeId),
    /// A pass of the node lifecycle controller tells of the nodes that came and went.
    RegisterNodes,
    /// The node lifecycle controller ends a pass of its monitor in which it found something.
    EndMonitorPass,
    /// The node lifecycle controller works on the nodes of a zone that wait for their `NoExecute` taint.
    TaintNodes {
        /// Index of the zone.
        zone: u32,
    },
    /// The taint eviction controller deletes a pod whose toleration ran out.
    EvictPod {
        /// The pod.
        pod: PodId,
        /// Number of the plan, so that a cancelled one is known to be stale.
        plan: u32,
    },
    /// The PersistentVolume controller syncs a claim.
    SyncClaim(ClaimId),
    /// The PersistentVolume controller looks again at every claim that waits.
    ResyncClaims,
    /// The PersistentVolume controller syncs a volume.
    SyncVolume(VolumeId),
    /// A claim goes whose owner is gone, or that is being deleted and not used any more.
    CollectClaim(ClaimId),
    /// A pass of the attach-detach controller.
    ReconcileVolumes,
    /// The attach-detach controller sees that an operation on a volume has ended.
    AttachmentSeen(AttachmentId),
    /// The attach-detach controller has waited long enough for a volume to be attached.
    AttachTimeout {
        /// What it waits for.
        attachment: AttachmentId,
        /// Number of the try, so that one that ended is known to be stale.
        attempt: u32,
    },
    /// The namespace controller begins a pass over a namespace that is being deleted.
    SyncNamespace(NamespaceId),
    /// It ends the pass.
    EndNamespacePass(NamespaceId),
    /// The resource quota controller counts what a quota's namespace uses.
    SyncResourceQuota(ResourceQuotaId),
    /// The same in its full resync.
    ResyncResourceQuota(ResourceQuotaId),
    /// The pod garbage collector looks for pods of nodes that do not exist.
    CollectPods,
    /// The disruption controller looks whether a budget selects any pod.
    LookForPods(DisruptionBudgetId),
    /// `kubectl drain` tries to evict a pod.
    EvictDrainedPod {
        /// Index among the drains that were started.
        drain: u32,
        /// The pod.
        pod: PodId,
    },
    /// The time of `kubectl drain` is over.
    DrainTimeout {
        /// Index among the drains that were started.
        drain: u32,
    },
}

impl ControllerEvent {
    /// Whether it is one of the controller manager, and not of a kubectl that somebody runs.
    pub const fn is_of_manager(self) -> bool {
        !matches!(self, Self::EvictDrainedPod { .. } | Self::DrainTimeout { .. })
    }
}
