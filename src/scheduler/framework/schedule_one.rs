//! One scheduling cycle: the search for feasible nodes, their scores, the choice (`schedule_one.go`, kube-scheduler
//! 1.36 with one worker).

use super::context::Context;
use super::cycle_state::CycleState;
use super::diagnosis::{Diagnosis, Failures};
use super::failure::Failure;
use super::runtime::{run_filters, run_filters_with_nominated_pods, run_pre_filter, run_scores};
use super::score::ScoreTable;
use crate::cluster::NodeId;
use crate::scheduler::plugins::PluginSet;
use crate::scheduler::view::PodInfo;
use std::sync::Arc;

/// Below this number all nodes are searched, and at least this many feasible ones are wanted
/// (`minFeasibleNodesToFind`).
const MIN_FEASIBLE_NODES_TO_FIND: usize = 100;
/// The least that the adaptive percentage goes down to (`minFeasibleNodesPercentageToFind`).
const MIN_FEASIBLE_NODES_PERCENTAGE: usize = 5;

/// How the choice among the nodes with the highest score is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieBreak {
    /// The node that was added first (the lowest id).
    First,
    /// A number drawn uniformly from all of `u64`; kube-scheduler's choice is uniformly random.
    Random(u64),
}

impl TieBreak {
    /// Picks one of `candidates`; `None` if there are none. A number stands for a place in their order.
    pub(crate) fn pick(self, candidates: &[NodeId]) -> Option<NodeId> {
        match self {
            Self::First => candidates.iter().min().copied(),
            Self::Random(_) => candidates.get(self.offset(candidates.len())).copied(),
        }
    }

    /// A position among `count`; 0 where there are none.
    pub(crate) fn offset(self, count: usize) -> usize {
        match self {
            Self::First => 0,
            Self::Random(number) => usize::try_from((u128::from(number) * count as u128) >> 64).unwrap_or(0),
        }
    }
}

/// What carries over from one scheduling cycle to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchState {
    /// Where the next search starts in the search order (`nextStartNodeIndex`).
    pub next_start_node_index: usize,
}

/// Buffers that are used again in each cycle; after [`schedule`] they hold the details of its decision.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// What the plugins noted.
    pub state: CycleState,
    /// Feasible nodes in the order in which they were found.
    pub feasible: Vec<NodeId>,
    /// Nodes that were rejected, in the order in which they were visited.
    pub failures: Vec<(NodeId, Failure)>,
    /// Plugins that rejected a node or narrowed the search.
    pub plugins: PluginSet,
    /// Scores of the feasible nodes; empty if there was only one, which needs none.
    pub scores: ScoreTable,
    /// Feasible nodes with the highest total, in order of their ids.
    pub best: Vec<NodeId>,
}

/// Where a pod is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The node.
    pub node: NodeId,
    /// How many feasible nodes were found.
    pub feasible: usize,
    /// The highest total score; `None` where a single feasible node made scores needless.
    pub total: Option<i64>,
    /// How many nodes share the highest total.
    pub best: usize,
}

/// The outcome of a scheduling cycle.
#[derive(Clone, Debug)]
pub enum Decision {
    /// A node was chosen.
    Placed(Placement),
    /// No node fits.
    Unschedulable(Arc<Diagnosis>),
    /// There are no nodes at all, which kube-scheduler treats as an internal error.
    NoNodes,
}

/// Decides where a pod is to be placed. The view must be [refreshed](crate::scheduler::View::refresh).
#[must_use]
pub fn schedule(
    context: &Context<'_>,
    pod: &PodInfo,
    search: &mut SearchState,
    tie_break: TieBreak,
    scratch: &mut Scratch,
) -> Decision {
    if context.snapshot.search_order().is_empty() {
        return Decision::NoNodes;
    }
    if let Some(diagnosis) = find_feasible_nodes(context, pod, search, scratch) {
        return Decision::Unschedulable(Arc::new(diagnosis));
    }
    scratch.best.clear();
    let mut total = None;
    if let [only] = scratch.feasible[..] {
        scratch.best.push(only);
    } else {
        run_scores(context, pod, &mut scratch.state, &scratch.feasible, &mut scratch.scores);
        total = collect_best(&scratch.feasible, scratch.scores.totals(), &mut scratch.best);
    }
    let node = tie_break.pick(&scratch.best);
    scratch.best.sort_unstable();
    match node {
        Some(node) => {
            Decision::Placed(Placement { node, feasible: scratch.feasible.len(), total, best: scratch.best.len() })
        }
        None => Decision::NoNodes,
    }
}

/// Collects the nodes with the highest total in order of their ids; gives that total.
pub fn select_best(feasible: &[NodeId], totals: &[i64], best: &mut Vec<NodeId>) -> Option<i64> {
    let highest = collect_best(feasible, totals, best);
    best.sort_unstable();
    highest
}

/// Collects the nodes with the highest total in the order in which they were visited; gives that total.
fn collect_best(feasible: &[NodeId], totals: &[i64], best: &mut Vec<NodeId>) -> Option<i64> {
    best.clear();
    let highest = totals.iter().copied().max()?;
    let winners = feasible.iter().zip(totals).filter(|(_, total)| **total == highest);
    best.extend(winners.map(|(node, _)| *node));
    Some(highest)
}

/// Fills `scratch.feasible`; gives the diagnosis where it stays empty (`findNodesThatFitPod`).
pub fn find_feasible_nodes(
    context: &Context<'_>,
    pod: &PodInfo,
    search: &mut SearchState,
    scratch: &mut Scratch,
) -> Option<Diagnosis> {
    scratch.feasible.clear();
    scratch.failures.clear();
    let result = run_pre_filter(context, pod, &mut scratch.state);
    scratch.plugins = result.plugins;
    let nodes = context.snapshot.search_order();
    if let Some(rejection) = result.rejection {
        return Some(Diagnosis {
            nodes: nodes.len(),
            pre_filter: Some(rejection),
            failures: Failures::ByNode(Vec::new()),
            plugins: result.plugins,
        });
    }
    if let Some(name) = &pod.nominated_node_name
        && let Some(node) = context.snapshot.node_by_name(name).and_then(|id| context.snapshot.node(id))
        && result.nodes.as_ref().is_none_or(|nodes| nodes.contains(&node.id()))
    {
        match run_filters_with_nominated_pods(context, pod, &scratch.state, node) {
            Ok(()) => {
                scratch.feasible.push(node.id());
                return None;
            }
            Err(failure) => scratch.plugins.insert(failure.plugin()),
        }
    }
    match &result.nodes {
        None => {
            let visited = visit(context, pod, nodes, search.next_start_node_index, scratch);
            search.next_start_node_index = (search.next_start_node_index + visited) % nodes.len();
        }
        Some(subset) => {
            // kube-scheduler visits the set in random order; here it is the order in which the nodes were added.
            let start = search.next_start_node_index % subset.len().max(1);
            let visited = visit(context, pod, subset, start, scratch);
            search.next_start_node_index = (search.next_start_node_index + visited) % nodes.len();
            for id in nodes {
                if subset.binary_search(id).is_err() {
                    scratch.failures.push((*id, Failure::OUTSIDE_PRE_FILTER_NODES));
                }
            }
        }
    }
    for (_, failure) in &scratch.failures {
        scratch.plugins.insert(failure.plugin());
    }
    scratch.feasible.is_empty().then(|| Diagnosis {
        nodes: nodes.len(),
        pre_filter: None,
        failures: Failures::ByNode(std::mem::take(&mut scratch.failures)),
        plugins: scratch.plugins,
    })
}

/// Visits `nodes` from `start` on until one feasible node more than wanted is met, which is left out
/// (`findNodesThatPassFilters` with one worker). Gives how many nodes count as visited.
fn visit(context: &Context<'_>, pod: &PodInfo, nodes: &[NodeId], start: usize, scratch: &mut Scratch) -> usize {
    let wanted = feasible_nodes_to_find(nodes.len(), context.profile.percentage_of_nodes_to_score);
    let (before, after) = nodes.split_at(start.min(nodes.len()));
    let mut visited = 0;
    for id in after.iter().chain(before) {
        let Some(node) = context.snapshot.node(*id) else { continue };
        let outcome = if context.nominator.pods_on(*id).is_empty() {
            run_filters(context, pod, &scratch.state, node)
        } else {
            run_filters_with_nominated_pods(context, pod, &scratch.state, node)
        };
        match outcome {
            Ok(()) if scratch.feasible.len() == wanted => break,
            Ok(()) => scratch.feasible.push(*id),
            Err(failure) => scratch.failures.push((*id, failure)),
        }
        visited += 1;
    }
    visited
}

/// How many feasible nodes are looked for among `nodes` (`numFeasibleNodesToFind`); a `percentage` of 0 adapts.
#[must_use]
pub fn feasible_nodes_to_find(nodes: usize, percentage: i32) -> usize {
    let percentage = usize::try_from(percentage).unwrap_or(0);
    if nodes < MIN_FEASIBLE_NODES_TO_FIND || percentage >= 100 {
        return nodes;
    }
    let percentage = if percentage == 0 {
        50_usize.saturating_sub(nodes / 125).max(MIN_FEASIBLE_NODES_PERCENTAGE)
    } else {
        percentage
    };
    (nodes * percentage / 100).max(MIN_FEASIBLE_NODES_TO_FIND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_feasible_nodes_wanted() {
        let cases = [
            (50, 0, 50, "few nodes: all"),
            (100, 0, 100, "at least 100"),
            (1000, 0, 420, "42 %"),
            (5000, 0, 500, "10 %"),
            (10_000, 0, 500, "5 %"),
            (1000, 100, 1000, "as configured"),
            (1000, 30, 300, "as configured"),
            (150, 10, 100, "at least 100"),
        ];
        for (nodes, percentage, expected, why) in cases {
            assert_eq!(feasible_nodes_to_find(nodes, percentage), expected, "{nodes} nodes, {percentage} %: {why}");
        }
    }

    #[test]
    fn ties_are_broken_evenly() {
        let nodes: Vec<NodeId> = (0..3).map(NodeId::from_index).collect();
        assert_eq!(TieBreak::First.pick(&nodes), Some(nodes[0]));
        assert_eq!(TieBreak::Random(0).pick(&nodes), Some(nodes[0]));
        assert_eq!(TieBreak::Random(u64::MAX / 2).pick(&nodes), Some(nodes[1]));
        assert_eq!(TieBreak::Random(u64::MAX).pick(&nodes), Some(nodes[2]));
        assert_eq!(TieBreak::Random(7).pick(&[]), None);
    }
}
