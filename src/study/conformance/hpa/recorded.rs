//! What both kinds of recordings have in common: parameters, the object, times.

use crate::api::{HorizontalPodAutoscaler, MilliValue, Quantity};
use crate::autoscaler::hpa::HpaConfig;
use crate::input::FieldErrors;
use crate::input::kinds::horizontal_pod_autoscaler::v2::convert;
use crate::units::{SimDuration, SimTime};
use k8s_openapi::api::autoscaling::v2;
use serde::Deserialize;

/// `config` of a recording.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RecordedConfig {
    tolerance: f64,
    cpu_initialization_period_seconds: i64,
    initial_readiness_delay_seconds: i64,
    downscale_stabilization_seconds: i64,
    sync_period_seconds: i64,
    feature_gates: FeatureGates,
}

/// `config.featureGates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureGates {
    #[serde(rename = "HPAConfigurableTolerance", default = "enabled")]
    configurable_tolerance: bool,
    #[serde(rename = "HPAScaleToZero", default)]
    scale_to_zero: bool,
    #[serde(rename = "PodLevelResources", default = "enabled")]
    pod_level_resources: bool,
}

/// The default of a gate that is on.
const fn enabled() -> bool {
    true
}

impl RecordedConfig {
    /// The parameters as the reconcile takes them.
    pub(super) fn to_config(&self) -> HpaConfig {
        HpaConfig {
            sync_period: SimDuration::from_secs(self.sync_period_seconds),
            downscale_stabilization: SimDuration::from_secs(self.downscale_stabilization_seconds),
            tolerance: self.tolerance,
            cpu_initialization_period: SimDuration::from_secs(self.cpu_initialization_period_seconds),
            initial_readiness_delay: SimDuration::from_secs(self.initial_readiness_delay_seconds),
            configurable_tolerance: self.feature_gates.configurable_tolerance,
            scale_to_zero: self.feature_gates.scale_to_zero,
            reconciles_changes_at_once: false,
            pod_level_resources: self.feature_gates.pod_level_resources,
        }
    }
}

/// Converts the object as submitted, by the rules for manifests.
pub(super) fn convert_hpa(object: &v2::HorizontalPodAutoscaler) -> Result<HorizontalPodAutoscaler, String> {
    let mut errors = FieldErrors::default();
    let converted = convert(object, jiff::Timestamp::UNIX_EPOCH, &mut errors);
    if errors.is_empty() {
        return Ok(converted);
    }
    let problems = errors.into_vec();
    let problems: Vec<_> = problems.iter().map(|error| format!("hpa.{} {}", error.field, error.problem)).collect();
    Err(problems.join("; "))
}

/// A quantity in thousandths.
pub(super) fn milli(text: &str) -> Result<i64, String> {
    text.parse::<Quantity>().map(Quantity::milli_value).map_err(|error| error.to_string())
}

/// A quantity in thousandths.
pub(super) fn milli_value(text: &str) -> Result<MilliValue, String> {
    milli(text).map(MilliValue::new)
}

/// An RFC 3339 time relative to the recording's `now`.
pub(super) fn relative(text: &str, now: jiff::Timestamp) -> Result<SimTime, String> {
    let at = timestamp(text)?;
    let nanos = i64::try_from(at.as_nanosecond() - now.as_nanosecond());
    nanos.map(SimTime::from_nanos).map_err(|_| format!("`{text}` is too far from now (expected within 292 years)"))
}

/// An RFC 3339 time.
pub(super) fn timestamp(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is not an RFC 3339 time"))
}
