//! CapacityBuffers: how many chunks of which shape the node autoscalers keep room for.
//!
//! Mirrors `pkg/capacitybuffer` of the Cluster Autoscaler (August 2026) and `pkg/controllers/capacitybuffer` of Karpenter
//! 1.14. The autoscalers put the chunks among the pods that wait, so that nodes are added for them, and keep them in their
//! simulations, so that these nodes are not removed again; no chunk is ever a pod of the cluster.
//!
//! Known deviations: a status follows its cause at once; the shape is that of the workload's template, where the Cluster
//! Autoscaler looks at the workload's newest pod first (they differ where a webhook changes pods).

pub mod chunks;
pub mod controller;
mod quota;
mod replicas;

pub use quota::{QuotaRoom, within_quotas};
pub use replicas::desired_replicas;

/// Whose rules the buffers follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferRules {
    /// The Cluster Autoscaler's: ResourceQuotas count, limits must name a requested resource.
    ClusterAutoscaler,
    /// Karpenter's.
    Karpenter,
}
