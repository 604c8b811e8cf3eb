//! The state of the simulated cluster, its etcd: typed ids and arenas, indexes, accounting, watches.
//!
//! All state is here and changes through [`Cluster`]'s methods alone, which keep the derived indexes right (pods by node
//! and by owner, counts by workload) and note every [`Change`]. Components read the state when they are woken and
//! reconcile what they find. No I/O, no clock, no randomness.

mod admission;
mod apply;
mod capacity_buffer;
mod change;
mod claim;
mod config;
mod create;
mod cron_job;
mod daemon_set;
mod decision;
mod deployment;
mod disruption_budget;
mod endpoint;
mod eviction;
mod finalizers;
mod hpa;
mod http_routes;
mod ids;
mod instance;
mod interest;
mod invariants;
mod job;
mod job_pod;
mod karpenter;
mod listing;
mod machine;
mod namespace;
mod node;
mod node_group;
mod object_head;
mod object_index;
mod oom;
mod operations;
mod plain_object;
mod pod;
mod pod_changes;
mod pod_labels;
mod replica_set;
mod resize;
mod resource;
mod resource_quota;
mod resource_version;
mod scaled_object;
mod service;
mod stateful_set;
mod storage;
mod template;
mod uid;
mod vertical_pod_autoscaler;
mod volume;
mod volume_attachment;
mod workload;

pub use admission::Admission;
pub use apply::ApplyPlan;
pub use capacity_buffer::{CapacityBuffer, CapacityBufferStatus};
pub use change::{ApiEvent, Change, ChangeKind, EventMessage, EventObject, Severity};
pub use create::Refusal;
pub use cron_job::CronJob;
pub use daemon_set::DaemonSet;
pub use decision::AutoscalerDecision;
pub use deployment::Deployment;
pub use disruption_budget::{DisruptionBudget, DisruptionBudgetStatus};
pub use endpoint::Endpoint;
pub use eviction::{EvictionAnswer, EvictionBudget, UnhealthyPodEvictionPolicy, evict};
pub use hpa::Hpa;
pub use http_routes::Dated;
pub use ids::{
    AttachmentId, CapacityBufferId, ClaimId, CronJobId, DaemonSetId, DeploymentId, DisruptionBudgetId, HpaId,
    InstanceId, JobId, NamespaceId, NodeClaimId, NodeGroupId, NodeId, NodePoolId, ObjectId, PlainObjectId, PodId,
    ReplicaSetId, ResourceQuotaId, ScaledObjectId, ServiceId, StatefulSetId, TemplateId, VolumeId, VpaId, WorkloadId,
};
pub use instance::{Instance, InstanceOrigin, InstanceRequest, InstanceState, LaunchChoice, LaunchFailure};
pub use interest::Interest;
pub use job::{Job, JobCondition, JobConditionType, JobStatus};
pub use job_pod::JobPod;
pub use karpenter::{NodeClaim, NodePool};
pub use machine::Machine;
pub use namespace::{NamespaceCondition, NamespaceConditionType};
pub use node::{Node, NodeReady};
pub use node_group::{GroupBounds, NodeGroup, POOL_LABEL};
pub use object_head::ObjectHead;
pub use oom::OomKill;
pub use operations::RESTARTED_AT;
pub use pod::{Deletion, Disruption, FailedAttempts, NewPod, Pod};
pub use pod_labels::{asks_for_own_labels, is_own_label, may_select};
pub use replica_set::{NewReplicaSet, ReplicaSet, ReplicaSetStatus};
pub use resize::{Resize, ResizePending};
pub use resource::Scale;
pub use scaled_object::ScaledObject;
pub use service::Service;
pub use stateful_set::StatefulSet;
pub use storage::Storage;
pub use template::TemplateInfo;
pub use uid::Uid;
pub use vertical_pod_autoscaler::Vpa;
pub use volume_attachment::AttachmentState;
pub use workload::Workload;

use crate::api::{InstanceType, Name, PodTemplate};
use crate::units::SimTime;
use admission::AdmittedTemplates;
use capacity_buffer::CapacityBuffers;
use config::Configs;
use finalizers::Finalizers;
use http_routes::HttpRoutes;
use karpenter::NodeClasses;
use namespace::Namespace;
use object_index::ObjectIndex;
use plain_object::PlainObject;
use resource_quota::Quotas;
use resource_version::ResourceVersions;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use template::Templates;

/// The cluster's state.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    versions: ResourceVersions,
    index: ObjectIndex,
    namespaces: Vec<Namespace>,
    namespaces_by_name: BTreeMap<Name, NamespaceId>,
    nodes: Vec<Node>,
    existing_nodes: BTreeSet<NodeId>,
    node_groups: Vec<NodeGroup>,
    instances: Vec<Instance>,
    instance_types: Arc<[InstanceType]>,
    pods: Vec<Pod>,
    templates: Templates,
    deployments: Vec<Deployment>,
    replica_sets: Vec<ReplicaSet>,
    stateful_sets: Vec<StatefulSet>,
    daemon_sets: Vec<DaemonSet>,
    jobs: Vec<Job>,
    cron_jobs: Vec<CronJob>,
    services: Vec<Service>,
    /// What the EndpointSlices of the Services list; empty where nobody reads them.
    endpoints: BTreeMap<ServiceId, BTreeMap<PodId, Endpoint>>,
    http_routes: HttpRoutes,
    hpas: Vec<Hpa>,
    vpas: Vec<Vpa>,
    scaled_objects: Vec<ScaledObject>,
    /// Of the few pods that had one.
    oom_kills: BTreeMap<PodId, OomKill>,
    node_pools: Vec<NodePool>,
    node_claims: Vec<NodeClaim>,
    node_classes: NodeClasses,
    /// `status.nominatedNodeName`: of few pods, so that the others need no room for it.
    nominated: BTreeMap<PodId, NodeId>,
    plain_objects: Vec<PlainObject>,
    configs: Configs,
    workloads: Vec<Workload>,
    admission: Admission,
    admitted: AdmittedTemplates,
    /// Templates that differ from those that their pods were asked for with, by the priority of their class alone.
    made_from: BTreeMap<TemplateId, TemplateId>,
    /// The pods that were resized.
    resizes: BTreeMap<PodId, Resize>,
    disruption_budgets: Vec<DisruptionBudget>,
    capacity_buffers: CapacityBuffers,
    quotas: Quotas,
    finalizers: Finalizers,
    /// Names of namespaces that were deleted and did not come back.
    removed_namespaces: BTreeSet<Name>,
    /// Whether a namespace is or was being deleted.
    any_terminating: bool,
    /// Pods that the API server refused.
    refused_pods: u64,
    storage: Storage,
    changes: Vec<Change>,
    events: Vec<ApiEvent>,
    decisions: Vec<AutoscalerDecision>,
    repeated_failures: Vec<(PodId, u32, SimTime)>,
}

impl Cluster {
    /// Moves the changes since the last call into `changes`.
    pub fn take_changes(&mut self, changes: &mut Vec<Change>) {
        changes.append(&mut self.changes);
    }

    /// Moves the Kubernetes Events since the last call into `events`.
    pub fn take_events(&mut self, events: &mut Vec<ApiEvent>) {
        events.append(&mut self.events);
    }

    /// Takes the Events `FailedScheduling` that repeated earlier ones: the pod, how many, and when the last one was.
    pub fn take_repeated_failures(&mut self) -> Vec<(PodId, u32, SimTime)> {
        std::mem::take(&mut self.repeated_failures)
    }

    /// Notes a Kubernetes Event. An Event is an object too: a namespace that is being deleted takes no new ones.
    pub fn emit(&mut self, event: ApiEvent) {
        let is_refused = self.any_terminating && {
            let namespace = match &event.object {
                EventObject::Pod(pod) => Some(self.pod(*pod).namespace),
                EventObject::Other { namespace, .. } => self.namespace_id(namespace),
            };
            namespace.is_some_and(|namespace| self.is_terminating(namespace))
        };
        if !is_refused {
            self.events.push(event);
        }
    }

    /// The id of a template; equal templates get the same one.
    pub fn intern_template(&mut self, template: &Arc<PodTemplate>) -> TemplateId {
        self.templates.intern(template)
    }

    /// What is known of a template.
    pub fn template(&self, id: TemplateId) -> &TemplateInfo {
        self.templates.get(id)
    }

    /// What is known of a pod's template.
    pub fn template_of(&self, pod: PodId) -> &TemplateInfo {
        self.templates.get(self.pods[pod.index()].template)
    }

    /// A pod.
    pub fn pod(&self, id: PodId) -> &Pod {
        &self.pods[id.index()]
    }

    /// Every pod that ever was, in order of creation.
    pub fn pods(&self) -> impl ExactSizeIterator<Item = (PodId, &Pod)> {
        self.pods.iter().enumerate().map(|(index, pod)| (PodId::from_index(index), pod))
    }

    /// Every object that ever was, kind by kind in order of creation.
    fn objects(&self) -> impl Iterator<Item = ObjectId> {
        fn ids<I: Into<ObjectId>>(count: usize, id: fn(usize) -> I) -> impl Iterator<Item = ObjectId> {
            (0..count).map(move |index| id(index).into())
        }
        ids(self.namespaces.len(), NamespaceId::from_index)
            .chain(ids(self.nodes.len(), NodeId::from_index))
            .chain(ids(self.pods.len(), PodId::from_index))
            .chain(ids(self.deployments.len(), DeploymentId::from_index))
            .chain(ids(self.replica_sets.len(), ReplicaSetId::from_index))
            .chain(ids(self.stateful_sets.len(), StatefulSetId::from_index))
            .chain(ids(self.daemon_sets.len(), DaemonSetId::from_index))
            .chain(ids(self.jobs.len(), JobId::from_index))
            .chain(ids(self.cron_jobs.len(), CronJobId::from_index))
            .chain(ids(self.services.len(), ServiceId::from_index))
            .chain(ids(self.hpas.len(), HpaId::from_index))
            .chain(ids(self.vpas.len(), VpaId::from_index))
            .chain(ids(self.scaled_objects.len(), ScaledObjectId::from_index))
            .chain(ids(self.node_pools.len(), NodePoolId::from_index))
            .chain(ids(self.node_claims.len(), NodeClaimId::from_index))
            .chain(ids(self.disruption_budgets.len(), DisruptionBudgetId::from_index))
            .chain(ids(self.capacity_buffers.len(), CapacityBufferId::from_index))
            .chain(ids(self.quotas.len(), ResourceQuotaId::from_index))
            .chain(ids(self.storage.volume_count(), VolumeId::from_index))
            .chain(ids(self.storage.claim_count(), ClaimId::from_index))
            .chain(ids(self.plain_objects.len(), PlainObjectId::from_index))
    }
}
