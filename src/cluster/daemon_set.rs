//! DaemonSets.

use super::{Change, Cluster, DaemonSetId, NamespaceId, PodId, TemplateId, WorkloadId, WorkloadKind};
use crate::api;

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
    pub fn apply_daemon_set(&mut self, object: api::DaemonSet<TemplateId>) -> DaemonSetId {
        let namespace = self.namespace(&object.meta.namespace);
        let existing = self.find::<DaemonSetId>(namespace, &object.meta.name);
        let id = existing.unwrap_or_else(|| DaemonSetId::from_index(self.daemon_sets.len()));
        if existing.is_some() {
            let set = &mut self.daemon_sets[id.index()];
            set.object = object;
        } else {
            self.index.add(id, Some(namespace), &object.meta.name);
            let kind = WorkloadKind::DaemonSet(id);
            let workload = self.add_workload(kind, "DaemonSet", namespace, object.meta.name.clone(), 0);
            self.daemon_sets.push(DaemonSet { object, namespace, workload, pods: Vec::new(), removed: false });
        }
        self.changes.push(Change::DaemonSetSpec(id));
        id
    }

    /// Changes a DaemonSet.
    pub fn update_daemon_set(&mut self, id: DaemonSetId, update: impl FnOnce(&mut DaemonSet)) {
        update(&mut self.daemon_sets[id.index()]);
        self.changes.push(Change::DaemonSetSpec(id));
    }

    /// Removes a DaemonSet object. Its pods are the garbage collector's.
    pub fn remove_daemon_set(&mut self, id: DaemonSetId) {
        let set = &mut self.daemon_sets[id.index()];
        if set.removed {
            return;
        }
        set.removed = true;
        let workload = set.workload;
        self.index.remove(id, Some(set.namespace), &set.object.meta.name);
        self.set_desired(workload, 0);
        self.changes.push(Change::DaemonSetRemoved(id));
    }
}
