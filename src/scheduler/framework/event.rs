//! What happens in the cluster, as far as it can make a pending pod schedulable.

use crate::api::{Node, PersistentVolumeClaim};
use crate::scheduler::plugins::{Plugin, PluginSet};
use crate::scheduler::view::{PlacedRequests, PodInfo};
use std::sync::Arc;

/// A property of a node whose change is an event of its own (`NodeSchedulingPropertiesChange`, kube-scheduler 1.36).
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

/// A property of a pod whose change is an event of its own (`PodSchedulingPropertiesChange`, kube-scheduler 1.36).
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

impl ClusterEvent {
    /// The plugins whose hints are to be asked about the event (`EventsToRegister`, kube-scheduler 1.36): pods that
    /// none of them rejected stay where they are. [`ClusterEvent::ForceActivate`] concerns every pod.
    #[must_use]
    pub const fn listeners(&self) -> PluginSet {
        use Plugin::{
            DynamicResources, InterPodAffinity, NodeAffinity, NodeDeclaredFeatures, NodeName, NodePorts,
            NodeResourcesFit, NodeUnschedulable, NodeVolumeLimits, PodTopologySpread, SchedulingGates, TaintToleration,
            VolumeBinding, VolumeRestrictions, VolumeZone,
        };
        // Plugins that listen to new nodes but not to taints hear of taints all the same, with a hint that always
        // says Queue: before 1.32 a taint could hide the arrival of a node.
        const NODE_ADD: PluginSet = PluginSet::of(&[
            DynamicResources,
            InterPodAffinity,
            NodeAffinity,
            NodeDeclaredFeatures,
            NodeName,
            NodePorts,
            NodeResourcesFit,
            NodeUnschedulable,
            PodTopologySpread,
            TaintToleration,
            VolumeBinding,
            VolumeRestrictions,
            VolumeZone,
        ]);
        match self {
            Self::NodeAdd(_) | Self::NodeUpdate { change: NodeChange::Taint, .. } => NODE_ADD,
            Self::NodeUpdate { change: NodeChange::Allocatable, .. }
            | Self::AssignedPodUpdate { change: PodChange::ScaleDown, .. }
            | Self::PendingPodUpdate { change: PodChange::ScaleDown, .. } => PluginSet::of(&[NodeResourcesFit]),
            Self::NodeUpdate { change: NodeChange::Label, .. } => {
                PluginSet::of(&[InterPodAffinity, NodeAffinity, PodTopologySpread, VolumeBinding, VolumeZone])
            }
            Self::NodeUpdate { change: NodeChange::Annotation, .. }
            | Self::AssignedPodUpdate {
                change: PodChange::SchedulingGatesEliminated | PodChange::Tolerations, ..
            }
            | Self::ForceActivate => PluginSet::EMPTY,
            Self::NodeUpdate { change: NodeChange::DeclaredFeatures, .. } => PluginSet::of(&[NodeDeclaredFeatures]),
            Self::NodeDelete(_) => PluginSet::of(&[PodTopologySpread]),
            Self::AssignedPodAdd(_)
            | Self::AssignedPodUpdate { change: PodChange::Label, .. }
            | Self::PendingPodUpdate { change: PodChange::Label, .. } => {
                PluginSet::of(&[InterPodAffinity, PodTopologySpread])
            }
            Self::AssignedPodDelete(_) => PluginSet::of(&[
                InterPodAffinity,
                NodePorts,
                NodeResourcesFit,
                NodeVolumeLimits,
                PodTopologySpread,
                VolumeRestrictions,
            ]),
            Self::Storage(StorageEvent::ClaimAdd(_)) => {
                PluginSet::of(&[NodeVolumeLimits, VolumeBinding, VolumeRestrictions, VolumeZone])
            }
            Self::Storage(StorageEvent::ClaimUpdate(_) | StorageEvent::VolumeChange | StorageEvent::ClassAdd) => {
                PluginSet::of(&[VolumeBinding, VolumeZone])
            }
            Self::Storage(StorageEvent::CsiNodeChange) => PluginSet::of(&[NodeVolumeLimits, VolumeBinding]),
            Self::Storage(StorageEvent::ClassUpdate | StorageEvent::CsiDriverChange | StorageEvent::CapacityChange) => {
                PluginSet::of(&[VolumeBinding])
            }
            Self::PendingPodUpdate { change: PodChange::SchedulingGatesEliminated, .. } => {
                PluginSet::of(&[SchedulingGates])
            }
            Self::PendingPodUpdate { change: PodChange::Tolerations, .. } => {
                PluginSet::of(&[NodeUnschedulable, PodTopologySpread, TaintToleration])
            }
        }
    }
}
