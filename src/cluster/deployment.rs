//! Deployments.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{
    Change, Cluster, DeploymentId, NamespaceId, ObjectHead, ReplicaSet, ReplicaSetId, Scale, TemplateId, WorkloadId,
};
use crate::api::{self, DeploymentStatus, Kind, LabelSelector, Name};
use crate::units::SimTime;

/// A Deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Spec. The template is as admission left it, without the hash label.
    pub object: api::Deployment<TemplateId>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Its ReplicaSets that exist, in order of creation.
    pub replica_sets: Vec<ReplicaSetId>,
    /// `status`, as its controller last wrote it.
    pub status: DeploymentStatus,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A Deployment.
    pub fn deployment(&self, id: DeploymentId) -> &Deployment {
        &self.deployments[id.index()]
    }

    /// Every Deployment that ever was.
    pub fn deployments(&self) -> impl ExactSizeIterator<Item = (DeploymentId, &Deployment)> {
        self.deployments.iter().enumerate().map(|(index, object)| (DeploymentId::from_index(index), object))
    }

    /// The ReplicaSets of a Deployment that exist, in order of creation.
    fn sets_of(&self, id: DeploymentId) -> impl Iterator<Item = &ReplicaSet> {
        self.deployment(id).replica_sets.iter().map(|set| self.replica_set(*set))
    }

    /// Creates a Deployment, or replaces the spec of the one with its name.
    pub fn apply_deployment(&mut self, object: api::Deployment<TemplateId>, now: SimTime) -> DeploymentId {
        let namespace = self.namespace(&object.meta.namespace, now);
        if let Some(id) = self.find::<DeploymentId>(Kind::Deployment, namespace, &object.meta.name) {
            let deployment = &mut self.deployments[id.index()];
            let before = std::mem::replace(&mut deployment.object, object);
            if before != deployment.object {
                deployment.head.change(&mut self.versions);
            }
            if (api::Deployment { meta: deployment.object.meta.clone(), ..before }) != deployment.object {
                deployment.generation += 1;
            }
            let (workload, replicas) = (deployment.workload, deployment.object.replicas);
            self.set_desired(workload, replicas);
            self.changes.push(Change::DeploymentSpec(id));
            return id;
        }
        let id = DeploymentId::from_index(self.deployments.len());
        self.index.add(Kind::Deployment, id, Some(namespace), &object.meta.name);
        let workload = self.add_workload(Kind::Deployment, id, namespace, object.meta.name.clone(), object.replicas);
        self.deployments.push(Deployment {
            object,
            namespace,
            workload,
            replica_sets: Vec::new(),
            status: DeploymentStatus::default(),
            generation: 1,
            head: ObjectHead::new(&mut self.versions, now),
            removed: false,
        });
        self.changes.push(Change::DeploymentSpec(id));
        id
    }

    /// Changes a Deployment's spec.
    pub fn update_deployment(&mut self, id: DeploymentId, update: impl FnOnce(&mut Deployment)) {
        let deployment = &mut self.deployments[id.index()];
        let before = deployment.object.clone();
        update(deployment);
        if before != deployment.object {
            deployment.generation += 1;
            deployment.head.change(&mut self.versions);
        }
        let (workload, replicas) = (deployment.workload, deployment.object.replicas);
        self.set_desired(workload, replicas);
        self.changes.push(Change::DeploymentSpec(id));
    }

    /// Writes a Deployment's status; whether that changes anything.
    pub fn set_deployment_status(&mut self, id: DeploymentId, status: DeploymentStatus) -> bool {
        let deployment = &mut self.deployments[id.index()];
        if deployment.status == status || deployment.removed {
            return false;
        }
        deployment.status = status;
        deployment.head.change(&mut self.versions);
        self.changes.push(Change::DeploymentStatus(id));
        true
    }

    /// Removes a Deployment object. Its ReplicaSets are the garbage collector's.
    pub fn remove_deployment(&mut self, id: DeploymentId) {
        let deployment = &mut self.deployments[id.index()];
        if deployment.removed {
            return;
        }
        deployment.removed = true;
        deployment.head.change(&mut self.versions);
        let workload = deployment.workload;
        self.index.remove(Kind::Deployment, id, Some(deployment.namespace), &deployment.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::DeploymentRemoved(id));
    }
}

impl Apply for api::Deployment {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let template = cluster.admit(&self.meta.namespace, &self.template);
        cluster.apply_deployment(self.clone().with_template(template), now);
        None
    }
}

impl Resource for DeploymentId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Deployment
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.deployment(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.deployment(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.deployment(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.deployments[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_deployment(self);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.deployment(self).workload)
    }

    fn scale(self, cluster: &Cluster) -> Option<Scale> {
        let status_replicas = cluster.sets_of(self).map(|set| set.status.replicas).sum();
        Some(Scale { spec_replicas: cluster.deployment(self).object.replicas, status_replicas })
    }

    fn set_scale(self, cluster: &mut Cluster, replicas: i32) {
        cluster.update_deployment(self, |deployment| deployment.object.replicas = replicas);
    }

    fn scale_selector(self, cluster: &Cluster) -> Option<&LabelSelector> {
        Some(&cluster.deployment(self).object.selector)
    }

    fn rollout_template(self, cluster: &Cluster) -> Option<TemplateId> {
        Some(cluster.deployment(self).object.template)
    }

    fn set_rollout_template(self, cluster: &mut Cluster, template: TemplateId) {
        cluster.update_deployment(self, |deployment| deployment.object.template = template);
    }

    fn revisions(self, cluster: &Cluster) -> Vec<(i64, TemplateId)> {
        cluster.sets_of(self).map(|set| (set.revision, set.base_template)).collect()
    }

    fn is_paused(self, cluster: &Cluster) -> bool {
        cluster.deployment(self).object.paused
    }

    fn updated_and_available(self, cluster: &Cluster) -> Option<(i64, i64)> {
        let current = cluster.deployment(self).object.template;
        let updated = cluster.sets_of(self).filter(|set| set.base_template == current).map(|set| set.status.replicas);
        let available = cluster.sets_of(self).map(|set| set.status.available);
        Some((updated.map(i64::from).sum(), available.map(i64::from).sum()))
    }
}
