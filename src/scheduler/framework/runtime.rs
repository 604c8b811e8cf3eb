//! Runs the plugins of a profile at each extension point.
//!
//! The plugins are a closed set, so that a call is a `match` on typed functions and the state of a scheduling cycle is a
//! plain struct: filters and scores run for every node, where a call through a pointer would keep the compiler from
//! seeing into them.

use super::context::{Context, PreFilterOutcome, PreFilterRejection};
use super::cycle_state::CycleState;
use super::failure::{Code, Failure};
use super::score::{ScoreTable, default_normalize};
use crate::cluster::NodeId;
use crate::scheduler::plugins::{
    Plugin, PluginSet, balanced_allocation, image_locality, inter_pod_affinity, node_affinity, node_declared_features,
    node_name, node_ports, node_resources_fit, node_unschedulable, node_volume_limits, pod_topology_spread,
    scheduling_gates, taint_toleration, volume_binding, volume_restrictions, volume_zone,
};
use crate::scheduler::view::{NodeInfo, PodInfo};

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
                    Some(found) => found.retain(|node| nodes.contains(node)),
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
    let run_if = PreFilterOutcome::run_if;
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
        Plugin::NodeResourcesFit => node_resources_fit::filter(&args.fit, pod, node),
        Plugin::PodTopologySpread => {
            state.spread_filter.as_ref().map_or(Ok(()), |counts| pod_topology_spread::filter(counts, node))
        }
        Plugin::InterPodAffinity => {
            state.affinity_filter.as_ref().map_or(Ok(()), |counts| inter_pod_affinity::filter(counts, node))
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
    if nominated.iter().any(|waiting| counts_as_placed(waiting, pod)) {
        let mut full = node.clone();
        let mut full_state = state.clone();
        for waiting in nominated.iter().filter(|waiting| counts_as_placed(waiting, pod)) {
            full.add_pod(std::sync::Arc::clone(waiting));
            add_pod(pod, &mut full_state, waiting, &full);
        }
        run_filters(context, pod, &full_state, &full)?;
    }
    run_filters(context, pod, state, node)
}

/// Whether a nominated pod is treated as if it were on its node already.
fn counts_as_placed(nominated: &PodInfo, pod: &PodInfo) -> bool {
    nominated.priority() >= pod.priority() && nominated.id != pod.id
}

/// Tells the plugins that `added` was put on `node` (`RunPreFilterExtensionAddPod`).
pub fn add_pod(pod: &PodInfo, state: &mut CycleState, added: &PodInfo, node: &NodeInfo) {
    count_pod(pod, state, added, node, 1);
}

/// Tells the plugins that `removed` was taken off `node` (`RunPreFilterExtensionRemovePod`).
pub fn remove_pod(pod: &PodInfo, state: &mut CycleState, removed: &PodInfo, node: &NodeInfo) {
    count_pod(pod, state, removed, node, -1);
}

fn count_pod(pod: &PodInfo, state: &mut CycleState, counted: &PodInfo, node: &NodeInfo, amount: i64) {
    if !state.skip_filter.contains(Plugin::VolumeRestrictions) {
        state.restrictions.count(counted, amount);
    }
    if let Some(counts) = &mut state.spread_filter {
        counts.count(pod, counted, node, amount);
    }
    if let Some(counts) = &mut state.affinity_filter {
        counts.count(pod, counted, node, amount);
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
            row.raw.resize(feasible.len(), image_locality::score_without_images(context.profile.version, pod));
        } else {
            let nodes = feasible.iter().map(|id| context.snapshot.node(*id));
            row.raw.extend(nodes.map(|node| node.map_or(0, |node| score(*plugin, context, pod, state, node))));
        }
        row.weighted.extend_from_slice(&row.raw);
        normalize(*plugin, state, feasible, &mut row.weighted);
        for (weighted, total) in row.weighted.iter_mut().zip(&mut totals) {
            *weighted = weighted.saturating_mul(*weight);
            *total = total.saturating_add(*weighted);
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
        Plugin::ImageLocality => {
            image_locality::score(context.profile.version, context.snapshot, &state.images, pod, node)
        }
        Plugin::PodTopologySpread => {
            state.spread_score.as_ref().map_or(0, |counts| pod_topology_spread::score(counts, node))
        }
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
            if let Some(counts) = &state.spread_score {
                pod_topology_spread::normalize(counts, feasible, scores);
            }
        }
        _ => {}
    }
}
