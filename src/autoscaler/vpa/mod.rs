//! The Vertical Pod Autoscaler (`autoscaling.k8s.io/v1`, release 1.6): the recommender's decision [`recommend`] as a pure
//! function of what is known of the usage of containers.
//!
//! `usage` keeps what is known, in histograms whose weights decay (`histogram`); `recommend` turns it into a target and
//! bounds; `updater` decides which pods are brought to it. [`controller`] is the running half. What a recommendation makes of
//! a pod is in `api`, since new pods get it on admission. What the containers use is not decided here.

mod amounts;
mod config;
pub mod controller;
mod histogram;
mod recommend;
mod summary;
mod updater;
mod usage;

pub use config::{RecommenderConfig, UpdaterConfig};
pub use recommend::recommend;
pub use summary::{RecommendationSummary, summarize};
pub use usage::{Aggregate, ContainerUsage, HistogramOptions, OomBumpUp};
