//! The arguments of NodeResourcesFit.

use crate::api::Name;
use crate::scheduler::view::ResourceKey;

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

/// A resource that counts in a score, with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceWeight {
    /// The resource.
    pub resource: ResourceKey,
    /// Its weight.
    pub weight: i64,
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
