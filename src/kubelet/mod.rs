//! A pod's life on its node: image pull, start, probes, restarts, termination.
//!
//! [`controller`] holds the running kubelets; every other file is a pure decision of the kubelet on plain values.

pub mod config;
pub mod controller;
pub mod crash_backoff;
mod event;
pub mod image_pull;
mod job_runs;
mod node_images;
mod planned_end;
pub mod probes;
pub mod resize;
pub mod termination;
