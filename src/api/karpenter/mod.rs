//! `karpenter.sh/v1`: NodePools, NodeClaims, and the classes of the providers (Karpenter 1.14).

mod node_claim;
mod node_class;
mod node_pool;
mod requirement;

pub use node_claim::{
    NodeClaim, NodeClaimCondition, NodeClaimConditionType, NodeClaimSpec, NodeClaimStatus, NodeClassReference,
};
pub use node_class::{KubeletConfiguration, NodeClass};
pub use node_pool::{Budget, ConsolidationPolicy, DisruptionReason, DisruptionSpec, NodeClaimTemplate, NodePool};
pub use requirement::{KarpenterOperator, KarpenterRequirement};

/// Label, annotation and taint keys of Karpenter (`pkg/apis/v1/labels.go`, `taints.go`).
pub mod keys {
    /// Label: the NodePool.
    pub const NODE_POOL: &str = "karpenter.sh/nodepool";
    /// Label: `on-demand`, `spot` or `reserved`.
    pub const CAPACITY_TYPE: &str = "karpenter.sh/capacity-type";
    /// Label: the node was synced with its NodeClaim.
    pub const REGISTERED: &str = "karpenter.sh/registered";
    /// Label: pods may be placed by Karpenter's simulation as on any other node.
    pub const INITIALIZED: &str = "karpenter.sh/initialized";
    /// Annotation of pods and nodes: not to be disrupted by choice.
    pub const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
    /// Annotation of NodeClaims: hash of the template of the NodePool.
    pub const NODE_POOL_HASH: &str = "karpenter.sh/nodepool-hash";
    /// Annotation of NodeClaims: the form of the hash.
    pub const NODE_POOL_HASH_VERSION: &str = "karpenter.sh/nodepool-hash-version";
    /// Annotation of NodeClaims: `minValues` could not be kept.
    pub const MIN_VALUES_RELAXED: &str = "karpenter.sh/nodeclaim-min-values-relaxed";
    /// Finalizer of NodeClaims and their nodes.
    pub const TERMINATION: &str = "karpenter.sh/termination";
    /// Taint: the node is about to be removed.
    pub const TAINT_DISRUPTED: &str = "karpenter.sh/disrupted";
    /// Taint: the node is not yet synced with its NodeClaim.
    pub const TAINT_UNREGISTERED: &str = "karpenter.sh/unregistered";
}
