//! DaemonSets.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, DaemonSetId, NamespaceId, ObjectHead, PodId, TemplateId, WorkloadId};
use crate::api::{self, DaemonSetStatus, Kind, Name};
use crate::units::SimTime;

/// A DaemonSet.
#[derive(Clone, Debug)]
pub struct DaemonSet {
    /// Spec. The template is as admission left it.
    pub object: api::DaemonSet<TemplateId>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads.
    pub workload: WorkloadId,
    /// Its pods that exist.
    pub pods: Vec<PodId>,
    /// `status`, as its controller last wrote it.
    pub status: DaemonSetStatus,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Annotation `deprecated.daemonset.template.generation`: grows with each change of the template.
    pub template_generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A DaemonSet.
    pub fn daemon_set(&self, id: DaemonSetId) -> &DaemonSet {
        &self.daemon_sets[id.index()]
    }

    /// Every DaemonSet that ever was.
    pub fn daemon_sets(&self) -> impl ExactSizeIterator<Item = (DaemonSetId, &DaemonSet)> {
        self.daemon_sets.iter().enumerate().map(|(index, object)| (DaemonSetId::from_index(index), object))
    }

    /// Creates a DaemonSet, or replaces the spec of the one with its name.
    pub fn apply_daemon_set(&mut self, object: api::DaemonSet<TemplateId>, now: SimTime) -> DaemonSetId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let existing = self.find::<DaemonSetId>(Kind::DaemonSet, namespace, &object.meta.name);
        let id = existing.unwrap_or_else(|| DaemonSetId::from_index(self.daemon_sets.len()));
        if existing.is_some() {
            let set = &mut self.daemon_sets[id.index()];
            let before = std::mem::replace(&mut set.object, object);
            set.template_generation += i64::from(before.template != set.object.template);
            if before != set.object {
                set.head.change(&mut self.versions);
            }
            if (api::DaemonSet { meta: set.object.meta.clone(), ..before }) != set.object {
                set.generation += 1;
            }
        } else {
            self.index.add(Kind::DaemonSet, id, Some(namespace), &object.meta.name);
            let workload = self.add_workload(Kind::DaemonSet, id, namespace, object.meta.name.clone(), 0);
            self.daemon_sets.push(DaemonSet {
                object,
                namespace,
                workload,
                pods: Vec::new(),
                status: DaemonSetStatus::default(),
                generation: 1,
                template_generation: 1,
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
        }
        self.changes.push(Change::DaemonSetSpec(id));
        id
    }

    /// Changes a DaemonSet.
    pub fn update_daemon_set(&mut self, id: DaemonSetId, update: impl FnOnce(&mut DaemonSet)) {
        let set = &mut self.daemon_sets[id.index()];
        let before = set.object.clone();
        update(set);
        set.template_generation += i64::from(before.template != set.object.template);
        if before != set.object {
            set.generation += 1;
            set.head.change(&mut self.versions);
        }
        self.changes.push(Change::DaemonSetSpec(id));
    }

    /// Writes a DaemonSet's status.
    pub fn set_daemon_set_status(&mut self, id: DaemonSetId, status: DaemonSetStatus) {
        let set = &mut self.daemon_sets[id.index()];
        if set.status != status && !set.removed {
            set.status = status;
            set.head.change(&mut self.versions);
            self.changes.push(Change::DaemonSetStatus(id));
        }
    }

    /// Removes a DaemonSet object. Its pods are the garbage collector's.
    pub fn remove_daemon_set(&mut self, id: DaemonSetId) {
        let set = &mut self.daemon_sets[id.index()];
        if set.removed {
            return;
        }
        set.removed = true;
        set.head.change(&mut self.versions);
        let workload = set.workload;
        self.index.remove(Kind::DaemonSet, id, Some(set.namespace), &set.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::DaemonSetRemoved(id));
    }
}

impl Apply for api::DaemonSet {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let template = cluster.admit(&self.meta.namespace, &self.template);
        cluster.apply_daemon_set(self.clone().with_template(template), now);
        None
    }
}

impl Resource for DaemonSetId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::DaemonSet
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.daemon_set(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.daemon_set(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.daemon_set(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.daemon_sets[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_daemon_set(self);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.daemon_set(self).workload)
    }

    fn rollout_template(self, cluster: &Cluster) -> Option<TemplateId> {
        Some(cluster.daemon_set(self).object.template)
    }

    fn set_rollout_template(self, cluster: &mut Cluster, template: TemplateId) {
        cluster.update_daemon_set(self, |set| set.object.template = template);
    }

    fn owned_pods_mut(self, cluster: &mut Cluster) -> Option<&mut Vec<PodId>> {
        Some(&mut cluster.daemon_sets[self.index()].pods)
    }
}
