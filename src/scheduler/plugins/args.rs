//! The arguments of all plugins of a profile (`pluginConfig`).

use super::balanced_allocation::args::default_resources;
use super::default_preemption::args::DefaultPreemptionArgs;
use super::inter_pod_affinity::args::InterPodAffinityArgs;
use super::node_resources_fit::args::NodeResourcesFitArgs;
use super::pod_topology_spread::args::DefaultSpreadConstraints;
use crate::api::NodeAffinity;
use crate::scheduler::view::ResourceKey;

/// Arguments of all plugins.
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
            balanced_resources: default_resources(),
            default_spread_constraints: DefaultSpreadConstraints::default(),
            inter_pod_affinity: InterPodAffinityArgs::default(),
            preemption: DefaultPreemptionArgs::default(),
        }
    }
}
