//! Autoscalers and the metrics pipeline that feeds them.

pub mod hpa;
pub mod metrics;
pub mod vpa;
