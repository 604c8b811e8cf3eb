//! The file's shape: what serde reads, before defaults and checks.

use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use serde_json::Value;

/// The file's shape.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawConfig {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub parallelism: Option<i32>,
    pub percentage_of_nodes_to_score: Option<i32>,
    pub pod_initial_backoff_seconds: Option<i64>,
    pub pod_max_backoff_seconds: Option<i64>,
    pub profiles: Vec<RawProfile>,
    pub leader_election: Option<Value>,
    pub client_connection: Option<Value>,
    pub healthz_bind_address: Option<Value>,
    pub metrics_bind_address: Option<Value>,
    pub enable_profiling: Option<Value>,
    pub enable_contention_profiling: Option<Value>,
    pub delay_cache_until_active: Option<Value>,
    pub extenders: Option<Value>,
}

/// One of `profiles`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawProfile {
    pub scheduler_name: Option<String>,
    pub percentage_of_nodes_to_score: Option<i32>,
    pub plugins: RawPlugins,
    pub plugin_config: Vec<RawPluginConfig>,
}

/// `plugins`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawPlugins {
    pub pre_enqueue: RawPluginSet,
    pub queue_sort: RawPluginSet,
    pub pre_filter: RawPluginSet,
    pub filter: RawPluginSet,
    pub post_filter: RawPluginSet,
    pub pre_score: RawPluginSet,
    pub score: RawPluginSet,
    pub reserve: RawPluginSet,
    pub permit: RawPluginSet,
    pub pre_bind: RawPluginSet,
    pub bind: RawPluginSet,
    pub post_bind: RawPluginSet,
    pub multi_point: RawPluginSet,
}

/// Plugins of one extension point.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPluginSet {
    pub enabled: Vec<RawPlugin>,
    pub disabled: Vec<RawPlugin>,
}

/// A plugin by name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPlugin {
    pub name: String,
    pub weight: Option<i32>,
}

/// One of `pluginConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPluginConfig {
    pub name: String,
    pub args: Value,
}

/// A resource and its weight.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawResource {
    pub name: String,
    pub weight: Option<i64>,
}

/// Arguments of NodeResourcesFit.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawFitArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub ignored_resources: Vec<String>,
    pub ignored_resource_groups: Vec<String>,
    pub scoring_strategy: Option<RawScoringStrategy>,
}

/// `scoringStrategy`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawScoringStrategy {
    pub r#type: Option<String>,
    pub resources: Vec<RawResource>,
    pub requested_to_capacity_ratio: Option<RawRatio>,
}

/// `requestedToCapacityRatio`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawRatio {
    pub shape: Vec<RawShapePoint>,
}

/// A point of `shape`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawShapePoint {
    pub utilization: i32,
    pub score: i32,
}

/// Arguments of NodeResourcesBalancedAllocation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawBalancedArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub resources: Vec<RawResource>,
}

/// Arguments of NodeAffinity.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawNodeAffinityArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub added_affinity: Option<core::NodeAffinity>,
}

/// Arguments of PodTopologySpread.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawSpreadArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub default_constraints: Vec<core::TopologySpreadConstraint>,
    pub defaulting_type: Option<String>,
}

/// Arguments of InterPodAffinity.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawInterPodAffinityArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub hard_pod_affinity_weight: Option<i32>,
    pub ignore_preferred_terms_of_existing_pods: Option<bool>,
}

/// Arguments of DefaultPreemption.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawPreemptionArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub min_candidate_nodes_percentage: Option<i32>,
    pub min_candidate_nodes_absolute: Option<i32>,
}

/// Arguments of VolumeBinding.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawVolumeBindingArgs {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub bind_timeout_seconds: Option<i64>,
    pub shape: Vec<RawShapePoint>,
}
