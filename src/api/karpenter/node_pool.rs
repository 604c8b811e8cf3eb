//! `NodePool` of `karpenter.sh/v1`.

use super::{KarpenterRequirement, NodeClassReference};
use crate::api::{ApiObject, IntOrPercent, Kind, Labels, Name, ObjectMeta, ResourceList, Taint};
use crate::units::SimDuration;

/// A `NodePool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePool {
    /// Identity; the pool has no namespace.
    pub meta: ObjectMeta,
    /// `spec.template`: what its NodeClaims are made from.
    pub template: NodeClaimTemplate,
    /// `spec.disruption`.
    pub disruption: DisruptionSpec,
    /// `spec.limits`; `nodes` is one of the scalars.
    pub limits: ResourceList,
    /// `spec.weight`, 0 where it is not given: pools of a higher one come first.
    pub weight: i32,
    /// `spec.replicas` of a static pool, which keeps so many nodes whatever the pods ask for.
    pub replicas: Option<i64>,
    /// Whether its condition Ready is false in a dump.
    pub is_not_ready: bool,
}

impl NodePool {
    /// Whether it keeps a number of nodes rather than to follow the pods.
    #[must_use]
    pub const fn is_static(&self) -> bool {
        self.replicas.is_some()
    }
}

/// `spec.template` of a NodePool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeClaimTemplate {
    /// `metadata.labels`.
    pub labels: Labels,
    /// `metadata.annotations`.
    pub annotations: Labels,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.startupTaints`: pods need not tolerate them, and something on the node removes them.
    pub startup_taints: Vec<Taint>,
    /// `spec.requirements`.
    pub requirements: Vec<KarpenterRequirement>,
    /// `spec.nodeClassRef`.
    pub node_class: NodeClassReference,
    /// `spec.terminationGracePeriod`: how long draining may take; `None` is forever.
    pub termination_grace_period: Option<SimDuration>,
    /// `spec.expireAfter`: how long a node may live; `None` is `Never`.
    pub expire_after: Option<SimDuration>,
}

/// `spec.disruption` of a NodePool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisruptionSpec {
    /// `consolidateAfter`; `None` is `Never`.
    pub consolidate_after: Option<SimDuration>,
    /// `consolidationPolicy`.
    pub consolidation_policy: ConsolidationPolicy,
    /// `budgets`.
    pub budgets: Vec<Budget>,
}

impl Default for DisruptionSpec {
    /// As the API server fills it in.
    fn default() -> Self {
        Self {
            consolidate_after: Some(SimDuration::ZERO),
            consolidation_policy: ConsolidationPolicy::WhenEmptyOrUnderutilized,
            budgets: vec![Budget::default()],
        }
    }
}

/// `consolidationPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConsolidationPolicy {
    /// Empty nodes are removed.
    WhenEmpty,
    /// Nodes whose pods fit elsewhere too, or on a cheaper node.
    #[default]
    WhenEmptyOrUnderutilized,
    /// The same, where the saving is worth the disruption.
    Balanced,
}

impl ConsolidationPolicy {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WhenEmpty => "WhenEmpty",
            Self::WhenEmptyOrUnderutilized => "WhenEmptyOrUnderutilized",
            Self::Balanced => "Balanced",
        }
    }
}

/// A reason for which nodes are disrupted by choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DisruptionReason {
    /// Its pods fit elsewhere, or on a cheaper node.
    Underutilized,
    /// It has no pods.
    Empty,
    /// It is no longer what its NodePool asks for.
    Drifted,
}

impl DisruptionReason {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Underutilized => "Underutilized",
            Self::Empty => "Empty",
            Self::Drifted => "Drifted",
        }
    }
}

/// A disruption budget of a NodePool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// For which reasons it holds; empty for all.
    pub reasons: Vec<DisruptionReason>,
    /// How many of the pool's nodes may be disrupted at a time.
    pub nodes: IntOrPercent,
    /// When it begins to hold, a cron expression in UTC; `None` is always.
    pub schedule: Option<Name>,
    /// For how long it holds after each hit of the schedule.
    pub duration: Option<SimDuration>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { reasons: Vec::new(), nodes: IntOrPercent::Percent(10), schedule: None, duration: None }
    }
}

impl ApiObject for NodePool {
    fn kind(&self) -> Kind {
        Kind::NodePool
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
