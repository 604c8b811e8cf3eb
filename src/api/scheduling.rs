//! Placement constraints in a pod spec: affinity and topology spread.

use super::{LabelSelector, Name, NodeSelector, NodeSelectorTerm};

/// `spec.affinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Affinity {
    /// Attraction to nodes.
    pub node: Option<NodeAffinity>,
    /// Required attraction to other pods.
    pub pod_required: Vec<PodAffinityTerm>,
    /// Preferred attraction to other pods.
    pub pod_preferred: Vec<WeightedPodAffinityTerm>,
    /// Required distance from other pods.
    pub pod_anti_required: Vec<PodAffinityTerm>,
    /// Preferred distance from other pods.
    pub pod_anti_preferred: Vec<WeightedPodAffinityTerm>,
}

/// `spec.affinity.nodeAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeAffinity {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    pub required: Option<NodeSelector>,
    /// `preferredDuringSchedulingIgnoredDuringExecution`.
    pub preferred: Vec<PreferredSchedulingTerm>,
}

/// A preferred node affinity term with its weight (1-100).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PreferredSchedulingTerm {
    /// Points for a node that matches.
    pub weight: i32,
    /// What the node must match.
    pub preference: NodeSelectorTerm,
}

/// A pod (anti-)affinity term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodAffinityTerm {
    /// Which pods; `None` selects none.
    pub label_selector: Option<LabelSelector>,
    /// Namespaces by name.
    pub namespaces: Vec<Name>,
    /// Namespaces by label; `None` adds none, an empty selector all.
    pub namespace_selector: Option<LabelSelector>,
    /// Node label that defines the domain.
    pub topology_key: Name,
    /// Keys whose values in the incoming pod are added to the selector with `In`.
    pub match_label_keys: Vec<Name>,
    /// Keys whose values in the incoming pod are added to the selector with `NotIn`.
    pub mismatch_label_keys: Vec<Name>,
}

/// A preferred pod (anti-)affinity term with its weight (1-100).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WeightedPodAffinityTerm {
    /// Points for each match.
    pub weight: i32,
    /// The term.
    pub term: PodAffinityTerm,
}

/// What happens when a topology spread constraint cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsatisfiableConstraintAction {
    /// The node is not feasible.
    DoNotSchedule,
    /// The node scores less.
    ScheduleAnyway,
}

/// Whether nodes that a policy would exclude count in the skew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeInclusionPolicy {
    /// The policy is applied.
    Honor,
    /// The policy is not applied.
    Ignore,
}

/// One of `spec.topologySpreadConstraints`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopologySpreadConstraint {
    /// Largest allowed difference between a domain and the emptiest one.
    pub max_skew: i32,
    /// Node label that defines the domains.
    pub topology_key: Name,
    /// Hard or soft.
    pub when_unsatisfiable: UnsatisfiableConstraintAction,
    /// Which pods count; `None` selects none.
    pub label_selector: Option<LabelSelector>,
    /// Domains below this number make the minimum zero.
    pub min_domains: Option<i32>,
    /// Node affinity and selector of the pod; the API server's default is `Honor`.
    pub node_affinity_policy: NodeInclusionPolicy,
    /// Taints of the nodes; the API server's default is `Ignore`.
    pub node_taints_policy: NodeInclusionPolicy,
    /// Keys whose values in the incoming pod are added to the selector.
    pub match_label_keys: Vec<Name>,
}
