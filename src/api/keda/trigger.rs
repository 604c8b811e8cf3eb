//! `spec.triggers`: what a ScaledObject or ScaledJob scales by.

use crate::api::Name;
use std::collections::BTreeMap;

/// `metricType` of a trigger (`autoscaling/v2` `MetricTargetType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerMetricType {
    /// Percent of the requests; cpu and memory only.
    Utilization,
    /// Value as a whole.
    Value,
    /// Value per pod.
    AverageValue,
}

/// One of `spec.triggers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleTrigger {
    /// `type`, for example `cron`.
    pub trigger_type: Name,
    /// `name`; empty if it has none.
    pub name: Name,
    /// `metadata`.
    pub metadata: BTreeMap<Name, Name>,
    /// `metricType`.
    pub metric_type: Option<TriggerMetricType>,
    /// `useCachedMetrics`: the HorizontalPodAutoscaler is told what the last poll found.
    pub use_cached_metrics: bool,
}

impl ScaleTrigger {
    /// Whether the value comes from metrics-server: such a trigger cannot wake a target that is at zero.
    #[must_use]
    pub fn is_resource(&self) -> bool {
        matches!(&*self.trigger_type, "cpu" | "memory")
    }

    /// Whether the value comes from a source outside the cluster.
    #[must_use]
    pub fn is_external(&self) -> bool {
        !self.is_resource() && *self.trigger_type != *"cron"
    }

    /// A parameter; `None` if it is absent or empty.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(Name::as_str).filter(|value| !value.is_empty())
    }
}
