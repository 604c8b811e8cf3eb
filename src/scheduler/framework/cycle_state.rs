//! The state of a scheduling cycle.

use crate::scheduler::plugins::topology_counts::TopologyCounts;
use crate::scheduler::plugins::{
    PluginSet, inter_pod_affinity, pod_topology_spread, volume_binding, volume_restrictions, volume_zone,
};
use crate::scheduler::preemption::PreemptionMemo;
use crate::scheduler::view::ImageId;

/// What plugins remember between the extension points of one scheduling cycle.
#[derive(Clone, Debug, Default)]
pub struct CycleState {
    /// Plugins whose PreFilter returned Skip.
    pub skip_filter: PluginSet,
    /// Plugins whose PreScore returned Skip.
    pub skip_score: PluginSet,
    /// The pod's images that some node has or had.
    pub(super) images: Vec<ImageId>,
    pub(super) spread_filter: Option<pod_topology_spread::FilterState>,
    pub(super) spread_score: Option<pod_topology_spread::ScoreState>,
    pub(super) affinity_filter: Option<inter_pod_affinity::FilterState>,
    pub(super) affinity_scores: TopologyCounts,
    pub(super) restrictions: volume_restrictions::FilterState,
    pub(super) binding: volume_binding::FilterState,
    pub(super) zones: Vec<volume_zone::Topology>,
    /// What preemption on nodes was found to be worth; kept by whoever has one snapshot for all its decisions.
    pub(crate) preemption_memo: Option<Box<PreemptionMemo>>,
    /// DynamicResources' PreFilter ran.
    pub(crate) dynamic_resources_ran: bool,
}
