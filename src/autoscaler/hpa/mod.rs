//! The HorizontalPodAutoscaler controller (`autoscaling/v2`, Kubernetes 1.36 `pkg/controller/podautoscaler`): one
//! [`reconcile`] as a pure function of plain values and `now`.
//!
//! `replica_calculator` turns samples into numbers of replicas, `metric` does so for each kind of metric and combines
//! them, `normalize` and `behavior` hold the result against bounds, windows and policies, `reconcile` puts them in
//! order. When a reconcile happens, what the pods use and who writes the scale is not decided here.
//!
//! Deviations: a conflict or error while the scale is written is not modelled; the messages of conditions are not kept;
//! a metric's time stamp is not reported. All reads of one reconcile share one `now`.

mod behavior;
mod conditions;
mod config;
mod go_number;
mod history;
mod metric;
mod metrics_source;
mod normalize;
mod pod;
mod reconcile;
mod replica_calculator;
#[cfg(test)]
mod tests;

pub use conditions::{HpaCondition, HpaConditionReason, HpaConditionType, HpaConditions};
pub use config::HpaConfig;
pub use history::{HpaHistory, TimedReplicas};
pub use metric::{
    CombinedProposal, MetricFailure, MetricName, MetricProposal, MetricResult, MetricValueStatus, combine, propose,
};
pub use metrics_source::{MetricsSource, UnselectedSamples};
pub use pod::{ConditionStatus, HpaPod, PodReadyCondition};
pub use reconcile::{HpaDecision, HpaInputs, HpaState, ReconcileError, RescaleReason, Scale, ScaleSelector, reconcile};
pub use replica_calculator::MetricError;
