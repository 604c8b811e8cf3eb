//! The scheduling framework: one scheduling cycle over the plugins of a profile, why it found no node, and which events
//! may change that.

mod context;
mod cycle_state;
mod diagnosis;
mod event;
mod failure;
mod post_filter;
mod queueing_hints;
mod runtime;
mod schedule_one;
mod score;

pub use context::{Context, PreFilterOutcome, PreFilterRejection};
pub use cycle_state::CycleState;
pub(crate) use diagnosis::ReasonCounts;
pub use diagnosis::{Diagnosis, Failures};
pub use event::{ClusterEvent, EventKind, NodeChange, PodChange, StorageEvent, node_update_events, pod_changes};
pub use failure::{Code, Failure, Reason, Rejected, Words};
pub use post_filter::{PostFilterResult, post_filter};
pub use queueing_hints::{HintContext, may_become_schedulable};
pub(crate) use runtime::filter;
#[cfg(test)]
pub(crate) use runtime::run_filters;
pub use runtime::{add_pod, pre_enqueue, remove_pod, run_filters_with_nominated_pods, run_pre_filter, run_scores};
#[cfg(test)]
pub(crate) use schedule_one::find_feasible_nodes;
pub use schedule_one::{
    Decision, Placement, Scratch, SearchState, TieBreak, feasible_nodes_to_find, schedule, select_best,
};
pub use score::{MAX_NODE_SCORE, PluginScores};
