//! kube-scheduler: the framework, its plugins, the scheduling queue and preemption, and the index that gives the
//! framework's decisions without a look at each node.
//!
//! The framework is the reference form: the plugins run over every node with exact integer arithmetic, as in kube-scheduler
//! 1.36.2 (or 1.34.1, see [`KubernetesVersion`]). Everything here is a pure function of a [`Snapshot`], a pod, a
//! [`Profile`] and `now`; the simulation keeps the snapshot and the queue up to date, and acts on the decisions.
//!
//! Known deviations:
//! - Resource claims (DynamicResources) are not simulated: a pod is placed as if it had none. The plugin's part in other
//!   pods' messages and scores is there.
//! - The nodes of a PreFilter node set are visited in the order in which they were added; kube-scheduler's is random.
//! - Among persistent volumes of equal size the first by name is taken; kube-scheduler's choice is random.
//! - VolumeAttachments that no pod uses do not count against CSI limits.
//! - Gates off by default, extenders and out-of-tree plugins are left out; so is opportunistic batching, which never
//!   acts under the default spread constraints.

mod change_log;
pub mod component;
pub mod diagnosis;
pub mod event;
pub mod failure;
pub mod framework;
pub mod index;
mod listers;
mod node_info;
mod nominator;
mod plugin;
mod plugins;
mod pod_info;
pub mod post_filter;
pub mod profile;
#[cfg(test)]
mod properties;
pub mod queue;
pub mod queueing_hints;
#[cfg(test)]
mod random_cluster;
pub mod resources;
mod schedule_one;
mod snapshot;
mod topology;
mod version;
pub mod volumes;
mod watch;

pub use diagnosis::{Diagnosis, Failures};
pub use event::{ClusterEvent, NodeChange, PodChange, StorageEvent, node_update_events, pod_changes};
pub use failure::{Code, Failure};
pub use framework::{
    Context, CycleState, MAX_NODE_SCORE, PreFilterOutcome, PreFilterRejection, ScoreTable, pre_enqueue,
};
pub use index::{Index, IndexStatistics};
pub use listers::{DisruptionBudget, Listers, ServiceSelector, VolumeListers};
pub use node_info::NodeInfo;
pub use nominator::Nominator;
pub use plugin::{Plugin, PluginSet};
pub use plugins::default_preemption::{Candidate, Criterion, Preemption};
pub use pod_info::{DeclaredFeature, HostPort, PodInfo, PodOrigin, PodTraits};
pub use post_filter::{PostFilterCode, PostFilterResult, post_filter};
pub use profile::{PluginArgs, Profile, ProfileConfig, SchedulerConfig, ScoringStrategy};
pub use queue::{Likeness, Place, PoppedPod, SchedulingQueue, SharedAttempts};
pub use queueing_hints::HintContext;
pub use resources::{PlacedRequests, PodRequests, ResourceKey, Resources};
pub use schedule_one::{
    Decision, Misfit, Placement, Scratch, SearchState, TieBreak, feasible_nodes_to_find, find_feasible_nodes, fits,
    schedule, select_best,
};
pub use snapshot::Snapshot;
pub use version::KubernetesVersion;
pub use watch::{Attempt, AttemptOutcome, Match, WatchedPods};
