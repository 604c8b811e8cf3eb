//! StatefulSets.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, PodId, Scale, StatefulSetId, TemplateId, WorkloadId};
use crate::api::{self, Kind, LabelSelector, Name, StatefulSetStatus};
use crate::units::SimTime;

/// A StatefulSet.
#[derive(Clone, Debug)]
pub struct StatefulSet {
    /// Spec. The template, as admission left it, is that of the update revision.
    pub object: api::StatefulSet<TemplateId>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Template of the current revision.
    pub current_template: TemplateId,
    /// Its pods that exist.
    pub pods: Vec<PodId>,
    /// `status`, as its controller last wrote it.
    pub status: StatefulSetStatus,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A StatefulSet.
    pub fn stateful_set(&self, id: StatefulSetId) -> &StatefulSet {
        &self.stateful_sets[id.index()]
    }

    /// Every StatefulSet that ever was.
    pub fn stateful_sets(&self) -> impl ExactSizeIterator<Item = (StatefulSetId, &StatefulSet)> {
        self.stateful_sets.iter().enumerate().map(|(index, object)| (StatefulSetId::from_index(index), object))
    }

    /// Creates a StatefulSet, or replaces the spec of the one with its name.
    pub fn apply_stateful_set(&mut self, object: api::StatefulSet<TemplateId>, now: SimTime) -> StatefulSetId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let existing = self.find::<StatefulSetId>(Kind::StatefulSet, namespace, &object.meta.name);
        let id = existing.unwrap_or_else(|| StatefulSetId::from_index(self.stateful_sets.len()));
        if existing.is_some() {
            let set = &mut self.stateful_sets[id.index()];
            let before = std::mem::replace(&mut set.object, object);
            if before != set.object {
                set.head.change(&mut self.versions);
            }
            if (api::StatefulSet { meta: set.object.meta.clone(), ..before }) != set.object {
                set.generation += 1;
            }
            let (workload, replicas) = (set.workload, set.object.replicas);
            self.set_desired(workload, replicas);
        } else {
            self.index.add(Kind::StatefulSet, id, Some(namespace), &object.meta.name);
            let workload =
                self.add_workload(Kind::StatefulSet, id, namespace, object.meta.name.clone(), object.replicas);
            self.stateful_sets.push(StatefulSet {
                current_template: object.template,
                object,
                namespace,
                workload,
                pods: Vec::new(),
                status: StatefulSetStatus::default(),
                generation: 1,
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
        }
        self.changes.push(Change::StatefulSetSpec(id));
        id
    }

    /// Changes a StatefulSet's spec or revisions.
    pub fn update_stateful_set(&mut self, id: StatefulSetId, update: impl FnOnce(&mut StatefulSet)) {
        let set = &mut self.stateful_sets[id.index()];
        let before = (set.object.clone(), set.current_template);
        update(set);
        if before != (set.object.clone(), set.current_template) {
            set.head.change(&mut self.versions);
        }
        set.generation += i64::from(before.0 != set.object);
        let (workload, replicas) = (set.workload, set.object.replicas);
        self.set_desired(workload, replicas);
        self.changes.push(Change::StatefulSetSpec(id));
    }

    /// Writes a StatefulSet's status.
    pub fn set_stateful_set_status(&mut self, id: StatefulSetId, status: StatefulSetStatus) {
        let set = &mut self.stateful_sets[id.index()];
        if set.status != status && !set.removed {
            set.status = status;
            set.head.change(&mut self.versions);
            self.changes.push(Change::StatefulSetStatus(id));
        }
    }

    /// Removes a StatefulSet object. Its pods are the garbage collector's.
    pub fn remove_stateful_set(&mut self, id: StatefulSetId) {
        let set = &mut self.stateful_sets[id.index()];
        if set.removed {
            return;
        }
        set.removed = true;
        set.head.change(&mut self.versions);
        let workload = set.workload;
        self.index.remove(Kind::StatefulSet, id, Some(set.namespace), &set.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::StatefulSetRemoved(id));
    }
}

impl Apply for api::StatefulSet {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let template = cluster.admit(&self.meta.namespace, &self.template);
        cluster.apply_stateful_set(self.clone().with_template(template), now);
        None
    }
}

impl Resource for StatefulSetId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::StatefulSet
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.stateful_set(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.stateful_set(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.stateful_set(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.stateful_sets[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_stateful_set(self);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.stateful_set(self).workload)
    }

    fn scale(self, cluster: &Cluster) -> Option<Scale> {
        let set = cluster.stateful_set(self);
        Some(Scale { spec_replicas: set.object.replicas, status_replicas: cluster.workload(set.workload).active })
    }

    fn set_scale(self, cluster: &mut Cluster, replicas: i32) {
        cluster.update_stateful_set(self, |set| set.object.replicas = replicas);
    }

    fn scale_selector(self, cluster: &Cluster) -> Option<&LabelSelector> {
        Some(&cluster.stateful_set(self).object.selector)
    }

    fn rollout_template(self, cluster: &Cluster) -> Option<TemplateId> {
        Some(cluster.stateful_set(self).object.template)
    }

    fn set_rollout_template(self, cluster: &mut Cluster, template: TemplateId) {
        cluster.update_stateful_set(self, |set| set.object.template = template);
    }

    fn owned_pods_mut(self, cluster: &mut Cluster) -> Option<&mut Vec<PodId>> {
        Some(&mut cluster.stateful_sets[self.index()].pods)
    }
}
