//! A KubeSchedulerConfiguration made ready to run: the plugins of each profile, and the release whose rules apply.

mod edits;
mod profile;
mod resolve;
mod version;

pub use crate::api::scheduler_config::{DefaultSpreadConstraints, InterPodAffinityArgs, PluginArgs, ScoringStrategy};
pub use edits::UnknownPlugin;
pub use profile::{Profile, SchedulerConfig};
