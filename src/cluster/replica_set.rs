//! ReplicaSets, and ReplicationControllers, which differ from them in kind alone.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{
    Change, Cluster, DeploymentId, NamespaceId, ObjectHead, PodId, ReplicaSetId, Scale, TemplateId, WorkloadId,
};
use crate::api::{self, Kind, LabelSelector, Name};
use crate::units::{SimDuration, SimTime};

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
    /// [`Kind::ReplicaSet`] or [`Kind::ReplicationController`].
    pub kind: Kind,
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
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// `status`.
    pub status: ReplicaSetStatus,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
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
    /// Whether the object was removed.
    pub removed: bool,
}

/// What is needed to create a ReplicaSet.
#[derive(Clone, Debug)]
pub struct NewReplicaSet {
    /// [`Kind::ReplicaSet`] or [`Kind::ReplicationController`].
    pub kind: Kind,
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
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.minReadySeconds`.
    pub min_ready: SimDuration,
    /// Revision.
    pub revision: i64,
}

impl Cluster {
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
        self.index.add(new.kind, id, Some(new.namespace), &new.name);
        let workload = match new.deployment {
            Some(deployment) => {
                let deployment = &mut self.deployments[deployment.index()];
                deployment.replica_sets.push(id);
                deployment.workload
            }
            None => self.add_workload(new.kind, id, new.namespace, new.name.clone(), new.replicas),
        };
        self.replica_sets.push(ReplicaSet {
            kind: new.kind,
            name: new.name,
            namespace: new.namespace,
            deployment: new.deployment,
            workload,
            template: new.template,
            base_template: new.base_template,
            spec_replicas: new.replicas,
            selector: new.selector,
            min_ready: new.min_ready,
            status: ReplicaSetStatus::default(),
            observed_generation: 0,
            generation: 1,
            head: ObjectHead::new(&mut self.versions, now),
            revision: new.revision,
            desired_annotation: 0,
            max_annotation: 0,
            pods: Vec::new(),
            active: 0,
            ready: 0,
            removed: false,
        });
        self.changes.push(Change::ReplicaSetSpec(id));
        id
    }

    /// Changes a ReplicaSet's spec, revision or annotations.
    pub fn update_replica_set(&mut self, id: ReplicaSetId, update: impl FnOnce(&mut ReplicaSet)) {
        let replica_set = &mut self.replica_sets[id.index()];
        let spec = |set: &ReplicaSet| (set.spec_replicas, set.template, set.min_ready, set.selector.clone());
        let annotations = |set: &ReplicaSet| (set.revision, set.desired_annotation, set.max_annotation);
        let before = (spec(replica_set), annotations(replica_set));
        update(replica_set);
        let after = (spec(replica_set), annotations(replica_set));
        if before != after {
            replica_set.head.change(&mut self.versions);
        }
        replica_set.generation += i64::from(before.0 != after.0);
        let (workload, replicas, owned) =
            (replica_set.workload, replica_set.spec_replicas, replica_set.deployment.is_some());
        if !owned {
            self.set_desired(workload, replicas);
        }
        self.changes.push(Change::ReplicaSetSpec(id));
    }

    /// Writes a ReplicaSet's status, with the generation that its controller has seen. Nobody waits
    /// for a new generation alone.
    pub fn set_replica_set_status(&mut self, id: ReplicaSetId, status: ReplicaSetStatus) {
        let replica_set = &mut self.replica_sets[id.index()];
        let generation = replica_set.generation;
        if replica_set.removed || (replica_set.status, replica_set.observed_generation) == (status, generation) {
            return;
        }
        replica_set.observed_generation = generation;
        replica_set.head.change(&mut self.versions);
        if replica_set.status == status {
            self.changes.push(Change::ObjectUpdated(id.into()));
        } else {
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
        replica_set.head.change(&mut self.versions);
        self.index.remove(replica_set.kind, id, Some(replica_set.namespace), &replica_set.name);
        let (workload, deployment) = (replica_set.workload, replica_set.deployment);
        match deployment {
            Some(deployment) => self.deployments[deployment.index()].replica_sets.retain(|set| *set != id),
            None => self.set_desired(workload, 0),
        }
        self.changes.push(Change::ReplicaSetRemoved(id));
    }
}

impl Apply for api::ReplicaSet {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let template = cluster.admit(&self.meta.namespace, &self.template);
        let namespace = cluster.namespace(&self.meta.namespace, now);
        if let Some(id) = cluster.find::<ReplicaSetId>(self.kind, namespace, &self.meta.name) {
            cluster.update_replica_set(id, |existing| {
                existing.spec_replicas = self.replicas;
                existing.template = template;
                existing.selector.clone_from(&self.selector);
                existing.min_ready = self.min_ready;
            });
            return None;
        }
        let new = NewReplicaSet {
            kind: self.kind,
            name: self.meta.name.clone(),
            namespace,
            deployment: None,
            template,
            base_template: template,
            replicas: self.replicas,
            selector: self.selector.clone(),
            min_ready: self.min_ready,
            revision: 0,
        };
        cluster.add_replica_set(new, now);
        None
    }
}

impl Resource for ReplicaSetId {
    fn kind(self, cluster: &Cluster) -> Kind {
        cluster.replica_set(self).kind
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.replica_set(self).name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.replica_set(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.replica_set(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.replica_sets[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_replica_set(self);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.replica_set(self).workload)
    }

    fn scale(self, cluster: &Cluster) -> Option<Scale> {
        let set = cluster.replica_set(self);
        Some(Scale { spec_replicas: set.spec_replicas, status_replicas: set.status.replicas })
    }

    fn set_scale(self, cluster: &mut Cluster, replicas: i32) {
        cluster.update_replica_set(self, |set| set.spec_replicas = replicas);
    }

    fn scale_selector(self, cluster: &Cluster) -> Option<&LabelSelector> {
        Some(&cluster.replica_set(self).selector)
    }

    fn owned_pods_mut(self, cluster: &mut Cluster) -> Option<&mut Vec<PodId>> {
        Some(&mut cluster.replica_sets[self.index()].pods)
    }

    fn count_pods(self, cluster: &mut Cluster, active: i32, ready: i32) {
        let set = &mut cluster.replica_sets[self.index()];
        set.active += active;
        set.ready += ready;
    }

    fn updated_and_available(self, cluster: &Cluster) -> Option<(i64, i64)> {
        let status = cluster.replica_set(self).status;
        Some((i64::from(status.replicas), i64::from(status.available)))
    }
}
