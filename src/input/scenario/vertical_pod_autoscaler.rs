//! Flags of the Vertical Pod Autoscaler's components, by their own names.

use super::leaf::{Amount, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Vertical Pod Autoscaler, which runs where a VerticalPodAutoscaler is in the manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct VerticalPodAutoscaler {
    /// Flags of the recommender.
    pub recommender: RecommenderFlags,
    /// Flags of the updater.
    pub updater: UpdaterFlags,
}

/// Flags of the recommender, with its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RecommenderFlags {
    /// How often it reads the metrics and recommends. Default 1m.
    pub recommender_interval: Duration,
    /// Share of the CPU samples that the target is not below. Default 0.9.
    pub target_cpu_percentile: f64,
    /// The same for the lower bound. Default 0.5.
    pub recommendation_lower_bound_cpu_percentile: f64,
    /// The same for the upper bound. Default 0.95.
    pub recommendation_upper_bound_cpu_percentile: f64,
    /// Share of the memory peaks that the target is not below. Default 0.9.
    pub target_memory_percentile: f64,
    /// The same for the lower bound. Default 0.5.
    pub recommendation_lower_bound_memory_percentile: f64,
    /// The same for the upper bound. Default 0.95.
    pub recommendation_upper_bound_memory_percentile: f64,
    /// Share that is added for safety. Default 0.15.
    pub recommendation_margin_fraction: f64,
    /// How long a history counts as whole for the bounds of CPU. Default 24h.
    pub confidence_interval_cpu: Duration,
    /// The same for memory. Default 24h.
    pub confidence_interval_memory: Duration,
    /// Least CPU of a pod in thousandths of a core. Default 25.
    pub pod_recommendation_min_cpu_millicores: f64,
    /// Least memory of a pod in MiB. Default 250.
    pub pod_recommendation_min_memory_mb: f64,
    /// CPU is rounded up to multiples of this many thousandths of a core. Default 1.
    pub round_cpu_millicores: u32,
    /// Memory is rounded up to multiples of this many bytes. Default 1.
    pub round_memory_bytes: u32,
    /// The age at which a CPU sample counts half. Default 24h.
    pub cpu_histogram_decay_half_life: Duration,
    /// The age at which a memory peak counts half. Default 24h.
    pub memory_histogram_decay_half_life: Duration,
    /// How long a memory peak is the highest of. Default 24h.
    pub memory_aggregation_interval: Duration,
    /// After how many such intervals without a sample a history is forgotten. Default 8.
    pub memory_aggregation_interval_count: u32,
    /// By which factor an OOM kill raises what a container needs, at the least. Default 1.2.
    pub oom_bump_up_ratio: f64,
    /// By how many bytes, at the least. Default 104857600 (100 MiB).
    pub oom_min_bump_up_bytes: f64,
    /// Most CPU of a container whose policy names none. Default: no limit.
    pub container_recommendation_max_allowed_cpu: Option<Amount>,
    /// Most memory of a container whose policy names none. Default: no limit.
    pub container_recommendation_max_allowed_memory: Option<Amount>,
}

impl Default for RecommenderFlags {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            recommender_interval: Duration::from_secs(60),
            target_cpu_percentile: 0.9,
            recommendation_lower_bound_cpu_percentile: 0.5,
            recommendation_upper_bound_cpu_percentile: 0.95,
            target_memory_percentile: 0.9,
            recommendation_lower_bound_memory_percentile: 0.5,
            recommendation_upper_bound_memory_percentile: 0.95,
            recommendation_margin_fraction: 0.15,
            confidence_interval_cpu: day,
            confidence_interval_memory: day,
            pod_recommendation_min_cpu_millicores: 25.0,
            pod_recommendation_min_memory_mb: 250.0,
            round_cpu_millicores: 1,
            round_memory_bytes: 1,
            cpu_histogram_decay_half_life: day,
            memory_histogram_decay_half_life: day,
            memory_aggregation_interval: day,
            memory_aggregation_interval_count: 8,
            oom_bump_up_ratio: 1.2,
            oom_min_bump_up_bytes: 104_857_600.0,
            container_recommendation_max_allowed_cpu: None,
            container_recommendation_max_allowed_memory: None,
        }
    }
}

/// Flags of the updater, with its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct UpdaterFlags {
    /// How often it looks at the pods. Default 1m.
    pub updater_interval: Duration,
    /// Pods that a controller must have at the least for one to be evicted. Default 2.
    pub min_replicas: u32,
    /// Share of a controller's pods that may be gone at once. Default 0.5.
    pub eviction_tolerance: f64,
    /// Pods that are evicted per second at the most; 0 and -1 are without limit. Default -1.
    pub eviction_rate_limit: f64,
    /// Pods that are evicted at once before that limit holds. Default 1.
    pub eviction_rate_burst: u32,
    /// Change of the requests below which a pod within the bounds is left alone. Default 0.1.
    pub pod_update_threshold: f64,
    /// Age from which on a pod within the bounds is updated. Default 12h.
    pub in_recommendation_bounds_eviction_lifetime_threshold: Duration,
    /// A container that was killed for memory within this time of its start has its pod updated at once. Default 10m.
    pub evict_after_oom_threshold: Duration,
    /// Whether a resize in place may go below the number of pods that an eviction has to leave. Default false.
    pub in_place_skip_disruption_budget: bool,
}

impl Default for UpdaterFlags {
    fn default() -> Self {
        Self {
            updater_interval: Duration::from_secs(60),
            min_replicas: 2,
            eviction_tolerance: 0.5,
            eviction_rate_limit: -1.0,
            eviction_rate_burst: 1,
            pod_update_threshold: 0.1,
            in_recommendation_bounds_eviction_lifetime_threshold: Duration::from_secs(12 * 3600),
            evict_after_oom_threshold: Duration::from_secs(600),
            in_place_skip_disruption_budget: false,
        }
    }
}
