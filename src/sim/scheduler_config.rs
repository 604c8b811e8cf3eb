//! A `KubeSchedulerConfiguration` as the scheduler takes it.

use crate::api::Name;
use crate::input::scheduler_config::{
    ExtensionPoint, PluginSet, PodTopologySpreadDefaults, ResourceWeight, SchedulerProfile, ScoringStrategyType,
    load_scheduler_config,
};
use crate::input::{self, Diagnostic, Diagnostics, ManifestSource};
use crate::scheduler::profile::{self, DefaultSpreadConstraints, PluginEdits, PluginsConfig, ScoringStrategy};
use crate::scheduler::{KubernetesVersion, Plugin, PluginArgs, ProfileConfig, ResourceKey, SchedulerConfig};
use std::path::Path;

/// Reads a configuration file. What is wrong goes to `diagnostics`; the result then is the default configuration.
pub fn load(file: &Path, diagnostics: &mut Diagnostics) -> SchedulerConfig {
    let source = ManifestSource::Path(file.to_owned());
    let Some(read) = load_scheduler_config(source, diagnostics) else { return SchedulerConfig::default() };
    let mut unknown = Vec::new();
    let config = convert(&read, KubernetesVersion::default(), &mut unknown);
    for name in unknown {
        let message = format!("plugin `{name}` is not one of kube-scheduler's own (expected a default plugin)");
        diagnostics.push(Diagnostic::error(file.display().to_string(), message).in_field("profiles"));
    }
    config
}

/// Converts a configuration. Names of plugins that kube-scheduler does not have are added to `unknown`.
pub fn convert(
    config: &input::scheduler_config::SchedulerConfig,
    version: KubernetesVersion,
    unknown: &mut Vec<Name>,
) -> SchedulerConfig {
    SchedulerConfig {
        version,
        percentage_of_nodes_to_score: config.percentage_of_nodes_to_score.unwrap_or(0),
        pod_initial_backoff: config.pod_initial_backoff,
        pod_max_backoff: config.pod_max_backoff,
        profiles: config.profiles.iter().map(|profile| profile_config(profile, unknown)).collect(),
    }
}

fn profile_config(profile: &SchedulerProfile, unknown: &mut Vec<Name>) -> ProfileConfig {
    let mut edits =
        |point: ExtensionPoint| profile.plugins.get(&point).map(|set| plugin_edits(set, unknown)).unwrap_or_default();
    ProfileConfig {
        scheduler_name: Some(profile.scheduler_name.clone()),
        percentage_of_nodes_to_score: profile.percentage_of_nodes_to_score,
        plugins: PluginsConfig {
            multi_point: edits(ExtensionPoint::MultiPoint),
            pre_enqueue: edits(ExtensionPoint::PreEnqueue),
            pre_filter: edits(ExtensionPoint::PreFilter),
            filter: edits(ExtensionPoint::Filter),
            post_filter: edits(ExtensionPoint::PostFilter),
            pre_score: edits(ExtensionPoint::PreScore),
            score: edits(ExtensionPoint::Score),
        },
        args: plugin_args(profile),
    }
}

fn plugin_edits(set: &PluginSet, unknown: &mut Vec<Name>) -> PluginEdits {
    let mut find = |name: &Name| {
        let plugin = Plugin::from_name(name);
        if plugin.is_none() && !INERT_PLUGINS.contains(&&**name) {
            unknown.push(name.clone());
        }
        plugin
    };
    PluginEdits {
        enabled: set.enabled.iter().filter_map(|own| Some((find(&own.name)?, own.weight.map(i64::from)))).collect(),
        disabled: set.disabled.iter().filter(|name| &***name != "*").filter_map(&mut find).collect(),
        disables_all: set.disabled.iter().any(|name| &**name == "*"),
    }
}

/// Plugins of kube-scheduler that take no part in the choice of a node.
const INERT_PLUGINS: [&str; 2] = ["DefaultBinder", "GangScheduling"];

fn plugin_args(profile: &SchedulerProfile) -> PluginArgs {
    let args = &profile.args;
    let fit = &args.node_resources_fit;
    let weight = |own: &ResourceWeight| profile::ResourceWeight {
        resource: ResourceKey::from_name(&own.name),
        weight: own.weight,
    };
    PluginArgs {
        added_affinity: args.added_affinity.clone(),
        fit: profile::NodeResourcesFitArgs {
            ignored_resources: fit.ignored_resources.clone(),
            ignored_resource_groups: fit.ignored_resource_groups.clone(),
            strategy: match &fit.strategy {
                ScoringStrategyType::LeastAllocated => ScoringStrategy::LeastAllocated,
                ScoringStrategyType::MostAllocated => ScoringStrategy::MostAllocated,
                ScoringStrategyType::RequestedToCapacityRatio(shape) => ScoringStrategy::RequestedToCapacityRatio {
                    shape: shape.iter().map(|point| (i64::from(point.utilization), i64::from(point.score))).collect(),
                },
            },
            resources: fit.resources.iter().map(weight).collect(),
        },
        balanced_resources: args
            .balanced_allocation_resources
            .iter()
            .map(|own| ResourceKey::from_name(&own.name))
            .collect(),
        default_spread_constraints: match &args.pod_topology_spread {
            PodTopologySpreadDefaults::System => DefaultSpreadConstraints::System,
            PodTopologySpreadDefaults::List(list) => DefaultSpreadConstraints::List(list.clone()),
        },
        inter_pod_affinity: profile::InterPodAffinityArgs {
            hard_pod_affinity_weight: args.inter_pod_affinity.hard_pod_affinity_weight,
            ignore_preferred_terms_of_existing_pods: args.inter_pod_affinity.ignore_preferred_terms_of_existing_pods,
        },
        preemption: profile::DefaultPreemptionArgs {
            min_candidate_nodes_percentage: args.default_preemption.min_candidate_nodes_percentage,
            min_candidate_nodes_absolute: args.default_preemption.min_candidate_nodes_absolute,
        },
    }
}
