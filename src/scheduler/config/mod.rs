//! What a KubeSchedulerConfiguration says: profiles, their plugins and arguments, and the release whose rules apply.

mod profile;
mod resolve;
mod version;

pub use super::plugins::args::PluginArgs;
pub use super::plugins::default_preemption::args::DefaultPreemptionArgs;
pub use super::plugins::inter_pod_affinity::args::InterPodAffinityArgs;
pub use super::plugins::node_resources_fit::args::{NodeResourcesFitArgs, ResourceWeight, ScoringStrategy};
pub use super::plugins::pod_topology_spread::args::DefaultSpreadConstraints;
pub use profile::{PluginEdits, PluginsConfig, Profile, ProfileConfig, SchedulerConfig};
pub use version::KubernetesVersion;
