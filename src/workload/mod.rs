//! What loads the cluster: pod arrivals and lifetimes, request rates and usage over time.
//!
//! Draws random numbers only from generators that are passed in.

mod arrivals;
mod distribution;
pub mod fluid_queue;
mod load;
pub mod metric_sources;
mod pod_load;
mod random_rate;
mod rate;
pub mod request_samples;
pub mod traffic;
pub mod usage;
mod usage_curve;

pub use arrivals::ArrivalTimes;
pub use distribution::Sampler;
pub use rate::RateCurve;
