//! What a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) says, with the defaults of each plugin's arguments
//! filled in. Which plugins a profile runs in the end is the scheduler's business.

use super::{Name, NodeAffinity, ResourceKey, TopologySpreadConstraint};
use crate::units::SimDuration;
use std::collections::BTreeMap;

/// `schedulerName` of a profile that names none.
pub const DEFAULT_SCHEDULER_NAME: &str = "default-scheduler";

/// A step of the scheduling of a pod at which plugins run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtensionPoint {
    /// Before the pod enters the queue.
    PreEnqueue,
    /// The order of the queue.
    QueueSort,
    /// Once for each pod, before the filters.
    PreFilter,
    /// For each node: whether it is feasible.
    Filter,
    /// After no node was feasible.
    PostFilter,
    /// Once for each pod, before the scores.
    PreScore,
    /// For each feasible node: what it is worth.
    Score,
    /// After a node was chosen: what the pod needs is set aside.
    Reserve,
    /// Before the binding: it may wait.
    Permit,
    /// Before the binding: what it needs is made ready.
    PreBind,
    /// The binding.
    Bind,
    /// After the binding.
    PostBind,
    /// All points that the plugin implements.
    MultiPoint,
}

/// A plugin that a profile enables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnabledPlugin {
    /// Its name.
    pub name: Name,
    /// Its weight in Score; `None` is 1.
    pub weight: Option<i32>,
}

/// Changes to the default plugins of one extension point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginSet {
    /// Plugins to add, in order.
    pub enabled: Vec<EnabledPlugin>,
    /// Plugins to take away; `*` is all.
    pub disabled: Vec<Name>,
}

/// A resource that counts in a score, with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceWeight {
    /// The resource.
    pub resource: ResourceKey,
    /// Its weight.
    pub weight: i64,
}

/// How NodeResourcesFit scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// Free nodes first.
    LeastAllocated,
    /// Full nodes first.
    MostAllocated,
    /// By a function of utilization.
    RequestedToCapacityRatio {
        /// Points (utilization 0-100, score 0-10) in ascending order of utilization.
        shape: Vec<(i64, i64)>,
    },
}

/// `NodeResourcesFitArgs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeResourcesFitArgs {
    /// Extended resources that the filter ignores.
    pub ignored_resources: Vec<Name>,
    /// Extended resources that the filter ignores by the part of their name before `/`.
    pub ignored_resource_groups: Vec<Name>,
    /// How nodes are scored.
    pub strategy: ScoringStrategy,
    /// What counts in the score.
    pub resources: Vec<ResourceWeight>,
}

impl Default for NodeResourcesFitArgs {
    /// Those of kube-scheduler (`SetDefaults_NodeResourcesFitArgs`): cpu and memory count alike, free nodes come first.
    fn default() -> Self {
        Self {
            ignored_resources: Vec::new(),
            ignored_resource_groups: Vec::new(),
            strategy: ScoringStrategy::LeastAllocated,
            resources: [ResourceKey::Cpu, ResourceKey::Memory]
                .map(|resource| ResourceWeight { resource, weight: 1 })
                .into(),
        }
    }
}

/// `PodTopologySpreadArgs`: which constraints pods without constraints get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DefaultSpreadConstraints {
    /// `defaultingType: System`.
    #[default]
    System,
    /// `defaultingType: List`: these, for pods without constraints.
    List(Vec<TopologySpreadConstraint>),
}

/// `InterPodAffinityArgs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterPodAffinityArgs {
    /// `hardPodAffinityWeight`: what the required affinity of a pod that is there counts in the score.
    pub hard_pod_affinity_weight: i32,
    /// `ignorePreferredTermsOfExistingPods`.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    /// Those of kube-scheduler (`SetDefaults_InterPodAffinityArgs`).
    fn default() -> Self {
        Self { hard_pod_affinity_weight: 1, ignore_preferred_terms_of_existing_pods: false }
    }
}

/// `DefaultPreemptionArgs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPreemptionArgs {
    /// `minCandidateNodesPercentage`.
    pub min_candidate_nodes_percentage: i32,
    /// `minCandidateNodesAbsolute`.
    pub min_candidate_nodes_absolute: i32,
}

impl Default for DefaultPreemptionArgs {
    /// Those of kube-scheduler (`SetDefaults_DefaultPreemptionArgs`).
    fn default() -> Self {
        Self { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 }
    }
}

/// Arguments of all plugins of a profile, defaults where the file is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginArgs {
    /// NodeAffinity's `addedAffinity`.
    pub added_affinity: Option<NodeAffinity>,
    /// NodeResourcesFit.
    pub fit: NodeResourcesFitArgs,
    /// What counts in NodeResourcesBalancedAllocation.
    pub balanced_resources: Vec<ResourceKey>,
    /// PodTopologySpread.
    pub default_spread_constraints: DefaultSpreadConstraints,
    /// InterPodAffinity.
    pub inter_pod_affinity: InterPodAffinityArgs,
    /// DefaultPreemption.
    pub preemption: DefaultPreemptionArgs,
}

impl Default for PluginArgs {
    fn default() -> Self {
        Self {
            added_affinity: None,
            fit: NodeResourcesFitArgs::default(),
            balanced_resources: vec![ResourceKey::Cpu, ResourceKey::Memory],
            default_spread_constraints: DefaultSpreadConstraints::default(),
            inter_pod_affinity: InterPodAffinityArgs::default(),
            preemption: DefaultPreemptionArgs::default(),
        }
    }
}

/// One of `profiles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeSchedulerProfile {
    /// `schedulerName`: which pods it schedules.
    pub scheduler_name: Name,
    /// `percentageOfNodesToScore` of the profile.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// Changes to the default plugins.
    pub plugins: BTreeMap<ExtensionPoint, PluginSet>,
    /// Arguments of the plugins.
    pub args: PluginArgs,
}

impl Default for KubeSchedulerProfile {
    fn default() -> Self {
        Self {
            scheduler_name: DEFAULT_SCHEDULER_NAME.into(),
            percentage_of_nodes_to_score: None,
            plugins: BTreeMap::new(),
            args: PluginArgs::default(),
        }
    }
}

/// A scheduler's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeSchedulerConfiguration {
    /// `percentageOfNodesToScore`; `None` and 0 are adaptive.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// `parallelism`: nodes that are filtered at a time.
    pub parallelism: i32,
    /// `profiles`, at least one.
    pub profiles: Vec<KubeSchedulerProfile>,
}

impl Default for KubeSchedulerConfiguration {
    fn default() -> Self {
        Self {
            percentage_of_nodes_to_score: None,
            pod_initial_backoff: SimDuration::from_secs(1),
            pod_max_backoff: SimDuration::from_secs(10),
            parallelism: 16,
            profiles: vec![KubeSchedulerProfile::default()],
        }
    }
}
