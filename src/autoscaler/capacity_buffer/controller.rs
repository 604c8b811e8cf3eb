//! The running controller of CapacityBuffers: writes their statuses, namespace by namespace.

use super::{BufferRules, QuotaRoom, desired_replicas, within_quotas};
use crate::api::quota::{CountedObject, CountedPod, Quantities, matches, usage};
use crate::api::{ACTIVE_CAPACITY, BufferShape, Kind, PodPhase, PodTemplate, ScalableReference, pod_requests};
use crate::cluster::{
    CapacityBufferId, CapacityBufferStatus, Change, ChangeKind, Cluster, Interest, NamespaceId, ObjectId,
};
use crate::units::SimTime;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Resources whose quotas bound chunks: what pods request.
const REQUESTS: &str = "requests.";
/// Resources that quotas bound by their bare name.
const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// The running controller of CapacityBuffers.
#[derive(Debug)]
pub struct CapacityBufferController {
    rules: BufferRules,
    dirty: BTreeSet<NamespaceId>,
}

impl CapacityBufferController {
    /// What concerns buffers: themselves, what they refer to, and quotas.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::CapacityBufferSpec,
        ChangeKind::CapacityBufferRemoved,
        ChangeKind::PodTemplateChanged,
        ChangeKind::PlainObjectRemoved,
        ChangeKind::DeploymentSpec,
        ChangeKind::DeploymentRemoved,
        ChangeKind::ReplicaSetSpec,
        ChangeKind::ReplicaSetRemoved,
        ChangeKind::StatefulSetSpec,
        ChangeKind::StatefulSetRemoved,
        ChangeKind::JobSpec,
        ChangeKind::JobRemoved,
        ChangeKind::ResourceQuotaStatus,
        ChangeKind::ResourceQuotaRemoved,
    ])
    .without_bare_pods();

    /// A controller that has seen no buffer.
    pub const fn new(rules: BufferRules) -> Self {
        Self { rules, dirty: BTreeSet::new() }
    }

    /// A change: the buffers of its namespace are looked at anew.
    pub fn observe(&mut self, change: Change, cluster: &Cluster) {
        let namespace = change.object().and_then(|object| cluster.namespace_id(&cluster.namespace_of(object)));
        let Some(namespace) = namespace else { return };
        if cluster.capacity_buffers().any(|(_, buffer)| buffer.namespace == namespace) {
            self.dirty.insert(namespace);
        }
    }

    /// Writes the statuses of the namespaces that changes concern.
    pub fn settle(&mut self, cluster: &mut Cluster, now: SimTime) {
        for namespace in std::mem::take(&mut self.dirty) {
            self.reconcile(namespace, cluster, now);
        }
    }

    /// Writes the statuses of a namespace's buffers, which share its quotas: those created first are served first, then by
    /// name.
    fn reconcile(&self, namespace: NamespaceId, cluster: &mut Cluster, now: SimTime) {
        let is_ours = |strategy: &str| self.rules == BufferRules::Karpenter || strategy == ACTIVE_CAPACITY;
        let mut ids: Vec<CapacityBufferId> = cluster
            .capacity_buffers()
            .filter(|(_, buffer)| buffer.namespace == namespace && is_ours(&buffer.object.strategy))
            .map(|(id, _)| id)
            .collect();
        ids.sort_by_key(|id| {
            let buffer = cluster.capacity_buffer(*id);
            (buffer.head.created, buffer.object.meta.name.clone())
        });
        let mut used = Vec::new();
        for id in ids {
            let mut status = self.status(id, cluster);
            if self.rules == BufferRules::ClusterAutoscaler {
                limit_by_quotas(&mut status, namespace, &mut used, cluster, now);
            }
            cluster.set_capacity_buffer_status(id, status);
        }
    }

    /// The status of a buffer, quotas aside.
    fn status(&self, id: CapacityBufferId, cluster: &Cluster) -> CapacityBufferStatus {
        let buffer = cluster.capacity_buffer(id);
        let (found, scalable_replicas) = match resolve(buffer.object.shape.as_ref(), buffer.namespace, cluster) {
            Ok(shape) => shape,
            Err(message) => return self.not_ready(None, message),
        };
        let template = Arc::clone(&found);
        let requests = pod_requests(&template.spec);
        match desired_replicas(&buffer.object, &requests, scalable_replicas, self.rules) {
            Ok(replicas) => CapacityBufferStatus {
                template: Some(template),
                replicas: Some(replicas),
                ready_reason: match self.rules {
                    BufferRules::ClusterAutoscaler => "AttributesSetSuccessfully",
                    BufferRules::Karpenter => "Resolved",
                },
                ready_message: match self.rules {
                    BufferRules::ClusterAutoscaler => "ready".to_owned(),
                    BufferRules::Karpenter => "Pod template resolved successfully".to_owned(),
                },
                limited_by_quotas: None,
            },
            Err(reason) => {
                self.not_ready(Some(template), format!("couldn't get number of replicas for buffer: {reason}"))
            }
        }
    }

    fn not_ready(&self, template: Option<Arc<PodTemplate>>, message: String) -> CapacityBufferStatus {
        let (ready_reason, ready_message) = match self.rules {
            BufferRules::ClusterAutoscaler => ("error", format!("Buffer not ready for provisioning: {message}")),
            BufferRules::Karpenter => ("ResolutionFailed", message),
        };
        CapacityBufferStatus { template, replicas: None, ready_reason, ready_message, limited_by_quotas: None }
    }
}

/// The template of a buffer's chunks, and the replicas of the workload that it refers to.
fn resolve(
    shape: Option<&BufferShape>,
    namespace: NamespaceId,
    cluster: &Cluster,
) -> Result<(Arc<PodTemplate>, Option<i32>), String> {
    match shape {
        None => Err("Neither podTemplateRef nor scalableRef is set".to_owned()),
        Some(BufferShape::PodTemplate(name)) => {
            let template = cluster.standing_template(cluster.namespace_name(namespace), name);
            let template = template.ok_or_else(|| format!("podtemplates \"{name}\" not found"))?;
            Ok((Arc::clone(template), None))
        }
        Some(BufferShape::Scalable(reference)) => resolve_workload(reference, namespace, cluster),
    }
}

fn resolve_workload(
    reference: &ScalableReference,
    namespace: NamespaceId,
    cluster: &Cluster,
) -> Result<(Arc<PodTemplate>, Option<i32>), String> {
    let ScalableReference { group, kind, name } = reference;
    let known = match (&**group, &**kind) {
        ("apps", "Deployment") => Kind::Deployment,
        ("apps", "ReplicaSet") => Kind::ReplicaSet,
        ("apps", "StatefulSet") => Kind::StatefulSet,
        ("batch", "Job") => Kind::Job,
        ("", "ReplicationController") => Kind::ReplicationController,
        _ => {
            return Err(format!(
                "failed to resolve scalable object: kind {group}/{kind} is not supported to use pod template"
            ));
        }
    };
    let (template, replicas) = match cluster.find::<ObjectId>(known, namespace, name) {
        Some(ObjectId::Deployment(id)) => {
            (cluster.deployment(id).object.template, cluster.deployment(id).object.replicas)
        }
        Some(ObjectId::ReplicaSet(id)) => (cluster.replica_set(id).template, cluster.replica_set(id).spec_replicas),
        Some(ObjectId::StatefulSet(id)) => {
            (cluster.stateful_set(id).object.template, cluster.stateful_set(id).object.replicas)
        }
        Some(ObjectId::Job(id)) => (cluster.job(id).object.template, cluster.job(id).object.spec.parallelism),
        _ => {
            let resource = known.group_resource();
            return Err(format!(
                "failed to resolve scalable object: failed to get {kind}: {resource} \"{name}\" not found"
            ));
        }
    };
    Ok((Arc::clone(&cluster.template(template).template), Some(replicas)))
}

/// Bounds the chunks by the quotas of the namespace. `used` is what buffers before this one take of them.
fn limit_by_quotas(
    status: &mut CapacityBufferStatus,
    namespace: NamespaceId,
    used: &mut Vec<(crate::api::Name, Quantities)>,
    cluster: &Cluster,
    now: SimTime,
) {
    let Some((template, replicas)) = status.template.as_ref().zip(status.replicas) else { return };
    let pod = CountedPod { spec: &template.spec, phase: PodPhase::Pending, deletion: None, status: None, now };
    let is_request = |name: &str| name.starts_with(REQUESTS) || COMPUTE.contains(&name) || name.contains('/');
    let counted = CountedObject::Pod(pod);
    let requests = usage(&counted).masked(|name| is_request(name) && !name.starts_with("count/"));
    let mut rooms: Vec<QuotaRoom<'_>> = Vec::new();
    for id in cluster.quotas_of(namespace) {
        let quota = cluster.resource_quota(id);
        if !matches(&quota.object, &quota.status_hard, &counted) {
            continue;
        }
        let name = &quota.object.meta.name;
        let taken = used.iter().find(|(taken_of, _)| taken_of == name);
        let used = taken.map_or_else(|| quota.status_used.clone(), |(_, taken)| taken.clone());
        rooms.push(QuotaRoom { name, hard: &quota.status_hard, used });
    }
    let (allowed, blocking) = within_quotas(replicas, &requests, &mut rooms);
    for room in rooms {
        used.retain(|(name, _)| name != room.name);
        used.push((room.name.clone(), room.used));
    }
    if allowed < replicas {
        let names: Vec<&str> = blocking.iter().map(|name| &**name).collect();
        status.replicas = Some(allowed);
        status.limited_by_quotas =
            Some(format!("Buffer replicas limited from {replicas} to {allowed} due to quotas: {}", names.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{self, Container, Deployment, DeploymentStrategy, Object, ObjectMeta, PodSpec, Quantity};
    use crate::units::MilliCpu;

    fn meta(name: &str) -> ObjectMeta {
        ObjectMeta { name: name.into(), namespace: "shop".into(), ..ObjectMeta::default() }
    }

    fn deployment(replicas: i32) -> Object {
        let requests = api::ResourceList { cpu: Some(MilliCpu::new(500)), ..api::ResourceList::default() };
        let container = Container { name: "c".into(), requests, ..Container::default() };
        let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
        Object::Deployment(Deployment {
            meta: meta("web"),
            replicas,
            selector: api::LabelSelector::default(),
            template: Arc::new(PodTemplate { spec, ..PodTemplate::default() }),
            strategy: DeploymentStrategy::default(),
            min_ready: crate::units::SimDuration::ZERO,
            progress_deadline: None,
            revision_history_limit: 10,
            paused: false,
        })
    }

    fn buffer(name: &str, target: &str) -> Object {
        let reference = ScalableReference { group: "apps".into(), kind: "Deployment".into(), name: target.into() };
        Object::CapacityBuffer(api::CapacityBuffer {
            meta: meta(name),
            shape: Some(BufferShape::Scalable(reference)),
            replicas: None,
            percentage: Some(50),
            limits: None,
            strategy: ACTIVE_CAPACITY.into(),
        })
    }

    fn settle(controller: &mut CapacityBufferController, cluster: &mut Cluster) {
        let mut changes = Vec::new();
        cluster.take_changes(&mut changes);
        for change in changes {
            controller.observe(change, cluster);
        }
        controller.settle(cluster, SimTime::ZERO);
    }

    fn replicas(cluster: &Cluster) -> Vec<Option<i32>> {
        cluster
            .capacity_buffers()
            .map(|(_, buffer)| buffer.status.as_ref().and_then(|status| status.replicas))
            .collect()
    }

    #[test]
    fn buffers_follow_their_workload_and_share_the_quotas() {
        let mut cluster = Cluster::default();
        let mut controller = CapacityBufferController::new(BufferRules::ClusterAutoscaler);
        cluster.apply(&[deployment(10), buffer("a", "web"), buffer("b", "web"), buffer("c", "other")], SimTime::ZERO);
        settle(&mut controller, &mut cluster);
        assert_eq!(replicas(&cluster), [Some(5), Some(5), None]);
        let unknown = cluster.capacity_buffers().nth(2).and_then(|(_, buffer)| buffer.status.clone());
        let message = unknown.map(|status| status.ready_message).unwrap_or_default();
        assert!(message.ends_with("failed to get Deployment: deployments.apps \"other\" not found"), "{message}");

        cluster.apply(&[deployment(16)], SimTime::ZERO);
        settle(&mut controller, &mut cluster);
        assert_eq!(replicas(&cluster), [Some(8), Some(8), None], "percent of more replicas");

        let mut hard = Quantities::default();
        hard.insert("requests.cpu", Quantity::from_millis(5_000));
        let quota = api::ResourceQuota { meta: meta("team"), hard, ..api::ResourceQuota::default() };
        cluster.apply(&[Object::ResourceQuota(quota)], SimTime::ZERO);
        settle(&mut controller, &mut cluster);
        assert_eq!(replicas(&cluster), [Some(8), Some(2), None], "ten chunks of half a core, the first come first");
        let limited = cluster.capacity_buffers().nth(1).and_then(|(_, buffer)| buffer.status.clone());
        let expected = "Buffer replicas limited from 8 to 2 due to quotas: team";
        assert_eq!(limited.and_then(|status| status.limited_by_quotas).as_deref(), Some(expected));
    }
}
