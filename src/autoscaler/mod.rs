//! Autoscalers and the metrics pipeline that feeds them.

pub mod hpa;
pub mod karpenter;
pub mod metrics;
