//! Runs the plugins of a profile at each extension point.
//!
//! The plugins are a closed set, so that a call is a `match` and the state of a scheduling cycle is a plain struct.

use super::failure::{Code, Failure};
use crate::api::Name;
use crate::cluster::NodeId;
use crate::scheduler::config::Profile;
use crate::scheduler::plugins::topology_counts::TopologyCounts;
use crate::scheduler::plugins::{
    Plugin, PluginSet, balanced_allocation, image_locality, inter_pod_affinity, node_affinity, node_declared_features,
    node_name, node_ports, node_resources_fit, node_unschedulable, node_volume_limits, pod_topology_spread,
    scheduling_gates, taint_toleration, volume_binding, volume_restrictions, volume_zone,
};
use crate::scheduler::preemption::PreemptionMemo;
use crate::scheduler::view::{ImageId, Listers, NodeInfo, Nominator, PodInfo, Snapshot, View};

/// The highest score of a plugin before its weight (`framework.MaxNodeScore`).
pub const MAX_NODE_SCORE: i64 = 100;

/// What plugins may look at. Nothing in it changes during a scheduling cycle.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Nodes and the pods on them.
    pub snapshot: &'a Snapshot,
    /// Other objects.
    pub listers: &'a Listers,
    /// Pods that wait for room on a certain node.
    pub nominator: &'a Nominator,
    /// The profile of the pod.
    pub profile: &'a Profile,
}

impl<'a> Context<'a> {
    /// What the plugins look at for a pod of this profile. The view must be [refreshed](View::refresh).
    #[must_use]
    pub const fn new(view: &'a View, profile: &'a Profile) -> Self {
        Self { snapshot: view.snapshot(), listers: view.listers(), nominator: view.nominator(), profile }
    }
}

/// Why a PreFilter plugin rejected the pod as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreFilterRejection {
    /// The plugin.
    pub plugin: Plugin,
    /// Whether preemption may help.
    pub code: Code,
    /// In Kubernetes' words.
    pub reason: String,
}

/// What a PreFilter plugin decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilterOutcome {
    /// Its Filter is to run.
    Run,
    /// Its Filter has nothing to look at.
    Skip,
    /// Its Filter is to run, on these nodes only.
    Nodes(Vec<NodeId>),
    /// The pod fits nowhere.
    Reject(PreFilterRejection),
}

/// What the PreFilter plugins decided together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreFilterResult {
    /// The nodes to search, by id; `None` is all.
    pub nodes: Option<Vec<NodeId>>,
    /// Plugins that narrowed the nodes, or rejected the pod.
    pub plugins: PluginSet,
    /// The pod fits nowhere.
    pub rejection: Option<PreFilterRejection>,
}

/// What plugins remember between the extension points of one scheduling cycle.
#[derive(Clone, Debug, Default)]
pub struct CycleState {
    /// Plugins whose PreFilter returned Skip.
    pub skip_filter: PluginSet,
    /// Plugins whose PreScore returned Skip.
    pub skip_score: PluginSet,
    /// The pod's images that some node has or had.
    images: Vec<ImageId>,
    spread_filter: Option<pod_topology_spread::FilterState>,
    spread_score: Option<pod_topology_spread::ScoreState>,
    affinity_filter: Option<inter_pod_affinity::FilterState>,
    affinity_scores: TopologyCounts,
    restrictions: volume_restrictions::FilterState,
    binding: volume_binding::FilterState,
    zones: Vec<(&'static str, &'static str, Vec<Name>)>,
    /// What preemption on nodes was found to be worth; kept by whoever has one snapshot for all its decisions.
    pub(crate) preemption_memo: Option<Box<PreemptionMemo>>,
    /// DynamicResources' PreFilter ran.
    pub(crate) dynamic_resources_ran: bool,
}

/// Runs the PreEnqueue plugins: why the pod does not enter the scheduling queue, and which plugin says so.
#[must_use]
pub fn pre_enqueue(context: &Context<'_>, pod: &PodInfo) -> Option<(Plugin, String)> {
    context.profile.pre_enqueue.iter().find_map(|plugin| {
        let reason = match plugin {
            Plugin::SchedulingGates => scheduling_gates::pre_enqueue(pod),
            _ => None,
        };
        reason.map(|reason| (*plugin, reason))
    })
}

/// Runs every PreFilter plugin, and fills the state for the filters.
pub fn run_pre_filter(context: &Context<'_>, pod: &PodInfo, state: &mut CycleState) -> PreFilterResult {
    state.skip_filter = PluginSet::EMPTY;
    state.skip_score = PluginSet::EMPTY;
    state.spread_filter = None;
    state.affinity_filter = None;
    state.dynamic_resources_ran = false;
    let mut result = PreFilterResult::default();
    for plugin in &context.profile.pre_filter {
        match pre_filter(*plugin, context, pod, state) {
            PreFilterOutcome::Run => {}
            PreFilterOutcome::Skip => state.skip_filter.insert(*plugin),
            PreFilterOutcome::Nodes(nodes) => {
                result.plugins.insert(*plugin);
                match &mut result.nodes {
                    None => result.nodes = Some(nodes),
                    Some(own) => own.retain(|node| nodes.contains(node)),
                }
            }
            PreFilterOutcome::Reject(rejection) => {
                result.plugins.insert(*plugin);
                let unresolvable = rejection.code == Code::UnschedulableAndUnresolvable;
                if unresolvable || result.rejection.is_none() {
                    result.rejection = Some(rejection);
                }
                if unresolvable {
                    break;
                }
            }
        }
    }
    result
}

fn pre_filter(plugin: Plugin, context: &Context<'_>, pod: &PodInfo, state: &mut CycleState) -> PreFilterOutcome {
    let run_if = |runs: bool| if runs { PreFilterOutcome::Run } else { PreFilterOutcome::Skip };
    match plugin {
        Plugin::NodeAffinity => node_affinity::pre_filter(context, pod),
        Plugin::NodePorts => run_if(!node_ports::skips(pod)),
        Plugin::NodeResourcesFit => PreFilterOutcome::Run,
        Plugin::PodTopologySpread => {
            state.spread_filter = pod_topology_spread::pre_filter(context, pod);
            run_if(state.spread_filter.is_some())
        }
        Plugin::InterPodAffinity => {
            state.affinity_filter = inter_pod_affinity::pre_filter(context, pod);
            run_if(state.affinity_filter.is_some())
        }
        Plugin::VolumeRestrictions => volume_restrictions::pre_filter(context, pod, &mut state.restrictions),
        Plugin::NodeVolumeLimits => run_if(!node_volume_limits::skips(pod)),
        Plugin::VolumeBinding => volume_binding::pre_filter(context, pod, &mut state.binding),
        Plugin::VolumeZone => volume_zone::pre_filter(context, pod, &mut state.zones),
        Plugin::DynamicResources => {
            state.dynamic_resources_ran = true;
            PreFilterOutcome::Skip
        }
        Plugin::NodeDeclaredFeatures => run_if(!node_declared_features::skips(pod)),
        _ => PreFilterOutcome::Skip,
    }
}

/// Runs the filters on one node, stopping at the first that rejects it.
///
/// # Errors
/// Why the node is not feasible.
pub fn run_filters(context: &Context<'_>, pod: &PodInfo, state: &CycleState, node: &NodeInfo) -> Result<(), Failure> {
    for plugin in &context.profile.filter {
        if !state.skip_filter.contains(*plugin) {
            filter(*plugin, context, pod, state, node)?;
        }
    }
    Ok(())
}

/// Runs the filter of one plugin.
pub(crate) fn filter(
    plugin: Plugin,
    context: &Context<'_>,
    pod: &PodInfo,
    state: &CycleState,
    node: &NodeInfo,
) -> Result<(), Failure> {
    let args = &context.profile.args;
    match plugin {
        Plugin::NodeUnschedulable => node_unschedulable::filter(pod.spec(), node),
        Plugin::NodeName => node_name::filter(pod, node),
        Plugin::TaintToleration => taint_toleration::filter(pod, node),
        Plugin::NodeAffinity => node_affinity::filter(args.added_affinity.as_ref(), pod, node),
        Plugin::NodePorts => node_ports::filter(pod, node),
        Plugin::NodeResourcesFit => node_resources_fit::filter(&args.fit, pod, node, |_| false),
        Plugin::PodTopologySpread => {
            state.spread_filter.as_ref().map_or(Ok(()), |own| pod_topology_spread::filter(own, node))
        }
        Plugin::InterPodAffinity => {
            state.affinity_filter.as_ref().map_or(Ok(()), |own| inter_pod_affinity::filter(own, node))
        }
        Plugin::VolumeRestrictions => volume_restrictions::filter(&state.restrictions, pod, node),
        Plugin::NodeVolumeLimits => node_volume_limits::filter(context, pod, node),
        Plugin::VolumeBinding => volume_binding::filter(context, &state.binding, node),
        Plugin::VolumeZone => volume_zone::filter(&state.zones, node),
        Plugin::NodeDeclaredFeatures => node_declared_features::filter(pod, node),
        _ => Ok(()),
    }
}

/// Runs the filters on one node, once with the pods of the same or a higher priority that are nominated there added, and
/// once as it is; both must pass (`RunFilterPluginsWithNominatedPods`).
///
/// # Errors
/// Why the node is not feasible.
pub fn run_filters_with_nominated_pods(
    context: &Context<'_>,
    pod: &PodInfo,
    state: &CycleState,
    node: &NodeInfo,
) -> Result<(), Failure> {
    let nominated = context.nominator.pods_on(node.id());
    if nominated.iter().any(|other| counts_as_placed(other, pod)) {
        let mut crowded = node.clone();
        let mut crowded_state = state.clone();
        for other in nominated.iter().filter(|other| counts_as_placed(other, pod)) {
            crowded.add_pod(std::sync::Arc::clone(other));
            add_pod(context, pod, &mut crowded_state, other, &crowded);
        }
        run_filters(context, pod, &crowded_state, &crowded)?;
    }
    run_filters(context, pod, state, node)
}

/// Whether a nominated pod is treated as if it were on its node already.
fn counts_as_placed(nominated: &PodInfo, pod: &PodInfo) -> bool {
    nominated.priority() >= pod.priority() && nominated.id != pod.id
}

/// Tells the plugins that `added` was put on `node` (`RunPreFilterExtensionAddPod`).
pub fn add_pod(context: &Context<'_>, pod: &PodInfo, state: &mut CycleState, added: &PodInfo, node: &NodeInfo) {
    count_pod(context, pod, state, added, node, 1);
}

/// Tells the plugins that `removed` was taken off `node` (`RunPreFilterExtensionRemovePod`).
pub fn remove_pod(context: &Context<'_>, pod: &PodInfo, state: &mut CycleState, removed: &PodInfo, node: &NodeInfo) {
    count_pod(context, pod, state, removed, node, -1);
}

fn count_pod(
    _context: &Context<'_>,
    pod: &PodInfo,
    state: &mut CycleState,
    other: &PodInfo,
    node: &NodeInfo,
    amount: i64,
) {
    if !state.skip_filter.contains(Plugin::VolumeRestrictions) {
        state.restrictions.count(other, amount);
    }
    if let Some(own) = &mut state.spread_filter {
        own.count(pod, other, node, amount);
    }
    if let Some(own) = &mut state.affinity_filter {
        own.count(pod, other, node, amount);
    }
}

/// The scores of one plugin on the feasible nodes.
#[derive(Clone, Debug)]
pub struct PluginScores {
    /// The plugin.
    pub plugin: Plugin,
    /// Its weight.
    pub weight: i64,
    /// As the plugin gave them, in the order of the feasible nodes.
    pub raw: Vec<i64>,
    /// Normalised and weighted.
    pub weighted: Vec<i64>,
}

/// The scores of all plugins; its buffers are used again in each cycle.
#[derive(Clone, Debug, Default)]
pub struct ScoreTable {
    plugins: Vec<PluginScores>,
    used: usize,
    totals: Vec<i64>,
}

impl ScoreTable {
    /// The scores of each plugin that took part.
    pub fn plugins(&self) -> &[PluginScores] {
        &self.plugins[..self.used]
    }

    /// The sum of the weighted scores of each feasible node.
    pub fn totals(&self) -> &[i64] {
        &self.totals
    }

    /// The next plugin's row, with empty buffers.
    fn next_row(&mut self, plugin: Plugin, weight: i64) -> &mut PluginScores {
        if self.used == self.plugins.len() {
            self.plugins.push(PluginScores { plugin, weight, raw: Vec::new(), weighted: Vec::new() });
        }
        let row = &mut self.plugins[self.used];
        self.used += 1;
        row.plugin = plugin;
        row.weight = weight;
        row.raw.clear();
        row.weighted.clear();
        row
    }
}

/// Runs PreScore, Score and NormalizeScore of every plugin on the feasible nodes.
pub fn run_scores(
    context: &Context<'_>,
    pod: &PodInfo,
    state: &mut CycleState,
    feasible: &[NodeId],
    table: &mut ScoreTable,
) {
    for plugin in &context.profile.pre_score {
        if skips_score(*plugin, context, pod, state, feasible) {
            state.skip_score.insert(*plugin);
        }
    }
    if context.profile.score.iter().any(|(plugin, _)| *plugin == Plugin::ImageLocality) {
        state.images.clear();
        state.images.extend(image_locality::known_images(context.snapshot, context.profile.version, pod));
    }
    table.used = 0;
    let mut totals = std::mem::take(&mut table.totals);
    totals.clear();
    totals.resize(feasible.len(), 0);
    for (plugin, weight) in &context.profile.score {
        if state.skip_score.contains(*plugin) {
            continue;
        }
        let row = table.next_row(*plugin, *weight);
        if *plugin == Plugin::ImageLocality && state.images.is_empty() {
            row.raw.resize(feasible.len(), image_locality::score_without_images(pod));
        } else {
            let nodes = feasible.iter().map(|id| context.snapshot.node(*id));
            row.raw.extend(nodes.map(|node| node.map_or(0, |node| score(*plugin, context, pod, state, node))));
        }
        row.weighted.extend_from_slice(&row.raw);
        normalize(*plugin, state, feasible, &mut row.weighted);
        for (own, total) in row.weighted.iter_mut().zip(&mut totals) {
            *own = own.saturating_mul(*weight);
            *total = total.saturating_add(*own);
        }
    }
    table.totals = totals;
}

fn skips_score(
    plugin: Plugin,
    context: &Context<'_>,
    pod: &PodInfo,
    state: &mut CycleState,
    feasible: &[NodeId],
) -> bool {
    let args = &context.profile.args;
    match plugin {
        Plugin::NodeAffinity => node_affinity::skips_score(args.added_affinity.as_ref(), pod),
        Plugin::NodeResourcesBalancedAllocation => balanced_allocation::skips_score(&args.balanced_resources, pod),
        Plugin::TaintToleration | Plugin::NodeResourcesFit => false,
        Plugin::PodTopologySpread => {
            state.spread_score = pod_topology_spread::pre_score(context, pod, feasible);
            state.spread_score.is_none()
        }
        Plugin::InterPodAffinity => {
            !inter_pod_affinity::pre_score(context, args.inter_pod_affinity, pod, &mut state.affinity_scores)
        }
        // VolumeBinding scores only behind the gate StorageCapacityScoring.
        _ => true,
    }
}

fn score(plugin: Plugin, context: &Context<'_>, pod: &PodInfo, state: &CycleState, node: &NodeInfo) -> i64 {
    let args = &context.profile.args;
    match plugin {
        Plugin::TaintToleration => taint_toleration::score(pod, node),
        Plugin::NodeAffinity => node_affinity::score(args.added_affinity.as_ref(), pod, node),
        Plugin::NodeResourcesFit => node_resources_fit::score(&args.fit, pod, node),
        Plugin::NodeResourcesBalancedAllocation => {
            balanced_allocation::score(context.profile.version, &args.balanced_resources, pod, node)
        }
        Plugin::ImageLocality => image_locality::score(context.snapshot, &state.images, pod, node),
        Plugin::PodTopologySpread => state.spread_score.as_ref().map_or(0, |own| pod_topology_spread::score(own, node)),
        Plugin::InterPodAffinity => inter_pod_affinity::score(&state.affinity_scores, node),
        _ => 0,
    }
}

fn normalize(plugin: Plugin, state: &CycleState, feasible: &[NodeId], scores: &mut [i64]) {
    match plugin {
        Plugin::TaintToleration => default_normalize(scores, true),
        Plugin::NodeAffinity | Plugin::DynamicResources => default_normalize(scores, false),
        Plugin::InterPodAffinity => inter_pod_affinity::normalize(scores),
        Plugin::PodTopologySpread => {
            if let Some(own) = &state.spread_score {
                pod_topology_spread::normalize(own, feasible, scores);
            }
        }
        _ => {}
    }
}

/// `helper.DefaultNormalizeScore` of kube-scheduler: the highest becomes 100; reversed, zero becomes 100.
fn default_normalize(scores: &mut [i64], reverse: bool) {
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        if max == 0 {
            if reverse {
                *score = MAX_NODE_SCORE;
            }
            continue;
        }
        let scaled = MAX_NODE_SCORE * *score / max;
        *score = if reverse { MAX_NODE_SCORE - scaled } else { scaled };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_normalization() {
        let cases = [
            (vec![0, 0], true, vec![100, 100], "nothing to complain about"),
            (vec![2, 2], true, vec![0, 0], "all equally bad"),
            (vec![1, 3], true, vec![67, 0], "truncated before it is reversed"),
            (vec![0, 0], false, vec![0, 0], "zero stays"),
            (vec![1, 3], false, vec![33, 100], "scaled"),
        ];
        for (mut scores, reverse, expected, why) in cases {
            default_normalize(&mut scores, reverse);
            assert_eq!(scores, expected, "{why}");
        }
    }
}
