//! What the cases of a revision have in common.

use super::super::answer::Exact;
use crate::autoscaler::knative::autoscaler::ScaleResult;
use crate::autoscaler::knative::collector::{Observed, Stat};
use crate::autoscaler::knative::config::KpaConfig;
use crate::autoscaler::knative::decider::{DeciderSpec, MetricWindows};
use crate::autoscaler::knative::pod_autoscaler::{PodAutoscaler, Reachability, ScalingMetric};
use crate::units::{SimDuration, SimTime};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The part of a case that describes the revision and the cluster's parameters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordedRevision {
    config: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    container_concurrency: i64,
    reachability: String,
}

impl RecordedRevision {
    pub(super) fn config(&self) -> Result<KpaConfig, String> {
        KpaConfig::from_map(&self.config)
    }

    pub(super) fn revision(&self) -> Result<PodAutoscaler, String> {
        Ok(PodAutoscaler {
            annotations: self.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            container_concurrency: self.container_concurrency,
            reachability: match self.reachability.as_str() {
                "" => Reachability::Unknown,
                "Reachable" => Reachability::Reachable,
                "Unreachable" => Reachability::Unreachable,
                other => return Err(format!("reachability `{other}` is not known")),
            },
        })
    }
}

/// A time of a recording, in milliseconds after its base, which is an even second.
pub(super) fn time(milliseconds: i64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(milliseconds)
}

pub(super) fn milliseconds(duration: SimDuration) -> i64 {
    duration.as_nanos() / 1_000_000
}

/// What was measured at a time.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct RecordedStat {
    pub t: i64,
    #[serde(default)]
    c: Exact,
    #[serde(default)]
    pc: Exact,
    #[serde(default)]
    r: Exact,
    #[serde(default)]
    pr: Exact,
}

impl RecordedStat {
    pub(super) fn stat(self) -> Stat {
        Stat { concurrency: self.c.0, proxied_concurrency: self.pc.0, requests: self.r.0, proxied_requests: self.pr.0 }
    }
}

/// The decider as the recordings have it.
pub(super) fn decider_value(spec: &DeciderSpec, windows: &MetricWindows) -> Value {
    json!({
        "activationScale": spec.activation_scale,
        "activatorCapacity": spec.activator_capacity,
        "initialScale": spec.initial_scale,
        "maxScaleDownRate": spec.max_scale_down_rate,
        "maxScaleUpRate": spec.max_scale_up_rate,
        "metricStableWindowMs": milliseconds(windows.stable),
        "panicThreshold": spec.panic_threshold,
        "panicWindowMs": milliseconds(windows.panic),
        "reachable": spec.is_reachable,
        "scaleDownDelayMs": milliseconds(spec.scale_down_delay),
        "scalingMetric": match spec.scaling_metric {
            ScalingMetric::Concurrency => "concurrency",
            ScalingMetric::Rps => "rps",
        },
        "stableWindowMs": milliseconds(spec.stable_window),
        "targetBurstCapacity": spec.target_burst_capacity,
        "targetValue": spec.target_value,
        "totalValue": spec.total_value,
        "weighted": windows.is_weighted,
    })
}

/// The result of a tick as the recordings have it.
pub(super) fn result_fields(observed: Option<Observed>, result: Option<ScaleResult>) -> serde_json::Map<String, Value> {
    let observed = observed.unwrap_or(Observed { stable: 0.0, panic: 0.0 });
    let fields: [(&str, Value); 5] = [
        ("valid", result.is_some().into()),
        ("stable", observed.stable.into()),
        ("panic", observed.panic.into()),
        ("desired", result.map_or(0, |result| result.desired_pods).into()),
        ("ebc", result.map_or(0, |result| result.excess_burst_capacity).into()),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
