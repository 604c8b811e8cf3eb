//! What happens in the cluster, as far as it can make a pending pod schedulable.

use crate::api::{Node, PersistentVolumeClaim};
use crate::scheduler::view::{PlacedRequests, PodInfo};
use std::sync::Arc;

/// A property of a node whose change is an event (`NodeSchedulingPropertiesChange`, kube-scheduler 1.36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// `status.allocatable`.
    Allocatable,
    /// Labels.
    Label,
    /// Taints; also the end of a cordon.
    Taint,
    /// Annotations.
    Annotation,
    /// `status.declaredFeatures`.
    DeclaredFeatures,
}

/// A property of a pod whose change is an event (`PodSchedulingPropertiesChange`, kube-scheduler 1.36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodChange {
    /// Labels.
    Label,
    /// Some request became smaller.
    ScaleDown,
    /// The last scheduling gate was removed.
    SchedulingGatesEliminated,
    /// A toleration was added.
    Tolerations,
}

/// A change of storage objects.
#[derive(Clone, Debug)]
pub enum StorageEvent {
    /// A claim came.
    ClaimAdd(Arc<PersistentVolumeClaim>),
    /// A claim changed.
    ClaimUpdate(Arc<PersistentVolumeClaim>),
    /// A persistent volume came or changed.
    VolumeChange,
    /// A storage class came.
    ClassAdd,
    /// The `allowedTopologies` of a storage class changed.
    ClassUpdate,
    /// A CSINode came, or the limit of one of its drivers was raised.
    CsiNodeChange,
    /// A CSIDriver stopped to publish capacities.
    CsiDriverChange,
    /// A CSIStorageCapacity came or grew.
    CapacityChange,
}

/// Something that happened in the cluster. Cheap to clone: objects are shared.
#[derive(Clone, Debug)]
pub enum ClusterEvent {
    /// A node came.
    NodeAdd(Arc<Node>),
    /// A property of a node changed.
    NodeUpdate {
        /// Before.
        old: Arc<Node>,
        /// After.
        new: Arc<Node>,
        /// The property.
        change: NodeChange,
    },
    /// A node went.
    NodeDelete(Arc<Node>),
    /// A pod was placed: bound, or known for the first time with a node.
    AssignedPodAdd(Arc<PodInfo>),
    /// A property of a pod on a node changed.
    AssignedPodUpdate {
        /// Before.
        old: Arc<PodInfo>,
        /// After.
        new: Arc<PodInfo>,
        /// The property.
        change: PodChange,
    },
    /// A pod on a node, or a pending pod nominated to one, went.
    AssignedPodDelete(Arc<PodInfo>),
    /// A property of a pending pod changed.
    PendingPodUpdate {
        /// Before.
        old: Arc<PodInfo>,
        /// After.
        new: Arc<PodInfo>,
        /// The property.
        change: PodChange,
    },
    /// Something about storage changed.
    Storage(StorageEvent),
    /// A pod's activation was forced.
    ForceActivate,
}

/// The events that a change of a node amounts to. Cordoning alone is none.
#[must_use]
pub fn node_update_events(old: &Arc<Node>, new: &Arc<Node>) -> Vec<ClusterEvent> {
    let uncordoned = old.unschedulable && !new.unschedulable;
    let changes = [
        (old.allocatable != new.allocatable, NodeChange::Allocatable),
        (old.meta.labels != new.meta.labels, NodeChange::Label),
        (old.taints != new.taints || uncordoned, NodeChange::Taint),
        (old.meta.annotations != new.meta.annotations, NodeChange::Annotation),
        (old.declared_features != new.declared_features, NodeChange::DeclaredFeatures),
    ];
    let event = |change| ClusterEvent::NodeUpdate { old: Arc::clone(old), new: Arc::clone(new), change };
    changes.into_iter().filter(|(changed, _)| *changed).map(|(_, change)| event(change)).collect()
}

/// The properties of a pod that changed between `old` and `new`.
#[must_use]
pub fn pod_changes(old: &PodInfo, new: &PodInfo) -> Vec<PodChange> {
    let had_gates = !old.spec().scheduling_gates.is_empty();
    let changes = [
        (old.labels != new.labels, PodChange::Label),
        (is_scaled_down(old.placed(), new.placed()), PodChange::ScaleDown),
        (had_gates && new.spec().scheduling_gates.is_empty(), PodChange::SchedulingGatesEliminated),
        (old.spec().tolerations.len() != new.spec().tolerations.len(), PodChange::Tolerations),
    ];
    changes.into_iter().filter(|(changed, _)| *changed).map(|(_, change)| change).collect()
}

/// Whether some request became smaller.
fn is_scaled_down(old: &PlacedRequests, new: &PlacedRequests) -> bool {
    let (old, new) = (&old.requests, &new.requests);
    old.cpu > new.cpu
        || old.memory > new.memory
        || old.ephemeral_storage > new.ephemeral_storage
        || old.scalar.iter().any(|(name, amount)| *amount > new.scalar(name).unwrap_or(0))
}

/// The kind of an event, which plugins register for: each variant is that of the event of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    NodeAdd,
    NodeUpdate(NodeChange),
    NodeDelete,
    AssignedPodAdd,
    AssignedPodUpdate(PodChange),
    AssignedPodDelete,
    PendingPodUpdate(PodChange),
    ClaimAdd,
    ClaimUpdate,
    VolumeChange,
    ClassAdd,
    ClassUpdate,
    CsiNodeChange,
    CsiDriverChange,
    CapacityChange,
    ForceActivate,
}

impl EventKind {
    /// How many kinds there are.
    pub const COUNT: usize = 26;

    /// The number of the kind, below [`COUNT`](Self::COUNT).
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::NodeAdd => 0,
            Self::NodeDelete => 1,
            Self::AssignedPodAdd => 2,
            Self::AssignedPodDelete => 3,
            Self::ClaimAdd => 4,
            Self::ClaimUpdate => 5,
            Self::VolumeChange => 6,
            Self::ClassAdd => 7,
            Self::ClassUpdate => 8,
            Self::CsiNodeChange => 9,
            Self::CsiDriverChange => 10,
            Self::CapacityChange => 11,
            Self::ForceActivate => 12,
            Self::NodeUpdate(change) => 13 + change as usize,
            Self::AssignedPodUpdate(change) => 18 + change as usize,
            Self::PendingPodUpdate(change) => 22 + change as usize,
        }
    }
}

impl ClusterEvent {
    /// The kind of the event.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::NodeAdd(_) => EventKind::NodeAdd,
            Self::NodeUpdate { change, .. } => EventKind::NodeUpdate(*change),
            Self::NodeDelete(_) => EventKind::NodeDelete,
            Self::AssignedPodAdd(_) => EventKind::AssignedPodAdd,
            Self::AssignedPodUpdate { change, .. } => EventKind::AssignedPodUpdate(*change),
            Self::AssignedPodDelete(_) => EventKind::AssignedPodDelete,
            Self::PendingPodUpdate { change, .. } => EventKind::PendingPodUpdate(*change),
            Self::Storage(StorageEvent::ClaimAdd(_)) => EventKind::ClaimAdd,
            Self::Storage(StorageEvent::ClaimUpdate(_)) => EventKind::ClaimUpdate,
            Self::Storage(StorageEvent::VolumeChange) => EventKind::VolumeChange,
            Self::Storage(StorageEvent::ClassAdd) => EventKind::ClassAdd,
            Self::Storage(StorageEvent::ClassUpdate) => EventKind::ClassUpdate,
            Self::Storage(StorageEvent::CsiNodeChange) => EventKind::CsiNodeChange,
            Self::Storage(StorageEvent::CsiDriverChange) => EventKind::CsiDriverChange,
            Self::Storage(StorageEvent::CapacityChange) => EventKind::CapacityChange,
            Self::ForceActivate => EventKind::ForceActivate,
        }
    }

    /// The claim of an event of a claim.
    #[must_use]
    pub const fn claim(&self) -> Option<&Arc<PersistentVolumeClaim>> {
        match self {
            Self::Storage(StorageEvent::ClaimAdd(claim) | StorageEvent::ClaimUpdate(claim)) => Some(claim),
            _ => None,
        }
    }

    /// The node before and after an event of a node; a new node has no before, a deleted one no after.
    #[must_use]
    pub fn nodes(&self) -> Option<(Option<&Node>, Option<&Node>)> {
        match self {
            Self::NodeAdd(new) => Some((None, Some(new))),
            Self::NodeUpdate { old, new, .. } => Some((Some(old), Some(new))),
            Self::NodeDelete(old) => Some((Some(old), None)),
            _ => None,
        }
    }
}
