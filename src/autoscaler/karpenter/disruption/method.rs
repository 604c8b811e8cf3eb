//! The methods of disruption by choice.

use crate::api::karpenter::DisruptionReason;
use crate::units::SimDuration;

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
}
