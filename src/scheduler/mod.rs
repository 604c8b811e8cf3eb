//! kube-scheduler: the framework, its plugins, the scheduling queue and preemption, and the index that gives the
//! framework's decisions without a look at each node.
//!
//! The framework is the reference form: the plugins run over every node with exact integer arithmetic, as in kube-scheduler
//! 1.36.2 (or 1.34.1, see [`KubernetesVersion`]). Everything here is a pure function of a [`View`], a pod, a [`Profile`] and
//! `now`; the simulation keeps the view and the queue up to date, and acts on the decisions.
//!
//! - `config`: profiles as they are written and as they run; what differs between releases.
//! - `view`: what the scheduler sees of the cluster.
//! - `plugins`: one file or folder each, with its rule and all else that there is to know of it.
//! - `framework`: a scheduling cycle over the plugins; `preemption`: what follows when it finds no node.
//! - `queue`: which pod is next; `index`: the framework's answers, faster.
//! - `controller`: the running half.
//!
//! Known deviations:
//! - Resource claims (DynamicResources) are not simulated: a pod is placed as if it had none. The plugin's part in other
//!   pods' messages and scores is there.
//! - The nodes of a PreFilter node set are visited in the order in which they were added; kube-scheduler's is random.
//! - Among persistent volumes of equal size the first by name is taken; kube-scheduler's choice is random.
//! - VolumeAttachments that no pod uses do not count against CSI limits.
//! - Gates off by default, extenders and out-of-tree plugins are left out; so is opportunistic batching, which never
//!   acts under the default spread constraints.

mod config;
mod controller;
mod framework;
mod index;
mod plugins;
mod preemption;
mod queue;
#[cfg(test)]
mod tests;
mod view;

pub use crate::api::KubernetesVersion;
pub use crate::cluster::{NodeId, PodId};
pub use config::{PluginArgs, Profile, SchedulerConfig, ScoringStrategy, UnknownPlugin};
pub use controller::DecisionPath;
pub use framework::{Context, Decision, Diagnosis, Failure, Placement, Scratch, SearchState, TieBreak, schedule};
pub use index::Index;
pub use view::{PodInfo, PodOrigin, PodTraits, View};

pub(crate) use controller::{
    Attempt, AttemptOutcome, FollowedPods, Match, RateLimit, Scheduler, SchedulerEvent, SchedulerTiming,
};
pub(crate) use framework::{
    ClusterEvent, Code, CycleState, HintContext, PluginScores, PostFilterResult, PreFilterRejection,
    node_update_events, pod_changes, post_filter, pre_enqueue, run_filters_with_nominated_pods, run_pre_filter,
    run_scores, select_best,
};
pub(crate) use plugins::{Plugin, PluginSet, volumes};
pub(crate) use preemption::{Candidate, Criterion, Preemption};
pub(crate) use queue::{Place, SchedulingQueue};
pub(crate) use view::{DisruptionBudget, ListerChange, NodeInfo, PodOrigins, Snapshot};
