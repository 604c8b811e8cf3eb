//! Deployments.

use super::{Change, Cluster, DeploymentId, NamespaceId, ReplicaSetId, TemplateId, WorkloadId, WorkloadKind};
use crate::api;
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
    /// Last revision given to a ReplicaSet.
    pub revision: i64,
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
            deployment.object = object;
            let (workload, replicas) = (deployment.workload, deployment.object.replicas);
            self.set_desired(workload, replicas);
            self.changes.push(Change::DeploymentSpec(id));
            return id;
        }
        let id = DeploymentId::from_index(self.deployments.len());
        self.index.add(id, Some(namespace), &object.meta.name);
        let kind = WorkloadKind::Deployment(id);
        let workload = self.add_workload(kind, "Deployment", namespace, object.meta.name.clone(), object.replicas);
        self.deployments.push(Deployment {
            object,
            namespace,
            workload,
            replica_sets: Vec::new(),
            revision: 0,
            created: now,
            removed: false,
        });
        self.changes.push(Change::DeploymentSpec(id));
        id
    }

    /// Changes a Deployment's spec.
    pub fn update_deployment(&mut self, id: DeploymentId, update: impl FnOnce(&mut Deployment)) {
        let deployment = &mut self.deployments[id.index()];
        update(deployment);
        let (workload, replicas) = (deployment.workload, deployment.object.replicas);
        self.set_desired(workload, replicas);
        self.changes.push(Change::DeploymentSpec(id));
    }

    /// Notes the revision that the Deployment controller gave to a ReplicaSet.
    pub fn note_revision(&mut self, id: DeploymentId, revision: i64) {
        let deployment = &mut self.deployments[id.index()];
        deployment.revision = deployment.revision.max(revision);
    }

    /// Removes a Deployment object. Its ReplicaSets are the garbage collector's.
    pub fn remove_deployment(&mut self, id: DeploymentId) {
        let deployment = &mut self.deployments[id.index()];
        if deployment.removed {
            return;
        }
        deployment.removed = true;
        let workload = deployment.workload;
        self.index.remove(id, Some(deployment.namespace), &deployment.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::DeploymentRemoved(id));
    }
}
