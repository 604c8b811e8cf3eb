//! Which nodes are not needed, and which of them may go (`scaledown/planner`).

use super::budgets::RemainingBudgets;
use super::drain::{DrainContext, Emptiness};
use super::environment::{Environment, GroupId, Mark, NodeGroup, ObservedNode};
use super::options::Options;
use super::quotas::Tracker;
use super::removal::{NodeToRemove, RemovalSimulator, Unremovable, UnremovableReason};
use super::snapshot::Snapshot;
use super::taints;
use super::unneeded::{Limits, Removable, UnneededNodes, is_disabled};
use super::utilization::{Ignored, Utilization, utilization};
use crate::cluster::NodeId;
use crate::scheduler::PodInfo;
use crate::units::{SimDuration, SimTime};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};

/// A node counts as being deleted for this long after its taint (`MaxCloudProviderNodeDeletionTime`).
const MAX_DELETION_SECONDS: i64 = 300;

/// The planner.
#[derive(Debug, Default)]
pub struct Planner {
    /// Unneeded nodes.
    pub unneeded: UnneededNodes,
    /// Why the other nodes stay, as the last loop found.
    pub unremovable: BTreeMap<NodeId, Unremovable>,
    /// Utilization of the nodes that the last loop looked at.
    pub utilization: BTreeMap<NodeId, Utilization>,
    /// Until when nodes are not looked at again.
    recheck: BTreeMap<NodeId, SimTime>,
    simulator: RemovalSimulator,
    /// Nodes that the last loop found unneeded: they come first.
    previous: BTreeSet<NodeId>,
    latest: Option<SimTime>,
    shortest_interval: Option<SimDuration>,
}

/// What a loop tells the planner.
pub struct PlannerInput<'a> {
    /// The options.
    pub options: &'a Options,
    /// The groups.
    pub groups: &'a [NodeGroup],
    /// Nodes, without those that have not started yet.
    pub nodes: &'a [&'a ObservedNode],
    /// Nodes whose deletion was under way when the loop began.
    pub deleting: &'a BTreeSet<NodeId>,
    /// When the loop began.
    pub now: SimTime,
}

impl PlannerInput<'_> {
    fn group(&self, node: &ObservedNode) -> Option<(GroupId, &NodeGroup)> {
        let id = node.group?;
        Some((id, self.groups.get(id.index())?))
    }
}

impl Planner {
    /// The nodes that may be removed at all, in the order in which they are looked at: those of groups above their minimum,
    /// empty ones first, then those that were unneeded before. `excluded` says which groups are left out.
    pub fn candidates<'n>(
        &self,
        input: &PlannerInput<'n>,
        snapshot: &Snapshot,
        environment: &dyn Environment,
        excluded: impl Fn(GroupId) -> bool,
    ) -> Vec<&'n ObservedNode> {
        let is_above_minimum =
            |node: &&ObservedNode| input.group(node).is_some_and(|(_, group)| group.target > group.min);
        let nodes: Vec<&'n ObservedNode> = input.nodes.iter().copied().filter(|node| is_above_minimum(node)).collect();
        let no_budgets = RemainingBudgets::default();
        let facts = |pod: &PodInfo| environment.pod(snapshot.original(pod.id));
        let context = DrainContext {
            options: &input.options.delete,
            now: input.now,
            budgets: &no_budgets,
            facts: &facts,
            controller: None,
        };
        let mut keyed: Vec<((u8, bool), &'n ObservedNode)> = nodes
            .into_iter()
            .map(|node| {
                let rank = match context.emptiness(snapshot.node(node.id).into_iter().flat_map(|info| info.pods())) {
                    Emptiness::Empty => 0,
                    Emptiness::WaitsForPods => 1,
                    Emptiness::HasPods => 2,
                };
                ((rank, !self.previous.contains(&node.id)), node)
            })
            .collect();
        keyed.sort_by_key(|(key, _)| *key);
        let kept = keyed.into_iter().filter(|(_, node)| node.group.is_none_or(|group| !excluded(group)));
        kept.map(|(_, node)| node).collect()
    }

    /// Finds the unneeded nodes. The snapshot stays as it is.
    pub fn update(
        &mut self,
        input: &PlannerInput<'_>,
        candidates: &[&ObservedNode],
        snapshot: &mut Snapshot,
        environment: &dyn Environment,
        budgets: &mut RemainingBudgets,
    ) {
        let interval = self.latest.map(|latest| input.now - latest);
        let longest = input.options.group.scale_down_unneeded_time.max(SimDuration::from_nanos(1));
        let shortest = self.shortest_interval.unwrap_or(longest);
        self.shortest_interval = Some(interval.map_or(shortest, |interval| interval.min(shortest)));
        self.latest = Some(input.now);
        snapshot.fork();
        self.categorize(input, candidates, snapshot, environment, budgets);
        snapshot.revert();
        self.simulator.drop_old_hints();
        self.previous = self.unneeded.iter().map(|(node, _)| node).collect();
    }

    fn categorize(
        &mut self,
        input: &PlannerInput<'_>,
        candidates: &[&ObservedNode],
        snapshot: &mut Snapshot,
        environment: &dyn Environment,
        budgets: &mut RemainingBudgets,
    ) {
        self.unremovable.clear();
        self.utilization.clear();
        let now = input.now;
        self.recheck.retain(|node, until| *until > now && snapshot.node(*node).is_some());
        let is_stable = |node: &ObservedNode| !input.deleting.contains(&node.id);
        let mut destinations: FxHashSet<NodeId> =
            input.nodes.iter().filter(|node| is_stable(node)).map(|node| node.id).collect();
        let mut eligible: Vec<&ObservedNode> = Vec::new();
        for node in candidates.iter().copied().filter(|node| is_stable(node)) {
            match self.reason_to_keep(input, node, snapshot, environment) {
                Some(reason) => _ = self.unremovable.insert(node.id, reason.into()),
                None => eligible.push(node),
            }
        }
        let mut found: Vec<(NodeToRemove, SimDuration)> = Vec::new();
        let limit = self.limit(input.options);
        for node in eligible {
            if found.len() >= limit {
                break;
            }
            let outcome =
                self.simulator.simulate(snapshot, environment, node.id, &destinations, budgets, input.options, now);
            match outcome {
                Ok(mut removal) => {
                    removal.is_risky = !budgets.can_remove(&removal.moving).in_parallel;
                    destinations.remove(&node.id);
                    budgets.remove(&removal.moving);
                    let options = input.group(node).map_or(&input.options.group, |(_, group)| &group.options);
                    let threshold =
                        if node.ready { options.scale_down_unneeded_time } else { options.scale_down_unready_time };
                    found.push((removal, threshold));
                }
                Err(unremovable) => {
                    self.recheck.insert(node.id, now + input.options.unremovable_node_recheck_timeout);
                    self.unremovable.insert(node.id, unremovable);
                }
            }
        }
        self.unneeded.update(found, now);
    }

    /// Why a node is not even tried.
    fn reason_to_keep(
        &mut self,
        input: &PlannerInput<'_>,
        node: &ObservedNode,
        snapshot: &Snapshot,
        environment: &dyn Environment,
    ) -> Option<UnremovableReason> {
        let Some(info) = snapshot.node(node.id) else { return Some(UnremovableReason::UnexpectedError) };
        if self.recheck.contains_key(&node.id) {
            return Some(UnremovableReason::RecentlyUnremovable);
        }
        let age = |since: i64| input.now.since_start().whole_seconds() - since;
        if taints::to_be_deleted_since(&node.object).is_some_and(|since| age(since) < MAX_DELETION_SECONDS) {
            return Some(UnremovableReason::CurrentlyBeingDeleted);
        }
        if is_disabled(&node.object) {
            return Some(UnremovableReason::ScaleDownDisabledAnnotation);
        }
        let (_, group) = input.group(node)?;
        let ignored = Ignored {
            daemons: group.options.ignore_daemonsets_utilization,
            mirrors: input.options.ignore_mirror_pods_utilization,
        };
        let facts = |pod: &PodInfo| environment.pod(snapshot.original(pod.id));
        let Some(used) = utilization(info, ignored, input.now, facts) else {
            return Some(UnremovableReason::UnexpectedError);
        };
        if !input.options.scale_down_unready_enabled && !node.ready {
            return Some(UnremovableReason::ScaleDownUnreadyDisabled);
        }
        self.utilization.insert(node.id, used);
        let threshold = if used.gpu.is_some() {
            group.options.scale_down_gpu_utilization_threshold
        } else {
            group.options.scale_down_utilization_threshold
        };
        (used.value() > threshold).then_some(UnremovableReason::NotUnderutilized)
    }

    /// More unneeded nodes than these are of no use (`unneededNodesLimit`).
    fn limit(&self, options: &Options) -> usize {
        let parallelism = options.max_scale_down_parallelism;
        let limit = self.unneeded.iter().len() + 2 * parallelism;
        let interval = self.shortest_interval.unwrap_or_default().as_nanos().max(1);
        let longest = options.group.scale_down_unneeded_time.as_nanos().max(interval);
        let loops = usize::try_from(longest / interval).unwrap_or(usize::MAX);
        limit.min(parallelism.saturating_mul(loops).saturating_add(parallelism))
    }

    /// The unneeded nodes that may go now: empty ones, and those whose pods must move, risky ones last. Why the others may
    /// not is noted.
    pub fn nodes_to_delete(
        &mut self,
        input: &PlannerInput<'_>,
        snapshot: &Snapshot,
        deletions: &BTreeMap<GroupId, i64>,
    ) -> (Vec<NodeToRemove>, Vec<NodeToRemove>) {
        let by_id: BTreeMap<NodeId, &ObservedNode> = input.nodes.iter().map(|node| (node.id, *node)).collect();
        let all = snapshot
            .order()
            .iter()
            .filter_map(|id| Some((snapshot.node(*id)?.node(), by_id.get(id).and_then(|node| node.group))));
        let tracker = Tracker::shrinking(all, input.options);
        let limits = Limits { groups: input.groups, deletions, tracker };
        let Removable { empty, mut need_drain, unremovable } =
            self.unneeded.removable(&by_id, snapshot, limits, input.now);
        for (node, reason) in unremovable {
            self.unremovable.insert(node, reason.into());
        }
        need_drain.sort_by_key(|node| node.is_risky);
        let mut split = (Vec::new(), Vec::new());
        for node in empty.into_iter().chain(need_drain) {
            if !node.on_completion.is_empty() {
                self.unremovable.insert(node.node, UnremovableReason::BlockedByOnCompletionPod.into());
            } else if node.moving.is_empty() {
                split.0.push(node);
            } else {
                split.1.push(node);
            }
        }
        split
    }

    /// The next moment at which an unneeded node's time is up or a node is looked at again.
    pub fn next_deadline(&self, now: SimTime) -> Option<SimTime> {
        let unneeded = self.unneeded.iter().map(|(_, node)| node.since + node.threshold);
        unneeded.chain(self.recheck.values().copied()).filter(|end| *end >= now).min()
    }
}

/// Marks unneeded nodes and unmarks the others, at most so many as the option says (`UpdateSoftDeletionTaints`).
pub fn update_soft_taints(
    environment: &mut dyn Environment,
    nodes: &[&ObservedNode],
    planner: &Planner,
    options: &Options,
) {
    let in_groups = || nodes.iter().filter(|node| node.group.is_some() && !taints::is_to_be_deleted(&node.object));
    let is_unneeded = |node: &ObservedNode| planner.unneeded.get(node.id).is_some();
    let is_marked = |node: &ObservedNode| taints::is_deletion_candidate(&node.object);
    let unmark = in_groups().filter(|node| !is_unneeded(node) && is_marked(node)).map(|node| (node.id, false));
    let mark = in_groups().filter(|node| is_unneeded(node) && !is_marked(node)).map(|node| (node.id, true));
    let changes: Vec<(NodeId, bool)> = unmark.chain(mark).take(options.max_bulk_soft_taint_count).collect();
    for (node, set) in changes {
        environment.mark(node, Mark::DeletionCandidate, set);
    }
}
