//! A scheduler's configuration ready to run: which plugins run at which extension point, with what weights and arguments.

use crate::api::{KubernetesVersion, Name};
use crate::scheduler::plugins::{Plugin, PluginArgs};
use crate::units::SimDuration;

/// A scheduler's configuration, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// The profiles, at least one.
    pub profiles: Vec<Profile>,
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
