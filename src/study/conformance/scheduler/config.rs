//! The scheduler configuration of a recorded case.

use super::case::converted;
use crate::api;
use crate::input::FieldPath;
use crate::input::manifest::scheduling::{convert_node_affinity, convert_spread_constraints};
use crate::scheduler::profile::{DefaultSpreadConstraints, PluginEdits, PluginsConfig, ResourceWeight};
use crate::scheduler::{
    KubernetesVersion, Plugin, PluginArgs, ProfileConfig, ResourceKey, SchedulerConfig, ScoringStrategy,
};
use crate::units::SimDuration;
use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;

/// Fields of a KubeSchedulerConfiguration (v1).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordedConfig {
    percentage_of_nodes_to_score: Option<i32>,
    pod_initial_backoff_seconds: Option<i64>,
    pod_max_backoff_seconds: Option<i64>,
    profiles: Vec<RecordedProfile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RecordedProfile {
    plugins: RecordedPlugins,
    plugin_config: Vec<RecordedPluginConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RecordedPlugins {
    multi_point: RecordedEdits,
    pre_enqueue: RecordedEdits,
    pre_filter: RecordedEdits,
    filter: RecordedEdits,
    post_filter: RecordedEdits,
    pre_score: RecordedEdits,
    score: RecordedEdits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecordedEdits {
    enabled: Vec<RecordedPlugin>,
    disabled: Vec<RecordedPlugin>,
}

#[derive(Debug, Deserialize)]
struct RecordedPlugin {
    name: String,
    weight: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct RecordedPluginConfig {
    name: String,
    #[serde(default)]
    args: RecordedArgs,
}

/// The arguments of all plugins together: their fields have different names.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RecordedArgs {
    added_affinity: Option<core::NodeAffinity>,
    ignored_resources: Option<Vec<String>>,
    ignored_resource_groups: Option<Vec<String>>,
    scoring_strategy: Option<RecordedStrategy>,
    resources: Option<Vec<RecordedResource>>,
    defaulting_type: Option<String>,
    default_constraints: Option<Vec<core::TopologySpreadConstraint>>,
    hard_pod_affinity_weight: Option<i32>,
    ignore_preferred_terms_of_existing_pods: Option<bool>,
    min_candidate_nodes_percentage: Option<i32>,
    min_candidate_nodes_absolute: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedStrategy {
    r#type: Option<String>,
    resources: Option<Vec<RecordedResource>>,
    requested_to_capacity_ratio: Option<RecordedShape>,
}

#[derive(Debug, Deserialize)]
struct RecordedShape {
    shape: Vec<RecordedPoint>,
}

#[derive(Debug, Deserialize)]
struct RecordedPoint {
    #[serde(default)]
    utilization: i64,
    #[serde(default)]
    score: i64,
}

#[derive(Debug, Deserialize)]
struct RecordedResource {
    name: String,
    weight: Option<i64>,
}

impl RecordedResource {
    fn convert(&self) -> ResourceWeight {
        let weight = self.weight.filter(|weight| *weight != 0).unwrap_or(1);
        ResourceWeight { resource: ResourceKey::from_name(&self.name), weight }
    }
}

/// Converts a configuration; `percentage` counts where it gives none.
pub fn convert(
    recorded: &RecordedConfig,
    version: KubernetesVersion,
    percentage: i32,
) -> Result<SchedulerConfig, String> {
    let default = SchedulerConfig::default();
    let seconds = |given: Option<i64>, default| given.map_or(default, SimDuration::from_secs);
    Ok(SchedulerConfig {
        version,
        percentage_of_nodes_to_score: recorded.percentage_of_nodes_to_score.unwrap_or(percentage),
        pod_initial_backoff: seconds(recorded.pod_initial_backoff_seconds, default.pod_initial_backoff),
        pod_max_backoff: seconds(recorded.pod_max_backoff_seconds, default.pod_max_backoff),
        profiles: recorded.profiles.iter().map(profile).collect::<Result<_, _>>()?,
    })
}

fn profile(recorded: &RecordedProfile) -> Result<ProfileConfig, String> {
    let plugins = &recorded.plugins;
    let mut args = PluginArgs::default();
    for config in &recorded.plugin_config {
        apply(&config.name, &config.args, &mut args)?;
    }
    Ok(ProfileConfig {
        scheduler_name: None,
        percentage_of_nodes_to_score: None,
        plugins: PluginsConfig {
            multi_point: edits(&plugins.multi_point)?,
            pre_enqueue: edits(&plugins.pre_enqueue)?,
            pre_filter: edits(&plugins.pre_filter)?,
            filter: edits(&plugins.filter)?,
            post_filter: edits(&plugins.post_filter)?,
            pre_score: edits(&plugins.pre_score)?,
            score: edits(&plugins.score)?,
        },
        args,
    })
}

fn edits(recorded: &RecordedEdits) -> Result<PluginEdits, String> {
    let plugin = |name: &str| Plugin::from_name(name).ok_or_else(|| format!("unknown plugin `{name}`"));
    Ok(PluginEdits {
        enabled: recorded
            .enabled
            .iter()
            .map(|own| Ok((plugin(&own.name)?, own.weight)))
            .collect::<Result<_, String>>()?,
        disabled: recorded
            .disabled
            .iter()
            .filter(|own| own.name != "*")
            .map(|own| plugin(&own.name))
            .collect::<Result<_, _>>()?,
        disables_all: recorded.disabled.iter().any(|own| own.name == "*"),
    })
}

/// Sets the arguments of one plugin.
fn apply(plugin: &str, recorded: &RecordedArgs, args: &mut PluginArgs) -> Result<(), String> {
    let names = |list: &Option<Vec<String>>| -> Vec<api::Name> {
        list.iter().flatten().map(|name| api::Name::from(name.as_str())).collect()
    };
    if let Some(affinity) = &recorded.added_affinity {
        args.added_affinity =
            Some(converted(|errors| convert_node_affinity(affinity, FieldPath::Root.key("addedAffinity"), errors))?);
    }
    args.fit.ignored_resources.extend(names(&recorded.ignored_resources));
    args.fit.ignored_resource_groups.extend(names(&recorded.ignored_resource_groups));
    if let Some(strategy) = &recorded.scoring_strategy {
        args.fit.strategy = match strategy.r#type.as_deref() {
            Some("MostAllocated") => ScoringStrategy::MostAllocated,
            Some("RequestedToCapacityRatio") => {
                let points = strategy.requested_to_capacity_ratio.iter().flat_map(|own| &own.shape);
                let shape = points.map(|point| (point.utilization, point.score)).collect();
                ScoringStrategy::RequestedToCapacityRatio { shape }
            }
            _ => ScoringStrategy::LeastAllocated,
        };
        if let Some(resources) = strategy.resources.as_ref().filter(|list| !list.is_empty()) {
            args.fit.resources = resources.iter().map(RecordedResource::convert).collect();
        }
    }
    if let Some(resources) = recorded.resources.as_ref().filter(|list| !list.is_empty()) {
        if plugin != "NodeResourcesBalancedAllocation" {
            return Err(format!("plugin `{plugin}` takes no `resources`"));
        }
        args.balanced_resources = resources.iter().map(|own| own.convert().resource).collect();
    }
    if recorded.defaulting_type.as_deref() == Some("List") {
        let constraints = recorded.default_constraints.as_deref().unwrap_or_default();
        let path = FieldPath::Root.key("defaultConstraints");
        let constraints = converted(|errors| convert_spread_constraints(constraints, path, errors))?;
        args.default_spread_constraints = DefaultSpreadConstraints::List(constraints);
    }
    if let Some(weight) = recorded.hard_pod_affinity_weight {
        args.inter_pod_affinity.hard_pod_affinity_weight = weight;
    }
    if let Some(ignores) = recorded.ignore_preferred_terms_of_existing_pods {
        args.inter_pod_affinity.ignore_preferred_terms_of_existing_pods = ignores;
    }
    if let Some(percentage) = recorded.min_candidate_nodes_percentage {
        args.preemption.min_candidate_nodes_percentage = percentage;
    }
    if let Some(absolute) = recorded.min_candidate_nodes_absolute {
        args.preemption.min_candidate_nodes_absolute = absolute;
    }
    Ok(())
}
