//! Scheduler profiles: which plugins run at which extension point, with what weights and arguments.

use super::version::KubernetesVersion;
use crate::api::{Name, NodeAffinity, TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known};
use crate::scheduler::plugins::{Plugin, PluginSet};
use crate::scheduler::view::ResourceKey;
use crate::units::SimDuration;

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

/// `PodTopologySpreadArgs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultSpreadConstraints {
    /// `defaultingType: System`.
    System,
    /// `defaultingType: List`: these, for pods without constraints of their own.
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

/// `DefaultPreemptionArgs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPreemptionArgs {
    /// `minCandidateNodesPercentage`.
    pub min_candidate_nodes_percentage: i32,
    /// `minCandidateNodesAbsolute`.
    pub min_candidate_nodes_absolute: i32,
}

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
        let cpu_and_memory = [ResourceKey::Cpu, ResourceKey::Memory];
        Self {
            added_affinity: None,
            fit: NodeResourcesFitArgs {
                ignored_resources: Vec::new(),
                ignored_resource_groups: Vec::new(),
                strategy: ScoringStrategy::LeastAllocated,
                resources: cpu_and_memory.clone().map(|resource| ResourceWeight { resource, weight: 1 }).into(),
            },
            balanced_resources: cpu_and_memory.into(),
            default_spread_constraints: DefaultSpreadConstraints::System,
            inter_pod_affinity: InterPodAffinityArgs {
                hard_pod_affinity_weight: 1,
                ignore_preferred_terms_of_existing_pods: false,
            },
            preemption: DefaultPreemptionArgs { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 },
        }
    }
}

/// The constraints that `defaultingType: System` stands for (PodTopologySpread, kube-scheduler 1.36): hostname with a
/// skew of 3 and zone with a skew of 5, both soft. Their selector is that of the pod's Services and owner.
#[must_use]
pub fn system_default_constraints() -> Vec<TopologySpreadConstraint> {
    use crate::api::NodeInclusionPolicy::{Honor, Ignore};
    [(3, well_known::HOSTNAME), (5, well_known::ZONE)]
        .map(|(max_skew, topology_key)| TopologySpreadConstraint {
            max_skew,
            topology_key: Name::from(topology_key),
            when_unsatisfiable: UnsatisfiableConstraintAction::ScheduleAnyway,
            label_selector: None,
            min_domains: None,
            node_affinity_policy: Honor,
            node_taints_policy: Ignore,
            match_label_keys: Vec::new(),
        })
        .into()
}

/// Plugins named at one extension point of a KubeSchedulerConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginEdits {
    /// `enabled`, with the weight where one is given.
    pub enabled: Vec<(Plugin, Option<i64>)>,
    /// `disabled` by name.
    pub disabled: Vec<Plugin>,
    /// `disabled: [{name: "*"}]`.
    pub disables_all: bool,
}

impl PluginEdits {
    fn disables(&self, plugin: Plugin) -> bool {
        self.disables_all || self.disabled.contains(&plugin)
    }
}

/// `plugins` of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the extension point of its name")]
pub struct PluginsConfig {
    pub multi_point: PluginEdits,
    pub pre_enqueue: PluginEdits,
    pub pre_filter: PluginEdits,
    pub filter: PluginEdits,
    pub post_filter: PluginEdits,
    pub pre_score: PluginEdits,
    pub score: PluginEdits,
}

/// `KubeSchedulerProfile` as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileConfig {
    /// `schedulerName`; `None` is `default-scheduler`.
    pub scheduler_name: Option<Name>,
    /// `percentageOfNodesToScore` of the profile.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// `plugins`.
    pub plugins: PluginsConfig,
    /// `pluginConfig`.
    pub args: PluginArgs,
}

/// `KubeSchedulerConfiguration` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// `percentageOfNodesToScore`; 0 adapts to the number of nodes.
    pub percentage_of_nodes_to_score: i32,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// `profiles`.
    pub profiles: Vec<ProfileConfig>,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            version: KubernetesVersion::default(),
            percentage_of_nodes_to_score: 0,
            pod_initial_backoff: SimDuration::from_secs(1),
            pod_max_backoff: SimDuration::from_secs(10),
            profiles: vec![ProfileConfig::default()],
        }
    }
}

impl SchedulerConfig {
    /// The profiles, ready to run. Without any, there is the default one.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        let default = [ProfileConfig::default()];
        let profiles = if self.profiles.is_empty() { &default[..] } else { &self.profiles };
        profiles.iter().map(|profile| Profile::new(profile, self.version, self.percentage_of_nodes_to_score)).collect()
    }
}

/// The default `multiPoint` list with the weights of those plugins that score (`getDefaultPlugins`, 1.36).
const DEFAULT_PLUGINS: [(Plugin, i64); 19] = [
    (Plugin::SchedulingGates, 0),
    (Plugin::PrioritySort, 0),
    (Plugin::NodeUnschedulable, 0),
    (Plugin::NodeName, 0),
    (Plugin::TaintToleration, 3),
    (Plugin::NodeAffinity, 2),
    (Plugin::NodePorts, 0),
    (Plugin::NodeResourcesFit, 1),
    (Plugin::VolumeRestrictions, 0),
    (Plugin::NodeVolumeLimits, 0),
    (Plugin::VolumeBinding, 0),
    (Plugin::VolumeZone, 0),
    (Plugin::PodTopologySpread, 2),
    (Plugin::InterPodAffinity, 2),
    (Plugin::DynamicResources, 2),
    (Plugin::DefaultPreemption, 0),
    (Plugin::NodeResourcesBalancedAllocation, 1),
    (Plugin::ImageLocality, 1),
    (Plugin::NodeDeclaredFeatures, 0),
];

/// Plugins that have a PreEnqueue.
const PRE_ENQUEUE: PluginSet =
    PluginSet::of(&[Plugin::SchedulingGates, Plugin::DynamicResources, Plugin::DefaultPreemption]);

/// Plugins that have a PreFilter.
const PRE_FILTER: PluginSet = PluginSet::of(&[
    Plugin::NodeAffinity,
    Plugin::NodePorts,
    Plugin::NodeResourcesFit,
    Plugin::VolumeRestrictions,
    Plugin::NodeVolumeLimits,
    Plugin::VolumeBinding,
    Plugin::VolumeZone,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
    Plugin::DynamicResources,
    Plugin::NodeDeclaredFeatures,
]);

/// Plugins that have a Filter.
const FILTER: PluginSet =
    PRE_FILTER.union(PluginSet::of(&[Plugin::NodeUnschedulable, Plugin::NodeName, Plugin::TaintToleration]));

/// Plugins that have a PostFilter.
const POST_FILTER: PluginSet = PluginSet::of(&[Plugin::DynamicResources, Plugin::DefaultPreemption]);

/// Plugins that have a PreScore.
const PRE_SCORE: PluginSet = PluginSet::of(&[
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::NodeResourcesFit,
    Plugin::VolumeBinding,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
    Plugin::NodeResourcesBalancedAllocation,
]);

/// Plugins that have a Score.
const SCORE: PluginSet = PRE_SCORE.union(PluginSet::of(&[Plugin::DynamicResources, Plugin::ImageLocality]));

/// A profile, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The scheduler name that pods ask for.
    pub scheduler_name: Name,
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// 0 adapts to the number of nodes.
    pub percentage_of_nodes_to_score: i32,
    /// PreEnqueue plugins in running order.
    pub pre_enqueue: Vec<Plugin>,
    /// PreFilter plugins in running order.
    pub pre_filter: Vec<Plugin>,
    /// Filter plugins in running order.
    pub filter: Vec<Plugin>,
    /// PostFilter plugins in running order.
    pub post_filter: Vec<Plugin>,
    /// PreScore plugins in running order.
    pub pre_score: Vec<Plugin>,
    /// Score plugins with their weights.
    pub score: Vec<(Plugin, i64)>,
    /// Arguments.
    pub args: PluginArgs,
}

impl Default for Profile {
    fn default() -> Self {
        Self::new(&ProfileConfig::default(), KubernetesVersion::default(), 0)
    }
}

impl Profile {
    /// Resolves a profile against the defaults of a release. `percentage` is the configuration's own
    /// `percentageOfNodesToScore`, for profiles that give none.
    #[must_use]
    pub fn new(config: &ProfileConfig, version: KubernetesVersion, percentage: i32) -> Self {
        let multi_point = merge_multi_point(version, &config.plugins.multi_point);
        let at = |edits: &PluginEdits, implemented: PluginSet| -> Vec<(Plugin, i64)> {
            expand(&multi_point, edits, implemented)
        };
        let names = |list: Vec<(Plugin, i64)>| list.into_iter().map(|(plugin, _)| plugin).collect();
        let plugins = &config.plugins;
        let mut score = at(&plugins.score, SCORE);
        score.retain(|(plugin, _)| *plugin != Plugin::DynamicResources || version.dynamic_resources_scores());
        // VolumeBinding scores only behind the gate StorageCapacityScoring; its PreScore always skips.
        for (_, weight) in &mut score {
            if *weight == 0 {
                *weight = 1;
            }
        }
        Self {
            scheduler_name: config.scheduler_name.clone().unwrap_or_else(|| Name::from("default-scheduler")),
            version,
            percentage_of_nodes_to_score: config.percentage_of_nodes_to_score.unwrap_or(percentage),
            pre_enqueue: names(at(&plugins.pre_enqueue, PRE_ENQUEUE)),
            pre_filter: names(at(&plugins.pre_filter, PRE_FILTER)),
            filter: names(at(&plugins.filter, FILTER)),
            post_filter: names(at(&plugins.post_filter, POST_FILTER)),
            pre_score: names(at(&plugins.pre_score, PRE_SCORE)),
            score,
            args: config.args.clone(),
        }
    }
}

/// The `multiPoint` list: defaults without those disabled, weights replaced, new ones at the end (`mergePluginSet`).
fn merge_multi_point(version: KubernetesVersion, edits: &PluginEdits) -> Vec<(Plugin, i64)> {
    let mut merged: Vec<(Plugin, i64)> = DEFAULT_PLUGINS
        .into_iter()
        .filter(|(plugin, _)| *plugin != Plugin::NodeDeclaredFeatures || version.has_node_declared_features())
        .filter(|(plugin, _)| !edits.disables(*plugin))
        .collect();
    for (plugin, weight) in &edits.enabled {
        match merged.iter_mut().find(|(own, _)| own == plugin) {
            Some(own) => own.1 = weight.unwrap_or(0),
            None => merged.push((*plugin, weight.unwrap_or(0))),
        }
    }
    merged
}

/// One extension point: plugins that are named both here and in `multiPoint`, then the others of `multiPoint`, then the
/// others named here (`expandMultiPointPlugins`).
fn expand(multi_point: &[(Plugin, i64)], edits: &PluginEdits, implemented: PluginSet) -> Vec<(Plugin, i64)> {
    let is_multi = |plugin: Plugin| multi_point.iter().any(|(own, _)| *own == plugin);
    let named = || edits.enabled.iter().map(|(plugin, weight)| (*plugin, weight.unwrap_or(0)));
    let is_named = |plugin: Plugin| edits.enabled.iter().any(|(own, _)| *own == plugin);
    let overriding = named().filter(|(plugin, _)| is_multi(*plugin));
    let inherited = multi_point.iter().copied().filter(|(plugin, _)| !is_named(*plugin) && !edits.disables(*plugin));
    let own = named().filter(|(plugin, _)| !is_multi(*plugin));
    overriding.chain(inherited).chain(own).filter(|(plugin, _)| implemented.contains(*plugin)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_profile_runs_filters_in_the_documented_order() {
        let names: Vec<&str> = Profile::default().filter.iter().map(|plugin| plugin.name()).collect();
        assert_eq!(
            names,
            [
                "NodeUnschedulable",
                "NodeName",
                "TaintToleration",
                "NodeAffinity",
                "NodePorts",
                "NodeResourcesFit",
                "VolumeRestrictions",
                "NodeVolumeLimits",
                "VolumeBinding",
                "VolumeZone",
                "PodTopologySpread",
                "InterPodAffinity",
                "DynamicResources",
                "NodeDeclaredFeatures"
            ]
        );
    }

    #[test]
    fn weights_are_replaced_and_plugins_disabled() {
        let mut config = ProfileConfig::default();
        config.plugins.score = PluginEdits {
            enabled: vec![(Plugin::ImageLocality, Some(7))],
            disabled: vec![Plugin::ImageLocality, Plugin::TaintToleration],
            disables_all: false,
        };
        config.plugins.multi_point.disabled = vec![Plugin::InterPodAffinity];
        let profile = Profile::new(&config, KubernetesVersion::V1_36, 0);
        let weight = |plugin| profile.score.iter().find(|(own, _)| *own == plugin).map(|(_, weight)| *weight);
        assert_eq!(weight(Plugin::ImageLocality), Some(7), "disabled as a default, enabled again with a weight");
        assert_eq!(weight(Plugin::TaintToleration), None);
        assert!(profile.filter.contains(&Plugin::TaintToleration), "its filter stays");
        assert!(!profile.filter.contains(&Plugin::InterPodAffinity), "multiPoint removes it everywhere");
    }
}
