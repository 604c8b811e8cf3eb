//! HorizontalPodAutoscalers: a file for each version that is served, and what they share.

mod behavior;
mod metrics;
pub mod reference;
pub mod v1;
pub mod v2;
