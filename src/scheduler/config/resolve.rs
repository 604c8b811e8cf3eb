//! A profile as written becomes one that is ready to run, by the defaults of a release.

use super::profile::{PluginEdits, Profile, ProfileConfig, SchedulerConfig};
use super::version::KubernetesVersion;
use crate::api::Name;
use crate::scheduler::plugins::{ExtensionPoint, Plugin, TABLE};

impl SchedulerConfig {
    /// The profiles, ready to run. Without any, there is the default one.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        let default = [ProfileConfig::default()];
        let profiles = if self.profiles.is_empty() { &default[..] } else { &self.profiles };
        profiles.iter().map(|profile| Profile::new(profile, self.version, self.percentage_of_nodes_to_score)).collect()
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new(&ProfileConfig::default(), KubernetesVersion::default(), 0)
    }
}

impl Profile {
    /// Resolves a profile against the defaults of a release. `percentage` is the configuration's
    /// `percentageOfNodesToScore`, for profiles that give none.
    #[must_use]
    pub fn new(config: &ProfileConfig, version: KubernetesVersion, percentage: i32) -> Self {
        let plugins = &config.plugins;
        let multi_point = merge_multi_point(version, &plugins.multi_point);
        let at = |point: ExtensionPoint, edits: &PluginEdits| -> Vec<(Plugin, i64)> {
            expand(&multi_point, edits, |plugin| (plugin.descriptor().points)(version).contains(&point))
        };
        let names = |point, edits| at(point, edits).into_iter().map(|(plugin, _)| plugin).collect();
        let mut score = at(ExtensionPoint::Score, &plugins.score);
        for (_, weight) in &mut score {
            if *weight == 0 {
                *weight = 1;
            }
        }
        Self {
            scheduler_name: config.scheduler_name.clone().unwrap_or_else(|| Name::from("default-scheduler")),
            version,
            percentage_of_nodes_to_score: config.percentage_of_nodes_to_score.unwrap_or(percentage),
            pre_enqueue: names(ExtensionPoint::PreEnqueue, &plugins.pre_enqueue),
            pre_filter: names(ExtensionPoint::PreFilter, &plugins.pre_filter),
            filter: names(ExtensionPoint::Filter, &plugins.filter),
            post_filter: names(ExtensionPoint::PostFilter, &plugins.post_filter),
            pre_score: names(ExtensionPoint::PreScore, &plugins.pre_score),
            score,
            args: config.args.clone(),
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
        let weight = |plugin| profile.score.iter().find(|(scoring, _)| *scoring == plugin).map(|(_, weight)| *weight);
        assert_eq!(weight(Plugin::ImageLocality), Some(7), "disabled as a default, enabled again with a weight");
        assert_eq!(weight(Plugin::TaintToleration), None);
        assert!(profile.filter.contains(&Plugin::TaintToleration), "its filter stays");
        assert!(!profile.filter.contains(&Plugin::InterPodAffinity), "multiPoint removes it everywhere");
    }
}
