//! Top-level workloads: what chains of owners end in.

use super::{Change, Cluster, DeploymentId, NamespaceId, ReplicaSetId, WorkloadId};
use crate::api::Name;

/// What a chain of owners ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// A Deployment.
    Deployment(DeploymentId),
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(super::StatefulSetId),
    /// A DaemonSet.
    DaemonSet(super::DaemonSetId),
}

/// A top-level workload and its counts, kept as pods change.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Which object.
    pub kind: WorkloadKind,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Name of the object.
    pub name: Name,
    /// Kind as Kubernetes writes it.
    pub kind_name: &'static str,
    /// `spec.replicas`, or the nodes that should run a pod.
    pub desired: i32,
    /// Active pods.
    pub active: i32,
    /// Active pods with condition Ready.
    pub ready: i32,
}

impl Cluster {
    /// Adds an entry to the workloads.
    pub(super) fn add_workload(
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
}
