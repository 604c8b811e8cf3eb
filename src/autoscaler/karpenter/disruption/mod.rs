//! Which nodes Karpenter disrupts by choice, and what it puts in their place (`pkg/controllers/disruption`).
//!
//! - [`candidate`]: nodes that may be disrupted, and what that costs
//! - [`budgets`]: how many at a time
//! - [`pass`]: what simulations on one state have in common
//! - [`consolidation`]: whether some nodes can be done without, or replaced by a cheaper one
//! - [`methods`]: emptiness, drift, multi-node and single-node consolidation
//! - [`balanced`]: whether a saving is worth the disruption
//! - [`validation`]: whether a decision still holds after a while

pub mod balanced;
pub mod budgets;
pub mod candidate;
pub mod consolidation;
pub mod methods;
pub mod pass;
pub mod validation;

use crate::api::Name;
use crate::api::karpenter::DisruptionReason;
use crate::units::SimDuration;

use super::new_claim::NewClaim;
use super::state::PodKey;

/// How long a decision waits before it is looked at again.
pub const VALIDATION_DELAY: SimDuration = SimDuration::from_secs(15);

/// A method of disruption, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Removes empty nodes.
    Emptiness,
    /// Replaces nodes of static pools that are no longer what the pool asks for.
    StaticDrift,
    /// Replaces nodes that are no longer what their pool asks for.
    Drift,
    /// Removes several nodes at once, or puts one in their place.
    MultiNode,
    /// Removes one node, or puts a cheaper one in its place.
    SingleNode,
}

impl Method {
    /// Every method, in order.
    pub const ALL: [Self; 5] = [Self::Emptiness, Self::StaticDrift, Self::Drift, Self::MultiNode, Self::SingleNode];

    /// The reason that budgets name.
    pub const fn reason(self) -> DisruptionReason {
        match self {
            Self::Emptiness => DisruptionReason::Empty,
            Self::StaticDrift | Self::Drift => DisruptionReason::Drifted,
            Self::MultiNode | Self::SingleNode => DisruptionReason::Underutilized,
        }
    }

    /// Whether pods cannot hold it up for ever on a node with a `terminationGracePeriod`.
    pub const fn is_eventual(self) -> bool {
        matches!(self, Self::StaticDrift | Self::Drift)
    }

    /// Whether it removes nodes to save money.
    pub const fn is_consolidation(self) -> bool {
        matches!(self, Self::MultiNode | Self::SingleNode)
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Which method found it.
    pub method: Method,
    /// The nodes to be removed, by their name in the state.
    pub candidates: Vec<Name>,
    /// NodeClaims to be made first.
    pub replacements: Vec<NewClaim>,
    /// Nodes that the pods will go to, by their name in the state.
    pub existing: Vec<(Name, Vec<PodKey>)>,
    /// Dollars an hour that are saved, by estimate.
    pub savings: f64,
    /// By pool with the policy Balanced: how the move scored.
    pub scores: Vec<(Name, balanced::Score)>,
}
