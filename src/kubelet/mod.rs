//! A pod's life on its node: image pull, start, probes, restarts, termination.
//!
//! [`agent`] holds the running kubelets; every other file is a pure decision of the kubelet on plain values.

mod backoff;
pub mod controller;
pub mod crash_backoff;
pub mod image_pull;
mod node_images;
pub mod phase;
pub mod probes;
pub mod termination;

pub use backoff::BackoffRecord;
