//! How many nodes of a group are ready, starting or broken.

use crate::api::Name;
use crate::autoscaler::cluster_autoscaler::environment::ObservedNode;
use crate::cluster::NodeId;
use crate::units::{SimDuration, SimTime};

/// Nodes of a group by their state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Ready nodes.
    pub ready: usize,
    /// Nodes that broke down after they had started.
    pub unready: usize,
    /// Nodes whose instances are gone.
    pub deleted: usize,
    /// Nodes that have not started yet.
    pub not_started: Vec<NodeId>,
    /// All of these.
    pub registered: usize,
    /// Instances without a node, for too long.
    pub long_unregistered: Vec<Name>,
    /// Instances without a node yet.
    pub unregistered: usize,
}

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Its instance is gone.
    Deleted,
    /// It is ready.
    Ready,
    /// It has not started yet.
    NotStarted,
    /// It broke down.
    Unready,
}

/// The state of a node; it may take `startup` to start.
pub fn classify(node: &ObservedNode, startup: SimDuration, now: SimTime) -> Class {
    if !node.has_instance {
        Class::Deleted
    } else if node.ready {
        Class::Ready
    } else if node.created + startup > now {
        Class::NotStarted
    } else {
        Class::Unready
    }
}

impl Readiness {
    /// Counts a node.
    pub fn count(&mut self, class: Class, node: NodeId) {
        self.registered += 1;
        match class {
            Class::Deleted => self.deleted += 1,
            Class::Ready => self.ready += 1,
            Class::NotStarted => self.not_started.push(node),
            Class::Unready => self.unready += 1,
        }
    }
}
