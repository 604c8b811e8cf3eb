//! Scheduler profiles: which plugins run at which extension point, with what weights and arguments.

use super::version::KubernetesVersion;
use crate::api::Name;
use crate::scheduler::plugins::{Plugin, PluginArgs};
use crate::units::SimDuration;

/// Plugins named at one extension point of a KubeSchedulerConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginEdits {
    /// `enabled`, with the weight where one is given.
    pub enabled: Vec<(Plugin, Option<i64>)>,
    /// `disabled` by name.
    pub disabled: Vec<Plugin>,
    /// `disabled: [{name: "*"}]`.
    pub disables_all: bool,
}

impl PluginEdits {
    pub(super) fn disables(&self, plugin: Plugin) -> bool {
        self.disables_all || self.disabled.contains(&plugin)
    }
}

/// `plugins` of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the extension point of its name")]
pub struct PluginsConfig {
    pub multi_point: PluginEdits,
    pub pre_enqueue: PluginEdits,
    pub pre_filter: PluginEdits,
    pub filter: PluginEdits,
    pub post_filter: PluginEdits,
    pub pre_score: PluginEdits,
    pub score: PluginEdits,
}

/// `KubeSchedulerProfile` as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileConfig {
    /// `schedulerName`; `None` is `default-scheduler`.
    pub scheduler_name: Option<Name>,
    /// `percentageOfNodesToScore` of the profile.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// `plugins`.
    pub plugins: PluginsConfig,
    /// `pluginConfig`.
    pub args: PluginArgs,
}

/// `KubeSchedulerConfiguration` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// `percentageOfNodesToScore`; 0 adapts to the number of nodes.
    pub percentage_of_nodes_to_score: i32,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// `profiles`.
    pub profiles: Vec<ProfileConfig>,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            version: KubernetesVersion::default(),
            percentage_of_nodes_to_score: 0,
            pod_initial_backoff: SimDuration::from_secs(1),
            pod_max_backoff: SimDuration::from_secs(10),
            profiles: vec![ProfileConfig::default()],
        }
    }
}

/// A profile, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The scheduler name that pods ask for.
    pub scheduler_name: Name,
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// 0 adapts to the number of nodes.
    pub percentage_of_nodes_to_score: i32,
    /// PreEnqueue plugins in running order.
    pub pre_enqueue: Vec<Plugin>,
    /// PreFilter plugins in running order.
    pub pre_filter: Vec<Plugin>,
    /// Filter plugins in running order.
    pub filter: Vec<Plugin>,
    /// PostFilter plugins in running order.
    pub post_filter: Vec<Plugin>,
    /// PreScore plugins in running order.
    pub pre_score: Vec<Plugin>,
    /// Score plugins with their weights.
    pub score: Vec<(Plugin, i64)>,
    /// Arguments.
    pub args: PluginArgs,
}

impl Profile {
    /// Whether the profile runs the plugin for nodes: before or as a filter, or for a score.
    #[must_use]
    pub fn runs_for_nodes(&self, plugin: Plugin) -> bool {
        self.filter.contains(&plugin)
            || self.pre_filter.contains(&plugin)
            || self.score.iter().any(|(scoring, _)| *scoring == plugin)
    }
}
