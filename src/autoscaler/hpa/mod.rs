//! The HorizontalPodAutoscaler controller (`autoscaling/v2`, Kubernetes 1.36 `pkg/controller/podautoscaler`): the
//! decision [`desired_replicas`] as a pure function of plain values and `now`, and the running [`controller`] that asks it.
//!
//! `replica_calculator` turns samples into numbers of replicas, `metric` does so for each kind of metric and combines
//! them, `normalize` and `behavior` hold the result against bounds, windows and policies, `desired_replicas` puts them
//! in order. What the pods use is not decided here.
//!
//! Deviations: a conflict or error while the scale is written is not modelled; the messages of conditions are not kept;
//! a metric's time stamp is not reported. All reads of one reconcile share one `now`.

mod alike_pods;
mod behavior;
mod config;
pub mod controller;
mod desired_replicas;
mod history;
mod inputs;
mod messages;
mod metric;
mod metric_name;
mod metrics_source;
mod normalize;
mod pod;
mod replica_calculator;
mod selected_pods;
mod simulated_metrics;
#[cfg(test)]
mod tests;
mod usage_source;

pub use config::HpaConfig;
pub use desired_replicas::{HpaDecision, HpaState, desired_replicas};
pub use history::{HpaHistory, TimedReplicas};
pub use inputs::{HpaInputs, Scale, ScaleSelector};
pub use messages::FailureMessage;
pub use metric::{MetricProposal, combine, propose};
pub use metric_name::MetricName;
pub use metrics_source::{MetricsSource, UnselectedSamples};
pub use pod::{AlikePods, HpaPod, MissingRequest, PodReadyCondition, pod_request};
pub use usage_source::{LoadShare, UsageSource};
