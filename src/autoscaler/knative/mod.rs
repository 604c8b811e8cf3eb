//! The Knative Pod Autoscaler (knative/serving, August 2026): replicas by concurrency or requests per second, with a panic mode
//! for bursts, and down to zero. The decisions are pure functions of plain values and `now`.
//!
//! - [`config`]: `config-autoscaler`, with its errors; [`pod_autoscaler`]: what the annotations of a revision say
//! - [`buckets`]: averages over a window; [`collector`]: the stable and the panic window of one revision
//! - [`decider`]: what an autoscaler aims at; [`autoscaler`]: how many pods the metrics ask for
//! - [`scaler`]: bounds, and scaling to zero; [`status`]: active, activating or inactive
//!
//! Known deviations: no running controller asks them yet; `wavetank conformance knative-kpa` does.
//!
//! Times count from an instant on an even second, by which the windows are divided.

pub mod autoscaler;
pub mod buckets;
pub mod collector;
pub mod config;
pub mod decider;
mod delay_window;
mod go_duration;
pub mod pod_autoscaler;
pub mod scaler;
pub mod status;
