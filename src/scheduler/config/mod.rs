//! What a KubeSchedulerConfiguration says: profiles, their plugins and arguments, and the release whose rules apply.

mod profile;
mod version;

pub use profile::{
    DefaultPreemptionArgs, DefaultSpreadConstraints, InterPodAffinityArgs, NodeResourcesFitArgs, PluginArgs,
    PluginEdits, PluginsConfig, Profile, ProfileConfig, ResourceWeight, SchedulerConfig, ScoringStrategy,
    system_default_constraints,
};
pub use version::KubernetesVersion;
