//! Scheduler profiles: which plugins run at which extension point, with what weights and arguments.

use super::version::KubernetesVersion;
use crate::api::scheduler_config::{ExtensionPoint, KubeSchedulerConfiguration, KubeSchedulerProfile, PluginArgs};
use crate::api::{Name, TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known};
use crate::scheduler::plugins::{Plugin, PluginSet};
use crate::units::SimDuration;
use thiserror::Error;

/// A plugin that a profile names and the default profile does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("profile `{profile}`: plugin `{plugin}` is not simulated (expected one of the default plugins)")]
pub struct UnknownPlugin {
    /// The profile's scheduler name.
    pub profile: String,
    /// The plugin's name.
    pub plugin: String,
}

/// A scheduler's configuration, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// The profiles, at least one.
    pub profiles: Vec<Profile>,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self::default_of(KubernetesVersion::default())
    }
}

impl SchedulerConfig {
    /// A release's kube-scheduler without a configuration file.
    #[must_use]
    pub fn default_of(version: KubernetesVersion) -> Self {
        let KubeSchedulerConfiguration { pod_initial_backoff, pod_max_backoff, .. } =
            KubeSchedulerConfiguration::default();
        Self { version, pod_initial_backoff, pod_max_backoff, profiles: vec![Profile::default_of(version)] }
    }

    /// Resolves a configuration for the rules of a release.
    ///
    /// # Errors
    /// [`UnknownPlugin`] if a profile enables or disables a plugin that is not simulated.
    pub fn new(config: &KubeSchedulerConfiguration, version: KubernetesVersion) -> Result<Self, UnknownPlugin> {
        let percentage = config.percentage_of_nodes_to_score.unwrap_or(0);
        let profiles = config.profiles.iter().map(|profile| Profile::new(profile, version, percentage));
        Ok(Self {
            version,
            pod_initial_backoff: config.pod_initial_backoff,
            pod_max_backoff: config.pod_max_backoff,
            profiles: profiles.collect::<Result<_, _>>()?,
        })
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

/// The plugins that a profile names at one extension point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PluginEdits {
    /// `enabled`, with the weight where one is given.
    enabled: Vec<(Plugin, Option<i64>)>,
    /// `disabled` by name.
    disabled: Vec<Plugin>,
    /// `disabled: [{name: "*"}]`.
    disables_all: bool,
}

impl PluginEdits {
    /// Finds the plugins that a profile names at an extension point.
    fn new(profile: &KubeSchedulerProfile, point: ExtensionPoint) -> Result<Self, UnknownPlugin> {
        let Some(set) = profile.plugins.get(&point) else { return Ok(Self::default()) };
        let plugin = |name: &str| {
            Plugin::from_name(name)
                .ok_or_else(|| UnknownPlugin { profile: profile.scheduler_name.to_string(), plugin: name.to_owned() })
        };
        let named = set.disabled.iter().filter(|name| &***name != "*");
        Ok(Self {
            enabled: set
                .enabled
                .iter()
                .map(|enabled| Ok((plugin(&enabled.name)?, enabled.weight.map(i64::from))))
                .collect::<Result<_, _>>()?,
            disabled: named.map(|name| plugin(name)).collect::<Result<_, _>>()?,
            disables_all: set.disabled.iter().any(|name| &**name == "*"),
        })
    }

    fn disables(&self, plugin: Plugin) -> bool {
        self.disables_all || self.disabled.contains(&plugin)
    }
}

/// The plugins that a profile names at each extension point that is simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ProfileEdits {
    multi_point: PluginEdits,
    pre_enqueue: PluginEdits,
    pre_filter: PluginEdits,
    filter: PluginEdits,
    post_filter: PluginEdits,
    pre_score: PluginEdits,
    score: PluginEdits,
}

impl ProfileEdits {
    /// Finds the plugins that a profile names.
    fn new(profile: &KubeSchedulerProfile) -> Result<Self, UnknownPlugin> {
        let edits = |point| PluginEdits::new(profile, point);
        Ok(Self {
            multi_point: edits(ExtensionPoint::MultiPoint)?,
            pre_enqueue: edits(ExtensionPoint::PreEnqueue)?,
            pre_filter: edits(ExtensionPoint::PreFilter)?,
            filter: edits(ExtensionPoint::Filter)?,
            post_filter: edits(ExtensionPoint::PostFilter)?,
            pre_score: edits(ExtensionPoint::PreScore)?,
            score: edits(ExtensionPoint::Score)?,
        })
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
        Self::default_of(KubernetesVersion::default())
    }
}

impl Profile {
    /// The profile of a release's kube-scheduler without a configuration file.
    #[must_use]
    pub fn default_of(version: KubernetesVersion) -> Self {
        Self::with_edits(&KubeSchedulerProfile::default(), &ProfileEdits::default(), version, 0)
    }

    /// Resolves a profile against the defaults of a release. `percentage` is the configuration's
    /// `percentageOfNodesToScore`, for profiles that give none.
    ///
    /// # Errors
    /// [`UnknownPlugin`] if the profile enables or disables a plugin that is not simulated.
    pub fn new(
        profile: &KubeSchedulerProfile,
        version: KubernetesVersion,
        percentage: i32,
    ) -> Result<Self, UnknownPlugin> {
        Ok(Self::with_edits(profile, &ProfileEdits::new(profile)?, version, percentage))
    }

    fn with_edits(
        profile: &KubeSchedulerProfile,
        edits: &ProfileEdits,
        version: KubernetesVersion,
        percentage: i32,
    ) -> Self {
        let multi_point = merge_multi_point(version, &edits.multi_point);
        let at = |named: &PluginEdits, implemented: PluginSet| -> Vec<(Plugin, i64)> {
            expand(&multi_point, named, implemented)
        };
        let names = |list: Vec<(Plugin, i64)>| list.into_iter().map(|(plugin, _)| plugin).collect();
        let mut score = at(&edits.score, SCORE);
        score.retain(|(plugin, _)| *plugin != Plugin::DynamicResources || version.dynamic_resources_scores());
        // VolumeBinding scores only behind the gate StorageCapacityScoring; its PreScore always skips.
        for (_, weight) in &mut score {
            if *weight == 0 {
                *weight = 1;
            }
        }
        Self {
            scheduler_name: profile.scheduler_name.clone(),
            version,
            percentage_of_nodes_to_score: profile.percentage_of_nodes_to_score.unwrap_or(percentage),
            pre_enqueue: names(at(&edits.pre_enqueue, PRE_ENQUEUE)),
            pre_filter: names(at(&edits.pre_filter, PRE_FILTER)),
            filter: names(at(&edits.filter, FILTER)),
            post_filter: names(at(&edits.post_filter, POST_FILTER)),
            pre_score: names(at(&edits.pre_score, PRE_SCORE)),
            score,
            args: profile.args.clone(),
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
    use crate::api::scheduler_config::{self, EnabledPlugin};

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
        let mut config = KubeSchedulerProfile::default();
        let score = scheduler_config::PluginSet {
            enabled: vec![EnabledPlugin { name: "ImageLocality".into(), weight: Some(7) }],
            disabled: vec!["ImageLocality".into(), "TaintToleration".into()],
        };
        config.plugins.insert(ExtensionPoint::Score, score);
        let multi_point =
            scheduler_config::PluginSet { disabled: vec!["InterPodAffinity".into()], ..Default::default() };
        config.plugins.insert(ExtensionPoint::MultiPoint, multi_point);
        let profile = Profile::new(&config, KubernetesVersion::V1_36, 0).unwrap();
        let weight = |plugin| profile.score.iter().find(|(own, _)| *own == plugin).map(|(_, weight)| *weight);
        assert_eq!(weight(Plugin::ImageLocality), Some(7), "disabled as a default, enabled again with a weight");
        assert_eq!(weight(Plugin::TaintToleration), None);
        assert!(profile.filter.contains(&Plugin::TaintToleration), "its filter stays");
        assert!(!profile.filter.contains(&Plugin::InterPodAffinity), "multiPoint removes it everywhere");
    }

    #[test]
    fn a_plugin_that_is_not_simulated_is_an_error_where_it_would_act() {
        let named = |name: &str| scheduler_config::PluginSet { disabled: vec![name.into()], ..Default::default() };
        let cases = [
            (ExtensionPoint::Filter, "Coscheduling", false, "an unknown plugin"),
            (ExtensionPoint::Filter, "*", true, "all plugins"),
            (ExtensionPoint::Filter, "NodePorts", true, "a default plugin"),
            (ExtensionPoint::Permit, "Coscheduling", true, "a point that is not simulated"),
        ];
        for (point, name, is_good, why) in cases {
            let profile = KubeSchedulerProfile { plugins: [(point, named(name))].into(), ..Default::default() };
            assert_eq!(Profile::new(&profile, KubernetesVersion::V1_36, 0).is_ok(), is_good, "{why}");
        }
    }
}
