//! Top-level workloads: the objects at the end of a chain of owner references.

use super::{Change, Cluster, NamespaceId, ObjectId, WorkloadId};
use crate::api::{Kind, Name};
use std::fmt;

/// A top-level workload and its counts, kept as pods change.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Kind of the object.
    pub kind: Kind,
    /// The object.
    pub object: ObjectId,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Name of the object.
    pub name: Name,
    /// `spec.replicas`, or the nodes that should run a pod.
    pub desired: i32,
    /// Active pods.
    pub active: i32,
    /// Active pods with condition Ready.
    pub ready: i32,
}

/// As the records name it: `Deployment/web`.
impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.as_str(), self.name)
    }
}

impl Cluster {
    /// Adds an entry to the workloads.
    pub(super) fn add_workload(
        &mut self,
        kind: Kind,
        object: impl Into<ObjectId>,
        namespace: NamespaceId,
        name: Name,
        desired: i32,
    ) -> WorkloadId {
        let id = WorkloadId::from_index(self.workloads.len());
        self.workloads.push(Workload { kind, object: object.into(), namespace, name, desired, active: 0, ready: 0 });
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
}
