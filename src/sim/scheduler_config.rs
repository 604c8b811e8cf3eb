//! The scheduler's configuration: from the file as it is written to the form that the scheduler runs.

use crate::input::scheduler_config::{
    self as file, ExtensionPoint, PodTopologySpreadDefaults, SchedulerProfile, ScoringStrategyType,
};
use crate::scheduler::profile::{
    DefaultPreemptionArgs, DefaultSpreadConstraints, InterPodAffinityArgs, NodeResourcesFitArgs, PluginEdits,
    PluginsConfig, ResourceWeight,
};
use crate::scheduler::{
    KubernetesVersion, Plugin, PluginArgs, ProfileConfig, ResourceKey, SchedulerConfig, ScoringStrategy,
};
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

/// Converts a configuration for the rules of `version`.
///
/// # Errors
/// [`UnknownPlugin`] if a profile enables or disables a plugin that is not simulated.
pub fn scheduler_config(
    config: &file::SchedulerConfig,
    version: KubernetesVersion,
) -> Result<SchedulerConfig, UnknownPlugin> {
    Ok(SchedulerConfig {
        version,
        percentage_of_nodes_to_score: config.percentage_of_nodes_to_score.unwrap_or(0),
        pod_initial_backoff: config.pod_initial_backoff,
        pod_max_backoff: config.pod_max_backoff,
        profiles: config.profiles.iter().map(profile).collect::<Result<_, _>>()?,
    })
}

fn profile(profile: &SchedulerProfile) -> Result<ProfileConfig, UnknownPlugin> {
    let edits = |point| edits(profile, point);
    Ok(ProfileConfig {
        scheduler_name: Some(profile.scheduler_name.clone()),
        percentage_of_nodes_to_score: profile.percentage_of_nodes_to_score,
        plugins: PluginsConfig {
            multi_point: edits(ExtensionPoint::MultiPoint)?,
            pre_enqueue: edits(ExtensionPoint::PreEnqueue)?,
            pre_filter: edits(ExtensionPoint::PreFilter)?,
            filter: edits(ExtensionPoint::Filter)?,
            post_filter: edits(ExtensionPoint::PostFilter)?,
            pre_score: edits(ExtensionPoint::PreScore)?,
            score: edits(ExtensionPoint::Score)?,
        },
        args: plugin_args(&profile.args),
    })
}

fn edits(profile: &SchedulerProfile, point: ExtensionPoint) -> Result<PluginEdits, UnknownPlugin> {
    let Some(set) = profile.plugins.get(&point) else { return Ok(PluginEdits::default()) };
    let plugin = |name: &str| {
        Plugin::from_name(name)
            .ok_or_else(|| UnknownPlugin { profile: profile.scheduler_name.to_string(), plugin: name.to_owned() })
    };
    let named = set.disabled.iter().filter(|name| &***name != "*");
    Ok(PluginEdits {
        enabled: set
            .enabled
            .iter()
            .map(|enabled| Ok((plugin(&enabled.name)?, enabled.weight.map(i64::from))))
            .collect::<Result<_, _>>()?,
        disabled: named.map(|name| plugin(name)).collect::<Result<_, _>>()?,
        disables_all: set.disabled.iter().any(|name| &**name == "*"),
    })
}

fn plugin_args(args: &file::PluginArgs) -> PluginArgs {
    let fit = &args.node_resources_fit;
    let affinity = args.inter_pod_affinity;
    let preemption = args.default_preemption;
    PluginArgs {
        added_affinity: args.added_affinity.clone(),
        fit: NodeResourcesFitArgs {
            ignored_resources: fit.ignored_resources.clone(),
            ignored_resource_groups: fit.ignored_resource_groups.clone(),
            strategy: match &fit.strategy {
                ScoringStrategyType::LeastAllocated => ScoringStrategy::LeastAllocated,
                ScoringStrategyType::MostAllocated => ScoringStrategy::MostAllocated,
                ScoringStrategyType::RequestedToCapacityRatio(points) => {
                    let point = |point: &file::UtilizationShapePoint| (point.utilization.into(), point.score.into());
                    ScoringStrategy::RequestedToCapacityRatio { shape: points.iter().map(point).collect() }
                }
            },
            resources: fit
                .resources
                .iter()
                .map(|resource| ResourceWeight {
                    resource: ResourceKey::from_name(&resource.name),
                    weight: resource.weight,
                })
                .collect(),
        },
        balanced_resources: args
            .balanced_allocation_resources
            .iter()
            .map(|resource| ResourceKey::from_name(&resource.name))
            .collect(),
        default_spread_constraints: match &args.pod_topology_spread {
            PodTopologySpreadDefaults::System => DefaultSpreadConstraints::System,
            PodTopologySpreadDefaults::List(constraints) => DefaultSpreadConstraints::List(constraints.clone()),
        },
        inter_pod_affinity: InterPodAffinityArgs {
            hard_pod_affinity_weight: affinity.hard_pod_affinity_weight,
            ignore_preferred_terms_of_existing_pods: affinity.ignore_preferred_terms_of_existing_pods,
        },
        preemption: DefaultPreemptionArgs {
            min_candidate_nodes_percentage: preemption.min_candidate_nodes_percentage,
            min_candidate_nodes_absolute: preemption.min_candidate_nodes_absolute,
        },
    }
}
