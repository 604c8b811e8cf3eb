//! The flags of the Vertical Pod Autoscaler as its settings.

use super::settings::{self, calendar_start};
use crate::autoscaler::vpa::controller::VpaController;
use crate::autoscaler::vpa::{RecommenderConfig, UpdaterConfig};
use crate::engine::RandomStreams;
use crate::input::scenario::{Amount, ScenarioSpec};
use crate::units::{Bytes, MilliCpu};

/// The Vertical Pod Autoscaler, without objects.
pub fn vpa_controller(spec: &ScenarioSpec, streams: RandomStreams) -> VpaController {
    let server = settings::metrics_server(spec, streams);
    let outages = settings::metrics_outages(spec);
    VpaController::new(recommender_config(spec), updater_config(spec), server, outages, streams)
}

/// Flags of the recommender.
pub fn recommender_config(spec: &ScenarioSpec) -> RecommenderConfig {
    let flags = &spec.vertical_pod_autoscaler.recommender;
    let year_one = jiff::civil::date(1, 1, 1).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let since_year_one =
        year_one.map_or(0, |year_one| calendar_start(spec).as_nanosecond() - year_one.timestamp().as_nanosecond());
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    let oom_min_bump_up = Bytes::new(flags.oom_min_bump_up_bytes as i64);
    RecommenderConfig {
        interval: flags.recommender_interval.get(),
        target_cpu_percentile: flags.target_cpu_percentile,
        lower_bound_cpu_percentile: flags.recommendation_lower_bound_cpu_percentile,
        upper_bound_cpu_percentile: flags.recommendation_upper_bound_cpu_percentile,
        target_memory_percentile: flags.target_memory_percentile,
        lower_bound_memory_percentile: flags.recommendation_lower_bound_memory_percentile,
        upper_bound_memory_percentile: flags.recommendation_upper_bound_memory_percentile,
        safety_margin_fraction: flags.recommendation_margin_fraction,
        confidence_interval_cpu: flags.confidence_interval_cpu.get(),
        confidence_interval_memory: flags.confidence_interval_memory.get(),
        pod_min_cpu_millicores: flags.pod_recommendation_min_cpu_millicores,
        pod_min_memory_mb: flags.pod_recommendation_min_memory_mb,
        round_cpu: MilliCpu::new(flags.round_cpu_millicores.into()),
        round_memory: Bytes::new(flags.round_memory_bytes.into()),
        cpu_half_life: flags.cpu_histogram_decay_half_life.get(),
        memory_half_life: flags.memory_histogram_decay_half_life.get(),
        memory_aggregation_interval: flags.memory_aggregation_interval.get(),
        memory_aggregation_interval_count: flags.memory_aggregation_interval_count.into(),
        oom_bump_up_ratio: flags.oom_bump_up_ratio,
        oom_min_bump_up,
        max_allowed_cpu: flags.container_recommendation_max_allowed_cpu.map(Amount::milli_cpu),
        max_allowed_memory: flags.container_recommendation_max_allowed_memory.map(Amount::bytes),
        since_year_one,
    }
}

/// Flags of the updater.
fn updater_config(spec: &ScenarioSpec) -> UpdaterConfig {
    let flags = &spec.vertical_pod_autoscaler.updater;
    let limit = flags.eviction_rate_limit;
    UpdaterConfig {
        interval: flags.updater_interval.get(),
        min_replicas: flags.min_replicas.into(),
        eviction_tolerance: flags.eviction_tolerance,
        eviction_rate_limit: (limit > 0.0).then_some(limit),
        eviction_rate_burst: flags.eviction_rate_burst,
        update_threshold: flags.pod_update_threshold,
        pod_lifetime_update_threshold: flags.in_recommendation_bounds_eviction_lifetime_threshold.get(),
        evict_after_oom_threshold: flags.evict_after_oom_threshold.get(),
        in_place_skip_disruption_budget: flags.in_place_skip_disruption_budget,
    }
}
