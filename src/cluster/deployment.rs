//! Deployments.

use super::{Change, Cluster, DeploymentId, NamespaceId, ReplicaSetId, TemplateId, WorkloadId, WorkloadKind};
use crate::api::{self, DeploymentStatus, Kind};
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
    /// `metadata.resourceVersion`: grows with each change of the object, and no two objects ever have the same.
    pub resource_version: u64,
    /// Creation.
    pub created: SimTime,
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

    /// Creates a Deployment, or replaces the spec of the one with its name.
    pub fn apply_deployment(&mut self, object: api::Deployment<TemplateId>, now: SimTime) -> DeploymentId {
        let namespace = self.namespace(&object.meta.namespace);
        if let Some(id) = self.find::<DeploymentId>(namespace, &object.meta.name) {
            let deployment = &mut self.deployments[id.index()];
            let before = std::mem::replace(&mut deployment.object, object);
            if before != deployment.object {
                deployment.resource_version = self.versions.next();
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
        let kind = WorkloadKind::Deployment(id);
        let workload = self.add_workload(kind, namespace, object.meta.name.clone(), object.replicas);
        self.deployments.push(Deployment {
            object,
            namespace,
            workload,
            replica_sets: Vec::new(),
            status: DeploymentStatus::default(),
            generation: 1,
            resource_version: self.versions.next(),
            created: now,
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
            deployment.resource_version = self.versions.next();
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
        deployment.resource_version = self.versions.next();
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
        deployment.resource_version = self.versions.next();
        let workload = deployment.workload;
        self.index.remove(Kind::Deployment, id, Some(deployment.namespace), &deployment.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::DeploymentRemoved(id));
    }
}
