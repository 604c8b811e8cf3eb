//! KEDA (2.18): scaling between zero and one, the HorizontalPodAutoscaler that it generates for the rest, and Jobs by queue
//! length. The decisions are pure functions of plain values and `now`.
//!
//! - [`parameters`]: what a trigger says; [`scaler`]: what it measures, and what the HorizontalPodAutoscaler is told of it; [`cron_scaler`]: triggers of time
//! - [`activity`]: whether the triggers want the target to run, and the metrics of the HorizontalPodAutoscaler
//! - [`fallback`]: replicas for when a source of metrics fails
//! - [`formula`]: `scalingModifiers`, one metric made of all
//! - [`executor`]: to and from zero, or idle
//! - [`generated_hpa`]: the HorizontalPodAutoscaler of a ScaledObject
//! - [`scaled_job`]: how many Jobs are created
//! - [`controller`]: the running operator and adapter for ScaledObjects; no controller creates the Jobs of ScaledJobs

pub mod activity;
pub mod controller;
pub mod cron_scaler;
pub mod executor;
pub mod fallback;
pub mod formula;
pub mod generated_hpa;
mod parameters;
pub mod scaled_job;
pub mod scaler;
pub mod value;
