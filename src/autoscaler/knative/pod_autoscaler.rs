//! What the annotations of a revision tell its autoscaler (`pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go`). A value that cannot
//! be read counts as absent; the webhook refuses such values before.

use super::config::{KpaConfig, TARGET_MIN};
use super::go_duration;
use crate::api::{Labels, Name};
use crate::units::SimDuration;

/// Whether a route leads to the revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reachability {
    /// Nobody has said.
    #[default]
    Unknown,
    /// One does.
    Reachable,
    /// None does: no minimum holds.
    Unreachable,
}

/// What is scaled by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScalingMetric {
    /// Requests that are in progress.
    #[default]
    Concurrency,
    /// Requests per second.
    Rps,
}

/// A `PodAutoscaler` of class `kpa.autoscaling.knative.dev`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodAutoscaler {
    /// `metadata.annotations`.
    pub annotations: Labels,
    /// `spec.containerConcurrency`: requests that a pod takes at once; 0 is no limit.
    pub container_concurrency: i64,
    /// `spec.reachability`.
    pub reachability: Reachability,
}

const MIN_SCALE: [&str; 2] = ["autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale"];
const MAX_SCALE: [&str; 2] = ["autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale"];
const INITIAL_SCALE: [&str; 2] = ["autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale"];
const SCALE_DOWN_DELAY: [&str; 2] =
    ["autoscaling.knative.dev/scale-down-delay", "autoscaling.knative.dev/scaleDownDelay"];
const RETENTION: [&str; 2] = [
    "autoscaling.knative.dev/scale-to-zero-pod-retention-period",
    "autoscaling.knative.dev/scaleToZeroPodRetentionPeriod",
];
const AGGREGATION: [&str; 2] =
    ["autoscaling.knative.dev/metric-aggregation-algorithm", "autoscaling.knative.dev/metricAggregationAlgorithm"];
const TARGET_UTILIZATION: [&str; 2] =
    ["autoscaling.knative.dev/target-utilization-percentage", "autoscaling.knative.dev/targetUtilizationPercentage"];
const TARGET_BURST_CAPACITY: [&str; 2] =
    ["autoscaling.knative.dev/target-burst-capacity", "autoscaling.knative.dev/targetBurstCapacity"];
const PANIC_WINDOW: [&str; 2] =
    ["autoscaling.knative.dev/panic-window-percentage", "autoscaling.knative.dev/panicWindowPercentage"];
const PANIC_THRESHOLD: [&str; 2] =
    ["autoscaling.knative.dev/panic-threshold-percentage", "autoscaling.knative.dev/panicThresholdPercentage"];
const PROGRESS_DEADLINE: [&str; 2] = ["serving.knative.dev/progress-deadline", "serving.knative.dev/progressDeadline"];
const METRIC: [&str; 1] = ["autoscaling.knative.dev/metric"];
const TARGET: [&str; 1] = ["autoscaling.knative.dev/target"];
const WINDOW: [&str; 1] = ["autoscaling.knative.dev/window"];
const ACTIVATION_SCALE: [&str; 1] = ["autoscaling.knative.dev/activation-scale"];

impl PodAutoscaler {
    /// The value under the first of several names that is there.
    fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.annotations.get(name)).map(Name::as_str)
    }

    fn integer(&self, names: &[&str]) -> Option<i32> {
        self.text(names)?.parse().ok()
    }

    fn float(&self, names: &[&str]) -> Option<f64> {
        self.text(names)?.parse().ok()
    }

    fn duration(&self, names: &[&str]) -> Option<SimDuration> {
        go_duration::parse(self.text(names)?).ok()
    }

    /// Whether no route leads to the revision.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.reachability == Reachability::Unreachable
    }

    /// What is scaled by.
    #[must_use]
    pub fn metric(&self) -> ScalingMetric {
        if self.text(&METRIC) == Some("rps") { ScalingMetric::Rps } else { ScalingMetric::Concurrency }
    }

    /// Whether newer values weigh more.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        matches!(self.text(&AGGREGATION), Some("weighted-exponential" | "weightedExponential"))
    }

    /// The least and the most replicas; 0 is no bound (`ScaleBounds`).
    #[must_use]
    pub fn scale_bounds(&self, config: &KpaConfig) -> (i32, i32) {
        let min = self.integer(&MIN_SCALE).unwrap_or(config.min_scale);
        let max = self.integer(&MAX_SCALE).unwrap_or(config.max_scale);
        (if self.is_unreachable() { 0 } else { min }, max)
    }

    /// The replicas that a revision starts with (`GetInitialScale`).
    #[must_use]
    pub fn initial_scale(&self, config: &KpaConfig) -> i32 {
        let stated = self.integer(&INITIAL_SCALE);
        stated.filter(|scale| *scale != 0 || config.allow_zero_initial_scale).unwrap_or(config.initial_scale)
    }

    /// The least replicas beside zero; 0 is no bound.
    #[must_use]
    pub fn activation_scale(&self) -> i32 {
        self.integer(&ACTIVATION_SCALE).unwrap_or(0)
    }

    /// `stable-window`.
    #[must_use]
    pub fn stable_window(&self, config: &KpaConfig) -> SimDuration {
        self.duration(&WINDOW).unwrap_or(config.stable_window)
    }

    /// `panic-window-percentage`.
    #[must_use]
    pub fn panic_window_percentage(&self, config: &KpaConfig) -> f64 {
        self.float(&PANIC_WINDOW).unwrap_or(config.panic_window_percentage)
    }

    /// `panic-threshold-percentage`.
    #[must_use]
    pub fn panic_threshold_percentage(&self, config: &KpaConfig) -> f64 {
        self.float(&PANIC_THRESHOLD).unwrap_or(config.panic_threshold_percentage)
    }

    /// `target-burst-capacity`.
    #[must_use]
    pub fn target_burst_capacity(&self, config: &KpaConfig) -> f64 {
        self.float(&TARGET_BURST_CAPACITY).unwrap_or(config.target_burst_capacity)
    }

    /// Whether the activator stays in the path whatever happens.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the value is a marker")]
    pub fn keeps_activator(&self, config: &KpaConfig) -> bool {
        self.target_burst_capacity(config) == -1.0
    }

    /// `scale-down-delay`.
    #[must_use]
    pub fn scale_down_delay(&self, config: &KpaConfig) -> SimDuration {
        self.duration(&SCALE_DOWN_DELAY).unwrap_or(config.scale_down_delay)
    }

    /// How long the last pod is kept (`lastPodRetention`).
    #[must_use]
    pub fn last_pod_retention(&self, config: &KpaConfig) -> SimDuration {
        if self.is_unreachable() {
            return SimDuration::ZERO;
        }
        self.duration(&RETENTION).unwrap_or(config.scale_to_zero_pod_retention_period)
    }

    /// `progress-deadline`; else that of `config-deployment`.
    #[must_use]
    pub fn progress_deadline(&self, default: SimDuration) -> SimDuration {
        self.duration(&PROGRESS_DEADLINE).unwrap_or(default)
    }

    /// The value per pod to aim at, and the value that a pod can take (`ResolveMetricTarget`).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "Knative calculates in 64-bit floats")]
    pub fn metric_target(&self, config: &KpaConfig) -> (f64, f64) {
        let limit = self.container_concurrency as f64;
        let is_limited = self.container_concurrency != 0;
        let (mut total, mut utilization) = match self.metric() {
            ScalingMetric::Rps => (config.rps_target_default, config.target_utilization),
            ScalingMetric::Concurrency => {
                let total = if is_limited { limit } else { config.container_concurrency_target_default };
                (total, config.container_concurrency_target_fraction)
            }
        };
        if let Some(target) = self.float(&TARGET) {
            let caps = self.metric() == ScalingMetric::Concurrency && is_limited;
            total = if caps { target.min(limit) } else { target };
        }
        if let Some(percentage) = self.float(&TARGET_UTILIZATION) {
            utilization = percentage / 100.0;
        }
        (TARGET_MIN.max(total * utilization), total)
    }
}
