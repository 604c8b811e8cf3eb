//! Autoscalers and the metrics pipeline that feeds them.

pub mod capacity_buffer;
pub mod cluster_autoscaler;
mod go_math;
mod go_number;
pub mod hpa;
pub mod karpenter;
pub mod keda;
pub mod knative;
pub mod metrics;
pub mod vpa;
