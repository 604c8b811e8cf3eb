//! A profile as the file gives it becomes one that is ready to run, by the defaults of a release.

use super::edits::{PluginEdits, ProfileEdits, UnknownPlugin};
use super::profile::{Profile, SchedulerConfig};
use crate::api::KubernetesVersion;
use crate::api::scheduler_config::{ExtensionPoint, KubeSchedulerConfiguration, KubeSchedulerProfile};
use crate::scheduler::plugins::{Plugin, TABLE};

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
        let multi_point = merge_multi_point(version, &edits.at(ExtensionPoint::MultiPoint));
        let at = |point: ExtensionPoint| -> Vec<(Plugin, i64)> {
            let has_point = |plugin: Plugin| (plugin.descriptor().points)(version).contains(&point);
            expand(&multi_point, &edits.at(point), has_point)
        };
        let names = |point| at(point).into_iter().map(|(plugin, _)| plugin).collect();
        let mut score = at(ExtensionPoint::Score);
        for (_, weight) in &mut score {
            if *weight == 0 {
                *weight = 1;
            }
        }
        Self {
            scheduler_name: profile.scheduler_name.clone(),
            version,
            percentage_of_nodes_to_score: profile.percentage_of_nodes_to_score.unwrap_or(percentage),
            pre_enqueue: names(ExtensionPoint::PreEnqueue),
            pre_filter: names(ExtensionPoint::PreFilter),
            filter: names(ExtensionPoint::Filter),
            post_filter: names(ExtensionPoint::PostFilter),
            pre_score: names(ExtensionPoint::PreScore),
            score,
            args: profile.args.clone(),
        }
    }
}

/// The `multiPoint` list: defaults without those disabled, weights replaced, new ones at the end (`mergePluginSet`).
fn merge_multi_point(version: KubernetesVersion, edits: &PluginEdits) -> Vec<(Plugin, i64)> {
    let defaults = TABLE.iter().filter(|descriptor| (descriptor.is_default)(version));
    let kept = defaults.filter(|descriptor| !edits.disables(descriptor.plugin));
    let mut merged: Vec<(Plugin, i64)> = kept.map(|descriptor| (descriptor.plugin, descriptor.weight)).collect();
    for (plugin, weight) in &edits.enabled {
        match merged.iter_mut().find(|(default, _)| default == plugin) {
            Some(default) => default.1 = weight.unwrap_or(0),
            None => merged.push((*plugin, weight.unwrap_or(0))),
        }
    }
    merged
}

/// One extension point: plugins that are named both here and in `multiPoint`, then the others of `multiPoint`, then the
/// others named here (`expandMultiPointPlugins`).
fn expand(
    multi_point: &[(Plugin, i64)],
    edits: &PluginEdits,
    has_point: impl Fn(Plugin) -> bool,
) -> Vec<(Plugin, i64)> {
    let is_multi = |plugin: Plugin| multi_point.iter().any(|(listed, _)| *listed == plugin);
    let named = || edits.enabled.iter().map(|(plugin, weight)| (*plugin, weight.unwrap_or(0)));
    let is_named = |plugin: Plugin| edits.enabled.iter().any(|(enabled, _)| *enabled == plugin);
    let overriding = named().filter(|(plugin, _)| is_multi(*plugin));
    let inherited = multi_point.iter().copied().filter(|(plugin, _)| !is_named(*plugin) && !edits.disables(*plugin));
    let added = named().filter(|(plugin, _)| !is_multi(*plugin));
    overriding.chain(inherited).chain(added).filter(|(plugin, _)| has_point(*plugin)).collect()
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
        let weight = |plugin| profile.score.iter().find(|(scoring, _)| *scoring == plugin).map(|(_, weight)| *weight);
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
