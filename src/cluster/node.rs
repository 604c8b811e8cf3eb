//! The state of one node.

use super::PodId;
use crate::api;
use crate::units::SimTime;
use smallvec::SmallVec;
use std::sync::Arc;

/// Status of the Ready condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeReady {
    /// The kubelet reports that it is healthy.
    #[default]
    True,
    /// The kubelet reports that it is not.
    False,
    /// The kubelet has not reported for longer than the grace period.
    Unknown,
}

/// What the machine behind a node does, whatever the control plane believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Machine {
    /// It runs and is connected.
    #[default]
    Up,
    /// It runs but cannot reach the control plane.
    CutOff,
    /// It is down: its containers are gone.
    Down,
}

/// A node: its object and what runs on it.
#[derive(Clone, Debug)]
pub struct Node {
    /// The object: labels, taints, allocatable. Shared with the scheduler's view.
    pub object: Arc<api::Node>,
    /// Index of the node pool; `None` for nodes that manifests define.
    pub pool: Option<u32>,
    /// Creation.
    pub created: SimTime,
    /// Removal of the object.
    pub removed: Option<SimTime>,
    /// Ready condition and its last change.
    pub ready: NodeReady,
    /// Last change of the Ready condition.
    pub ready_changed: SimTime,
    /// The machine's state.
    pub machine: Machine,
    /// Grows with every change of the machine's state, so that what was planned before is known to be stale.
    pub generation: u32,
    /// Pods bound to the node whose objects exist, ended ones included, in no particular but reproducible order.
    pub pods: SmallVec<[PodId; 14]>,
}

impl Node {
    /// Whether the object exists.
    pub const fn exists(&self) -> bool {
        self.removed.is_none()
    }
}
