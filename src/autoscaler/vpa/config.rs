//! The settings of the recommender, the updater and the admission controller, by the names of their flags, with their
//! defaults (Vertical Pod Autoscaler 1.6).

use crate::units::{Bytes, MilliCpu, SimDuration};

/// Flags of the recommender. Percentiles and fractions are shares of one.
#[derive(Clone, Debug, PartialEq)]
pub struct RecommenderConfig {
    /// `--recommender-interval`.
    pub interval: SimDuration,
    /// `--target-cpu-percentile`.
    pub target_cpu_percentile: f64,
    /// `--recommendation-lower-bound-cpu-percentile`.
    pub lower_bound_cpu_percentile: f64,
    /// `--recommendation-upper-bound-cpu-percentile`.
    pub upper_bound_cpu_percentile: f64,
    /// `--target-memory-percentile`.
    pub target_memory_percentile: f64,
    /// `--recommendation-lower-bound-memory-percentile`.
    pub lower_bound_memory_percentile: f64,
    /// `--recommendation-upper-bound-memory-percentile`.
    pub upper_bound_memory_percentile: f64,
    /// `--recommendation-margin-fraction`.
    pub safety_margin_fraction: f64,
    /// `--confidence-interval-cpu`.
    pub confidence_interval_cpu: SimDuration,
    /// `--confidence-interval-memory`.
    pub confidence_interval_memory: SimDuration,
    /// `--pod-recommendation-min-cpu-millicores`.
    pub pod_min_cpu_millicores: f64,
    /// `--pod-recommendation-min-memory-mb`, in MiB.
    pub pod_min_memory_mb: f64,
    /// `--round-cpu-millicores`.
    pub round_cpu: MilliCpu,
    /// `--round-memory-bytes`.
    pub round_memory: Bytes,
    /// `--cpu-histogram-decay-half-life`.
    pub cpu_half_life: SimDuration,
    /// `--memory-histogram-decay-half-life`.
    pub memory_half_life: SimDuration,
    /// `--memory-aggregation-interval`.
    pub memory_aggregation_interval: SimDuration,
    /// `--memory-aggregation-interval-count`.
    pub memory_aggregation_interval_count: i64,
    /// `--oom-bump-up-ratio`.
    pub oom_bump_up_ratio: f64,
    /// `--oom-min-bump-up-bytes`.
    pub oom_min_bump_up: Bytes,
    /// `--container-recommendation-max-allowed-cpu`.
    pub max_allowed_cpu: Option<MilliCpu>,
    /// `--container-recommendation-max-allowed-memory`.
    pub max_allowed_memory: Option<Bytes>,
    /// From the year 1 to the start of the run: what half-lives are counted from.
    pub since_year_one: i128,
}

impl Default for RecommenderConfig {
    fn default() -> Self {
        let day = SimDuration::from_hours(24);
        Self {
            interval: SimDuration::from_minutes(1),
            target_cpu_percentile: 0.9,
            lower_bound_cpu_percentile: 0.5,
            upper_bound_cpu_percentile: 0.95,
            target_memory_percentile: 0.9,
            lower_bound_memory_percentile: 0.5,
            upper_bound_memory_percentile: 0.95,
            safety_margin_fraction: 0.15,
            confidence_interval_cpu: day,
            confidence_interval_memory: day,
            pod_min_cpu_millicores: 25.0,
            pod_min_memory_mb: 250.0,
            round_cpu: MilliCpu::new(1),
            round_memory: Bytes::new(1),
            cpu_half_life: day,
            memory_half_life: day,
            memory_aggregation_interval: day,
            memory_aggregation_interval_count: 8,
            oom_bump_up_ratio: 1.2,
            oom_min_bump_up: Bytes::new(100 << 20),
            max_allowed_cpu: None,
            max_allowed_memory: None,
            since_year_one: 0,
        }
    }
}

/// Flags of the updater.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdaterConfig {
    /// `--updater-interval`.
    pub interval: SimDuration,
    /// `--min-replicas`.
    pub min_replicas: i64,
    /// `--eviction-tolerance`, a share.
    pub eviction_tolerance: f64,
    /// `--eviction-rate-limit`: evictions per second; `None` is without limit.
    pub eviction_rate_limit: Option<f64>,
    /// `--eviction-rate-burst`.
    pub eviction_rate_burst: u32,
    /// `--pod-update-threshold`, a share.
    pub update_threshold: f64,
    /// `--in-recommendation-bounds-eviction-lifetime-threshold`.
    pub pod_lifetime_update_threshold: SimDuration,
    /// `--evict-after-oom-threshold`.
    pub evict_after_oom_threshold: SimDuration,
    /// `--in-place-skip-disruption-budget`.
    pub in_place_skip_disruption_budget: bool,
}

impl Default for UpdaterConfig {
    fn default() -> Self {
        Self {
            interval: SimDuration::from_minutes(1),
            min_replicas: 2,
            eviction_tolerance: 0.5,
            eviction_rate_limit: None,
            eviction_rate_burst: 1,
            update_threshold: 0.1,
            pod_lifetime_update_threshold: SimDuration::from_hours(12),
            evict_after_oom_threshold: SimDuration::from_minutes(10),
            in_place_skip_disruption_budget: false,
        }
    }
}
