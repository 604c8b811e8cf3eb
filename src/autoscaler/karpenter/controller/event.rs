//! What Karpenter plans for later.

use crate::cluster::{CapacityBufferId, NodeClaimId, NodeId, NodePoolId, PodId};

/// An event of Karpenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KarpenterEvent {
    /// A pod that waits triggers the batcher, now and again.
    TriggerPod(PodId),
    /// A node that is about to go triggers the batcher, now and again.
    TriggerNode(NodeId),
    /// A CapacityBuffer triggers the batcher, now and again.
    TriggerBuffer(CapacityBufferId),
    /// The window of the batcher may be over.
    Batch {
        /// Number of the window.
        window: u32,
    },
    /// A NodeClaim is reconciled by the controllers of its life.
    Reconcile(NodeClaimId),
    /// The startup taints of a node are removed by what runs on it.
    StartupTaints(NodeClaimId),
    /// The disruption loop runs.
    Disrupt {
        /// Number of the plan: another one in the meantime makes it stale.
        plan: u32,
    },
    /// A command of the disruption queue is looked at.
    Command {
        /// Its number.
        command: u32,
    },
    /// A node that is being terminated is looked at.
    Terminate(NodeClaimId),
    /// The eviction queue tries to evict a pod.
    Evict(PodId),
    /// The number of nodes of a static pool is looked at.
    StaticPool(NodePoolId),
}
