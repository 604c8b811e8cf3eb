//! What a fork of the snapshot replaced, so that it can be put back.
//!
//! A node is kept as it was when the fork first touches it; everything else is noted change by change. The cost follows
//! what changes: nothing is copied when a fork begins.

use super::images::{ImageId, ImageState};
use super::node_info::NodeInfo;
use super::zones::ZonePlace;
use crate::api::Name;
use crate::cluster::NodeId;
use std::sync::Arc;

/// What was there before one change.
#[derive(Clone, Debug)]
pub enum Undo {
    /// The entry of a node, with the pods on it; `None` where there was none.
    Node(NodeId, Option<Arc<NodeInfo>>),
    /// The node of a name.
    Name(Name, Option<NodeId>),
    /// A node came to its zone.
    ZoneEntered(NodeId),
    /// A node left its zone.
    ZoneLeft(NodeId, ZonePlace),
    /// The search order.
    Order(Vec<NodeId>),
    /// What the nodes reported about an image.
    Image(ImageId, ImageState),
}

/// The snapshot when a fork began.
#[derive(Clone, Debug)]
pub struct ForkPoint {
    /// How many changes of the forks around it were noted before.
    pub noted: usize,
    /// The version of the last change before.
    pub version: u64,
    /// Nodes whose image counts were to be refreshed.
    pub dirty: Vec<NodeId>,
    /// Whether the search order was out of date.
    pub order_is_stale: bool,
}

/// The open forks of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Changes of all open forks, the oldest first.
    pub changes: Vec<Undo>,
    /// The open forks, the outermost first.
    pub forks: Vec<ForkPoint>,
}

impl Journal {
    /// Keeps a node as it is, unless the innermost fork has changed it already.
    pub fn keep_node(&mut self, id: NodeId, node: Option<&Arc<NodeInfo>>) {
        let since = self.forks.last().map_or(0, |fork| fork.version);
        if node.is_none_or(|node| node.version() <= since) {
            self.changes.push(Undo::Node(id, node.map(Arc::clone)));
        }
    }
}
