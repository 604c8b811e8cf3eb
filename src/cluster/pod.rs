//! The state of one pod.

use super::{JobPod, NamespaceId, NodeId, ObjectHead, ObjectId, TemplateId, WorkloadId};
use crate::api::{Name, PodPhase};
use crate::units::{SimDuration, SimTime};

/// Scheduling attempts of a pod that failed one after the other.
#[derive(Clone, Debug)]
pub struct FailedAttempts {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: SimTime,
    /// The message of the last one.
    pub message: Name,
    /// Whether the last one found that no node could ever take the pod.
    pub unresolvable: bool,
}

/// Why a pod is being deleted, or why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disruption {
    /// Scaled down, rolled over, or deleted by a user.
    Deletion,
    /// Evicted through the eviction API, for example by `kubectl drain`.
    Eviction,
    /// Evicted because of a `NoExecute` taint.
    TaintManager,
    /// Its node object is gone.
    PodGarbageCollector,
    /// Makes room for a pod of higher priority.
    Preemption,
}

/// A pending deletion: the pod has a deletion timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was requested.
    pub requested: SimTime,
    /// Grace period.
    pub grace: SimDuration,
    /// Why.
    pub reason: Disruption,
}

/// What is needed to create a pod.
#[derive(Clone, Debug)]
pub struct NewPod {
    /// Name.
    pub name: Name,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Template, as admission left it.
    pub template: TemplateId,
    /// The controlling owner; `None` of a bare pod.
    pub owner: Option<ObjectId>,
    /// The workload at the end of the chain of owners.
    pub workload: Option<WorkloadId>,
    /// Ordinal of a StatefulSet's pod; 0 otherwise.
    pub ordinal: i32,
    /// Index of the arrival stream that it came from.
    pub arrival: Option<u32>,
    /// Lifetime of its containers, overriding the template's hint.
    pub run_for: Option<SimDuration>,
}

impl NewPod {
    /// A pod that nobody owns.
    pub const fn bare(name: Name, namespace: NamespaceId, template: TemplateId) -> Self {
        Self { name, namespace, template, owner: None, workload: None, ordinal: 0, arrival: None, run_for: None }
    }
}

/// A pod.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the status, written by another component")]
pub struct Pod {
    /// Name.
    pub name: Name,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Template.
    pub template: TemplateId,
    /// The controlling owner; `None` of a bare pod.
    pub owner: Option<ObjectId>,
    /// The workload at the end of the chain of owners.
    pub workload: Option<WorkloadId>,
    /// Ordinal of a StatefulSet's pod; 0 otherwise.
    pub ordinal: i32,
    /// Index of the arrival stream that it came from.
    pub arrival: Option<u32>,
    /// Lifetime of its containers, overriding the template's hint.
    pub run_for: Option<SimDuration>,
    /// Node that it is bound to.
    pub node: Option<NodeId>,
    /// Phase.
    pub phase: PodPhase,
    /// Ready condition.
    pub ready: bool,
    /// Whether its containers are ready, as its kubelet said last: nobody else speaks of them, also when the node is lost.
    pub containers_ready: bool,
    /// Last change of the Ready condition.
    pub ready_changed: SimTime,
    /// Whether it is among the ready endpoints of the Services that select it.
    pub in_endpoints: bool,
    /// Container restarts.
    pub restarts: u32,
    /// Pending deletion.
    pub deletion: Option<Deletion>,
    /// Binding.
    pub bound: Option<SimTime>,
    /// `status.startTime`: the kubelet saw it.
    pub start_time: Option<SimTime>,
    /// First moment in phase Running.
    pub running: Option<SimTime>,
    /// First moment with condition Ready.
    pub first_ready: Option<SimTime>,
    /// When its containers ended for good.
    pub ended: Option<SimTime>,
    /// When the object was removed.
    pub removed: Option<SimTime>,
    /// Scheduling attempts.
    pub scheduling_attempts: u32,
    /// Why it is not running: the last `FailedScheduling` message, the reason for which its containers
    /// wait, or the reason of its failure.
    pub reason: Name,
    /// Whether the last failed attempt found that no node could ever take it.
    pub unresolvable: bool,
    /// Version and creation.
    pub head: ObjectHead,
    /// What a pod of a Job has besides; `None` of other pods.
    pub job: Option<Box<JobPod>>,
    /// Grows whenever the kubelet's plan for it changes, so that what was planned before is known to be stale.
    pub generation: u32,
}

impl Pod {
    /// Whether the object exists.
    pub const fn exists(&self) -> bool {
        self.removed.is_none()
    }

    /// Whether nobody owns it: no controller, and so no workload.
    pub fn is_bare(&self) -> bool {
        self.owner.is_none() && self.workload.is_none()
    }

    /// Whether a ReplicaSet counts it: it exists, has not ended, and is not being deleted.
    pub const fn is_active(&self) -> bool {
        self.exists() && self.deletion.is_none() && !self.phase.is_terminal()
    }

    /// Whether it holds resources on a node (the scheduler's cache knows it).
    pub const fn occupies_node(&self) -> bool {
        self.exists() && self.node.is_some() && !self.phase.is_terminal()
    }
}
