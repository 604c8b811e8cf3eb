//! A KubeSchedulerConfiguration made ready to run: the plugins of each profile, and the release whose rules apply.

mod profile;
mod version;

pub use crate::api::scheduler_config::{
    DefaultPreemptionArgs, DefaultSpreadConstraints, InterPodAffinityArgs, NodeResourcesFitArgs, PluginArgs,
    ScoringStrategy,
};
pub use profile::{Profile, SchedulerConfig, UnknownPlugin, system_default_constraints};
pub use version::KubernetesVersion;
