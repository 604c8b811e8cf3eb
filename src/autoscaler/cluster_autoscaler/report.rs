//! What one loop did, for whoever records it.

use super::actuator::DeleteResult;
use super::environment::GroupId;
use super::removal::Unremovable;
use super::scale_up::ScaleUpStatus;
use super::utilization::Utilization;
use crate::api::Name;
use crate::cluster::{NodeId, PodId};

/// How the scale-down of a loop ended (`ScaleDownResult`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleDownResult {
    /// No node may be removed at all.
    NoCandidates,
    /// Nothing is to be deleted now.
    NoNodeDeleted,
    /// Deletions began.
    NodeDeleteStarted,
    /// A delay is not over.
    InCooldown,
    /// The loop ended before.
    #[default]
    NotTried,
}

impl ScaleDownResult {
    /// The name in the real program, without its prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCandidates => "NoCandidates",
            Self::NoNodeDeleted => "NoNodeDeleted",
            Self::NodeDeleteStarted => "NodeDeleteStarted",
            Self::InCooldown => "InCooldown",
            Self::NotTried => "NotTried",
        }
    }
}

/// A delay that keeps nodes from being deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooldown {
    /// The pending pods are very new.
    NewPods,
    /// `scale-down-delay-after-add`.
    AfterAdd,
    /// `scale-down-delay-after-delete`.
    AfterDelete,
}

impl Cooldown {
    /// The flag that sets it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewPods => "new-pods",
            Self::AfterAdd => "scale-down-delay-after-add",
            Self::AfterDelete => "scale-down-delay-after-delete",
        }
    }
}

/// A deletion that began.
#[derive(Clone, Debug)]
pub struct DeletionStarted {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// Its group.
    pub group: GroupId,
    /// How much of it was asked for.
    pub utilization: Utilization,
    /// Pods that will be evicted; none of an empty node.
    pub pods: Vec<PodId>,
}

/// What one loop did.
#[derive(Clone, Debug, Default)]
pub struct LoopReport {
    /// The scale-up.
    pub scale_up: ScaleUpStatus,
    /// The scale-up to minimum sizes: whether it was tried, and what it did.
    pub min_size: Option<ScaleUpStatus>,
    /// Scale-ups that were taken back: the group, how many nodes, and whether the cloud agreed.
    pub reverted: Vec<(GroupId, i64, bool)>,
    /// The scale-down.
    pub scale_down: ScaleDownResult,
    /// What kept it from deleting.
    pub cooldown: Option<Cooldown>,
    /// Why nodes stay.
    pub unremovable: Vec<(NodeId, Unremovable)>,
    /// Deletions that began.
    pub started: Vec<DeletionStarted>,
    /// Deletions that ended since the loop before.
    pub finished: Vec<(NodeId, Name, DeleteResult)>,
    /// Nodes that groups are about to get.
    pub upcoming: Vec<(GroupId, usize)>,
    /// Whether too many nodes are unready to do anything.
    pub cluster_unhealthy: bool,
}
