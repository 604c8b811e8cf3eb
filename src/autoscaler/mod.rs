//! Autoscalers and the metrics pipeline that feeds them.

pub mod hpa;
pub mod hpa_controller;
pub mod metrics;
