//! Changes of workload objects, autoscalers and Services.

use super::{
    Change, Cluster, DaemonSet, DaemonSetId, Deployment, DeploymentId, Hpa, HpaId, NamespaceId, ReplicaSet,
    ReplicaSetId, ReplicaSetStatus, Service, ServiceId, StatefulSet, StatefulSetId, TemplateId, Workload, WorkloadId,
    WorkloadKind,
};
use crate::api::{self, Name};
use crate::units::{SimDuration, SimTime};

/// What is needed to create a ReplicaSet.
#[derive(Clone, Debug)]
pub struct NewReplicaSet {
    /// Name.
    pub name: Name,
    /// Namespace.
    pub namespace: NamespaceId,
    /// The Deployment that owns it.
    pub deployment: Option<DeploymentId>,
    /// Template of its pods, with the hash label.
    pub template: TemplateId,
    /// Template as the Deployment's spec has it.
    pub base_template: TemplateId,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// Revision.
    pub revision: i64,
}

impl Cluster {
    /// Adds an entry to the workloads.
    fn add_workload(
        &mut self,
        kind: WorkloadKind,
        kind_name: &'static str,
        namespace: NamespaceId,
        name: Name,
        desired: i32,
    ) -> WorkloadId {
        let id = WorkloadId::from_index(self.workloads.len());
        self.workloads.push(Workload { kind, namespace, name, kind_name, desired, active: 0, ready: 0 });
        self.changes.push(Change::DesiredReplicas(id));
        id
    }

    /// A workload.
    pub fn workload(&self, id: WorkloadId) -> &Workload {
        &self.workloads[id.index()]
    }

    /// Every workload that ever was.
    pub fn workloads(&self) -> impl ExactSizeIterator<Item = (WorkloadId, &Workload)> {
        self.workloads.iter().enumerate().map(|(index, workload)| (WorkloadId::from_index(index), workload))
    }

    /// Sets the number of replicas that a workload should have.
    pub fn set_desired(&mut self, id: WorkloadId, desired: i32) {
        let workload = &mut self.workloads[id.index()];
        if workload.desired != desired {
            workload.desired = desired;
            self.changes.push(Change::DesiredReplicas(id));
        }
    }

    /// A Deployment.
    pub fn deployment(&self, id: DeploymentId) -> &Deployment {
        &self.deployments[id.index()]
    }

    /// Every Deployment that ever was.
    pub fn deployments(&self) -> impl ExactSizeIterator<Item = (DeploymentId, &Deployment)> {
        self.deployments.iter().enumerate().map(|(index, object)| (DeploymentId::from_index(index), object))
    }

    /// Creates a Deployment, or replaces the spec of the one with its name.
    pub fn apply_deployment(&mut self, object: api::Deployment, template: TemplateId, now: SimTime) -> DeploymentId {
        let namespace = self.namespace(&object.meta.namespace);
        let same =
            |own: &Deployment| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        if let Some(index) = self.deployments.iter().position(same) {
            let id = DeploymentId::from_index(index);
            let deployment = &mut self.deployments[index];
            deployment.object = object;
            deployment.template = template;
            let (workload, replicas) = (deployment.workload, deployment.object.replicas);
            self.set_desired(workload, replicas);
            self.changes.push(Change::DeploymentSpec(id));
            return id;
        }
        let id = DeploymentId::from_index(self.deployments.len());
        let kind = WorkloadKind::Deployment(id);
        let workload = self.add_workload(kind, "Deployment", namespace, object.meta.name.clone(), object.replicas);
        self.deployments.push(Deployment {
            object,
            namespace,
            workload,
            template,
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
        self.deployments[id.index()].removed = true;
        self.set_desired(self.deployments[id.index()].workload, 0);
        self.changes.push(Change::DeploymentSpec(id));
    }

    /// A ReplicaSet.
    pub fn replica_set(&self, id: ReplicaSetId) -> &ReplicaSet {
        &self.replica_sets[id.index()]
    }

    /// Every ReplicaSet that ever was.
    pub fn replica_sets(&self) -> impl ExactSizeIterator<Item = (ReplicaSetId, &ReplicaSet)> {
        self.replica_sets.iter().enumerate().map(|(index, object)| (ReplicaSetId::from_index(index), object))
    }

    /// Creates a ReplicaSet.
    pub fn add_replica_set(&mut self, new: NewReplicaSet, now: SimTime) -> ReplicaSetId {
        let id = ReplicaSetId::from_index(self.replica_sets.len());
        let workload = match new.deployment {
            Some(deployment) => {
                let deployment = &mut self.deployments[deployment.index()];
                deployment.replica_sets.push(id);
                deployment.revision = deployment.revision.max(new.revision);
                deployment.workload
            }
            None => {
                let kind = WorkloadKind::ReplicaSet(id);
                self.add_workload(kind, "ReplicaSet", new.namespace, new.name.clone(), new.replicas)
            }
        };
        self.replica_sets.push(ReplicaSet {
            name: new.name,
            namespace: new.namespace,
            deployment: new.deployment,
            workload,
            template: new.template,
            base_template: new.base_template,
            spec_replicas: new.replicas,
            min_ready: new.min_ready,
            status: ReplicaSetStatus::default(),
            revision: new.revision,
            desired_annotation: 0,
            max_annotation: 0,
            pods: Vec::new(),
            active: 0,
            ready: 0,
            created: now,
            removed: false,
        });
        self.changes.push(Change::ReplicaSetSpec(id));
        id
    }

    /// Changes a ReplicaSet's spec, revision or annotations.
    pub fn update_replica_set(&mut self, id: ReplicaSetId, update: impl FnOnce(&mut ReplicaSet)) {
        let replica_set = &mut self.replica_sets[id.index()];
        update(replica_set);
        let (workload, replicas, owned) =
            (replica_set.workload, replica_set.spec_replicas, replica_set.deployment.is_some());
        if !owned {
            self.set_desired(workload, replicas);
        }
        self.changes.push(Change::ReplicaSetSpec(id));
    }

    /// Writes a ReplicaSet's status.
    pub fn set_replica_set_status(&mut self, id: ReplicaSetId, status: ReplicaSetStatus) {
        let replica_set = &mut self.replica_sets[id.index()];
        if replica_set.status != status && !replica_set.removed {
            replica_set.status = status;
            self.changes.push(Change::ReplicaSetStatus(id));
        }
    }

    /// Removes a ReplicaSet object. Its pods are the garbage collector's.
    pub fn remove_replica_set(&mut self, id: ReplicaSetId) {
        let replica_set = &mut self.replica_sets[id.index()];
        if replica_set.removed {
            return;
        }
        replica_set.removed = true;
        let (workload, deployment) = (replica_set.workload, replica_set.deployment);
        match deployment {
            Some(deployment) => self.deployments[deployment.index()].replica_sets.retain(|own| *own != id),
            None => self.set_desired(workload, 0),
        }
        self.changes.push(Change::ReplicaSetRemoved(id));
    }

    /// A StatefulSet.
    pub fn stateful_set(&self, id: StatefulSetId) -> &StatefulSet {
        &self.stateful_sets[id.index()]
    }

    /// Every StatefulSet that ever was.
    pub fn stateful_sets(&self) -> impl ExactSizeIterator<Item = (StatefulSetId, &StatefulSet)> {
        self.stateful_sets.iter().enumerate().map(|(index, object)| (StatefulSetId::from_index(index), object))
    }

    /// Creates a StatefulSet, or replaces the spec of the one with its name.
    pub fn apply_stateful_set(&mut self, object: api::StatefulSet, template: TemplateId) -> StatefulSetId {
        let namespace = self.namespace(&object.meta.namespace);
        let same =
            |own: &StatefulSet| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        let index = self.stateful_sets.iter().position(same);
        let id = StatefulSetId::from_index(index.unwrap_or(self.stateful_sets.len()));
        if index.is_some() {
            let own = &mut self.stateful_sets[id.index()];
            own.object = object;
            own.template = template;
            let (workload, replicas) = (own.workload, own.object.replicas);
            self.set_desired(workload, replicas);
        } else {
            let kind = WorkloadKind::StatefulSet(id);
            let workload = self.add_workload(kind, "StatefulSet", namespace, object.meta.name.clone(), object.replicas);
            self.stateful_sets.push(StatefulSet {
                object,
                namespace,
                workload,
                template,
                current_template: template,
                pods: Vec::new(),
                removed: false,
            });
        }
        self.changes.push(Change::StatefulSetSpec(id));
        id
    }

    /// Changes a StatefulSet's spec or revisions.
    pub fn update_stateful_set(&mut self, id: StatefulSetId, update: impl FnOnce(&mut StatefulSet)) {
        let own = &mut self.stateful_sets[id.index()];
        update(own);
        let (workload, replicas) = (own.workload, if own.removed { 0 } else { own.object.replicas });
        self.set_desired(workload, replicas);
        self.changes.push(Change::StatefulSetSpec(id));
    }

    /// A DaemonSet.
    pub fn daemon_set(&self, id: DaemonSetId) -> &DaemonSet {
        &self.daemon_sets[id.index()]
    }

    /// Every DaemonSet that ever was.
    pub fn daemon_sets(&self) -> impl ExactSizeIterator<Item = (DaemonSetId, &DaemonSet)> {
        self.daemon_sets.iter().enumerate().map(|(index, object)| (DaemonSetId::from_index(index), object))
    }

    /// Creates a DaemonSet, or replaces the spec of the one with its name.
    pub fn apply_daemon_set(&mut self, object: api::DaemonSet, template: TemplateId) -> DaemonSetId {
        let namespace = self.namespace(&object.meta.namespace);
        let same =
            |own: &DaemonSet| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        let index = self.daemon_sets.iter().position(same);
        let id = DaemonSetId::from_index(index.unwrap_or(self.daemon_sets.len()));
        if index.is_some() {
            let own = &mut self.daemon_sets[id.index()];
            own.object = object;
            own.template = template;
        } else {
            let kind = WorkloadKind::DaemonSet(id);
            let workload = self.add_workload(kind, "DaemonSet", namespace, object.meta.name.clone(), 0);
            self.daemon_sets.push(DaemonSet {
                object,
                namespace,
                workload,
                template,
                pods: Vec::new(),
                removed: false,
            });
        }
        self.changes.push(Change::DaemonSetSpec(id));
        id
    }

    /// Changes a DaemonSet.
    pub fn update_daemon_set(&mut self, id: DaemonSetId, update: impl FnOnce(&mut DaemonSet)) {
        update(&mut self.daemon_sets[id.index()]);
        self.changes.push(Change::DaemonSetSpec(id));
    }

    /// A HorizontalPodAutoscaler.
    pub fn hpa(&self, id: HpaId) -> &Hpa {
        &self.hpas[id.index()]
    }

    /// Every HorizontalPodAutoscaler that ever was.
    pub fn hpas(&self) -> impl ExactSizeIterator<Item = (HpaId, &Hpa)> {
        self.hpas.iter().enumerate().map(|(index, object)| (HpaId::from_index(index), object))
    }

    /// Creates a HorizontalPodAutoscaler, or replaces the spec of the one with its name.
    pub fn apply_hpa(&mut self, object: api::HorizontalPodAutoscaler, now: SimTime) -> HpaId {
        let namespace = self.namespace(&object.meta.namespace);
        let same = |own: &Hpa| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        let id = match self.hpas.iter().position(same) {
            Some(index) => {
                self.hpas[index].object = object;
                HpaId::from_index(index)
            }
            None => {
                self.hpas.push(Hpa { object, namespace, created: now, removed: false });
                HpaId::from_index(self.hpas.len() - 1)
            }
        };
        self.changes.push(Change::HpaSpec(id));
        id
    }

    /// Removes a HorizontalPodAutoscaler.
    pub fn remove_hpa(&mut self, id: HpaId) {
        self.hpas[id.index()].removed = true;
        self.changes.push(Change::HpaSpec(id));
    }

    /// Removes a Service.
    pub fn remove_service(&mut self, namespace: &Name, name: &Name) {
        let found = self
            .services
            .iter()
            .position(|own| own.object.meta.namespace == *namespace && own.object.meta.name == *name);
        if let Some(index) = found {
            // The id stays valid; a Service without a selector selects nothing.
            self.services[index].object.selector = None;
            self.changes.push(Change::ServiceAdded(ServiceId::from_index(index)));
        }
    }

    /// A Service.
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.index()]
    }

    /// Every Service.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Creates a Service, or replaces the one with its name.
    pub fn apply_service(&mut self, object: api::Service) -> ServiceId {
        let namespace = self.namespace(&object.meta.namespace);
        let same = |own: &Service| own.namespace == namespace && own.object.meta.name == object.meta.name;
        let id = match self.services.iter().position(same) {
            Some(index) => {
                self.services[index].object = object;
                ServiceId::from_index(index)
            }
            None => {
                self.services.push(Service { object, namespace });
                ServiceId::from_index(self.services.len() - 1)
            }
        };
        self.changes.push(Change::ServiceAdded(id));
        id
    }
}
