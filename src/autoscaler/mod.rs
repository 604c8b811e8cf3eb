//! Autoscalers and the metrics pipeline that feeds them.

pub mod capacity_buffer;
pub mod cluster_autoscaler;
pub mod hpa;
pub mod karpenter;
pub mod metrics;
pub mod vpa;
