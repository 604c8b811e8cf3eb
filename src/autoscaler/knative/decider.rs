//! What an autoscaler aims at (`pkg/reconciler/autoscaling/kpa/resources/decider.go`, `../../resources/metric.go`).

use super::buckets::BUCKET_SIZE;
use super::config::KpaConfig;
use super::pod_autoscaler::{PodAutoscaler, ScalingMetric};
use crate::units::SimDuration;

/// The spec of a decider.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeciderSpec {
    /// The most by which the pods grow at once, as a factor.
    pub max_scale_up_rate: f64,
    /// The most by which the pods shrink at once, as a divisor.
    pub max_scale_down_rate: f64,
    /// What is scaled by.
    pub scaling_metric: ScalingMetric,
    /// The value per pod to aim at.
    pub target_value: f64,
    /// The value that a pod can take.
    pub total_value: f64,
    /// Requests that may come at once without the activator holding them; -1 is any number.
    pub target_burst_capacity: f64,
    /// Requests that an activator takes.
    pub activator_capacity: f64,
    /// Panic begins where the pods that are asked for reach this many times those that are ready.
    pub panic_threshold: f64,
    /// The stable window.
    pub stable_window: SimDuration,
    /// How long a scale down waits.
    pub scale_down_delay: SimDuration,
    /// The pods that a revision starts with.
    pub initial_scale: i32,
    /// Whether a route may lead to the revision.
    pub is_reachable: bool,
    /// The least pods beside zero.
    pub activation_scale: i32,
}

/// Which windows are collected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricWindows {
    /// `spec.stableWindow`.
    pub stable: SimDuration,
    /// `spec.panicWindow`.
    pub panic: SimDuration,
    /// Whether newer values weigh more.
    pub is_weighted: bool,
    /// Whether pods are scraped; the activator that stays in the path tells all itself.
    pub has_scrape_target: bool,
}

impl DeciderSpec {
    /// Of a revision (`MakeDecider`).
    #[must_use]
    pub fn new(revision: &PodAutoscaler, config: &KpaConfig) -> Self {
        let (target_value, total_value) = revision.metric_target(config);
        Self {
            max_scale_up_rate: config.max_scale_up_rate,
            max_scale_down_rate: config.max_scale_down_rate,
            scaling_metric: revision.metric(),
            target_value,
            total_value,
            target_burst_capacity: revision.target_burst_capacity(config),
            activator_capacity: config.activator_capacity,
            panic_threshold: revision.panic_threshold_percentage(config) / 100.0,
            stable_window: revision.stable_window(config),
            scale_down_delay: revision.scale_down_delay(config),
            initial_scale: revision.initial_scale(config),
            is_reachable: !revision.is_unreachable(),
            activation_scale: revision.activation_scale(),
        }
    }
}

impl MetricWindows {
    /// Of a revision (`MakeMetric`): the panic window is whole seconds, at least one.
    #[must_use]
    pub fn new(revision: &PodAutoscaler, config: &KpaConfig) -> Self {
        let stable = revision.stable_window(config);
        #[expect(clippy::cast_precision_loss, reason = "Knative calculates in 64-bit floats")]
        let nanos = stable.as_nanos() as f64 * revision.panic_window_percentage(config) / 100.0;
        #[expect(clippy::cast_possible_truncation, reason = "the window is an hour at most")]
        let nanos = nanos as i64;
        // Half a second away from zero.
        let seconds = (nanos + 500_000_000).div_euclid(1_000_000_000);
        Self {
            stable,
            panic: SimDuration::from_secs(seconds).max(BUCKET_SIZE),
            is_weighted: revision.is_weighted(),
            has_scrape_target: !revision.keeps_activator(config),
        }
    }
}
