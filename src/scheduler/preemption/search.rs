//! DefaultPreemption: which pods of lower priority would have to go, and on which node.
//!
//! Mirrors `plugins/defaultpreemption` and `framework/preemption` of kube-scheduler 1.36. Where more than 12 potential
//! victims of a node share priority and start time, kube-scheduler's order among them is unspecified; here it is that of
//! the node's pods.

use super::memo::{Outcome, PreemptionMemo, Worth};
use super::room;
use crate::api::PreemptionPolicy;
use crate::cluster::NodeId;
use crate::scheduler::config::DefaultPreemptionArgs;
use crate::scheduler::framework::{
    Code, Context, CycleState, Diagnosis, Failure, Failures, ReasonCounts, TieBreak, add_pod, remove_pod,
    run_filters_with_nominated_pods, run_pre_filter,
};
use crate::scheduler::view::{DisruptionBudget, NodeInfo, PodInfo};
use crate::units::SimTime;
use std::cmp::Reverse;
use std::sync::Arc;

/// A node where the pod would fit if some pods went.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// The pods that would go, the most important first.
    pub victims: Vec<Arc<PodInfo>>,
    /// How many of them a disruption budget protects.
    pub pdb_violations: usize,
}

/// What preemption found.
#[derive(Clone, Debug, Default)]
pub struct Preemption {
    /// The nodes that were found where preemption would help; only the chosen one where the state has a memo.
    pub candidates: Vec<Candidate>,
    /// Nodes that are best by every criterion, in order of their ids.
    pub ties: Vec<NodeId>,
    /// The node chosen.
    pub nominated: Option<NodeId>,
    /// Why preemption does not help, if it does not.
    pub failure: Option<String>,
}

impl Preemption {
    /// The chosen node with its victims.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| Some(candidate.node) == self.nominated)
    }
}

/// When a pod counts as started: one that has not started counts as starting now.
fn start_time(pod: &PodInfo) -> SimTime {
    pod.start_time.unwrap_or(SimTime::MAX)
}

/// The order in which pods are spared: high priority first, then early start (`MoreImportantPod`).
pub fn by_importance(pod: &PodInfo) -> (Reverse<i32>, SimTime) {
    (Reverse(pod.priority()), start_time(pod))
}

/// Looks for a node where the pod would fit without pods of lower priority.
pub fn preempt(
    context: &Context<'_>,
    pod: &PodInfo,
    diagnosis: &Diagnosis,
    state: &mut CycleState,
    tie_break: TieBreak,
) -> Preemption {
    if let Some(reason) = ineligibility(context, pod, diagnosis) {
        return Preemption { failure: Some(reason.to_owned()), ..Preemption::default() };
    }
    let mut no_victims = 0;
    let potential: Vec<NodeId> = match &diagnosis.pre_filter {
        Some(rejection) if rejection.code == Code::Unschedulable => context.snapshot.search_order().to_vec(),
        Some(_) => Vec::new(),
        None => match &diagnosis.failures {
            Failures::ByNode(failures) => {
                let resolvable = failures.iter().filter(|(_, failure)| failure.code() == Code::Unschedulable);
                resolvable.map(|(node, _)| *node).collect()
            }
            Failures::Counted { resolvable: Some(nodes), .. } => nodes.clone(),
            Failures::Counted { counts, .. } => {
                // The index counts nodes only where there was nobody to preempt.
                let resolvable = counts.iter().filter(|(failure, _)| failure.code() == Code::Unschedulable);
                no_victims = resolvable.map(|(_, nodes)| nodes).sum();
                Vec::new()
            }
        },
    };
    let wanted = candidates_wanted(context.profile.args.preemption, potential.len());
    let offset = tie_break.offset(potential.len());
    let (before, after) = potential.split_at(offset);
    let nodes = after.iter().chain(before);
    let only_room = room::only_room_counts(context, state);
    if only_room
        && pod.spec().volumes.is_empty()
        && context.listers.disruption_budgets.is_empty()
        && let Some(mut memo) = state.preemption_memo.take()
    {
        let found = preempt_by_memo(context, pod, nodes, wanted, state, &mut memo);
        state.preemption_memo = Some(memo);
        return match found {
            Ok(worths) => {
                let ties = best_nodes(&worths);
                let nominated = tie_break.pick(&ties);
                let node = nominated.and_then(|id| context.snapshot.node(id));
                let chosen = node.and_then(|node| room::select_victims(context, pod, node, state).ok());
                Preemption { candidates: chosen.into_iter().collect(), ties, nominated, failure: None }
            }
            Err(failures) => unhelpful(context, pod, diagnosis, no_victims, failures),
        };
    }
    let (mut violating, mut candidates) = (Vec::new(), Vec::new());
    let mut failures = NodeFailures::new();
    for id in nodes {
        let Some(node) = context.snapshot.node(*id) else { continue };
        let found = if only_room {
            room::select_victims(context, pod, node, state)
        } else {
            select_victims(context, pod, node, state)
        };
        match found {
            Ok(candidate) if candidate.pdb_violations == 0 => candidates.push(candidate),
            Ok(candidate) => violating.push(candidate),
            Err(failure) => failures.push((*id, failure)),
        }
        if !candidates.is_empty() && candidates.len() + violating.len() >= wanted {
            break;
        }
    }
    candidates.append(&mut violating);
    if candidates.is_empty() {
        return unhelpful(context, pod, diagnosis, no_victims, failures);
    }
    let worths: Vec<(NodeId, Worth)> = candidates.iter().map(|own| (own.node, Worth::of(own))).collect();
    let ties = best_nodes(&worths);
    let nominated = tie_break.pick(&ties);
    Preemption { candidates, ties, nominated, failure: None }
}

/// Why preemption does not help, by node: no pod may go (`None`), or for a reason.
type NodeFailures = Vec<(NodeId, Option<Failure>)>;

/// What preemption on the first nodes where it helps is worth, as many of them as are wanted.
///
/// # Errors
/// If it helps nowhere: why, for each node.
fn preempt_by_memo<'a>(
    context: &Context<'_>,
    pod: &PodInfo,
    nodes: impl Iterator<Item = &'a NodeId>,
    wanted: usize,
    state: &CycleState,
    memo: &mut PreemptionMemo,
) -> Result<Vec<(NodeId, Worth)>, NodeFailures> {
    let kind = memo.kind(pod);
    let (mut worths, mut failures) = (Vec::new(), Vec::new());
    for id in nodes {
        let Some(node) = context.snapshot.node(*id) else { continue };
        let find = || room::select_victims(context, pod, node, state);
        let outcome = if context.nominator.pods_on(*id).is_empty() {
            memo.outcome(kind, node, find)
        } else {
            find().map_or_else(Outcome::Fails, |candidate| Outcome::Helps(Worth::of(&candidate)))
        };
        match outcome {
            Outcome::Helps(worth) => worths.push((*id, worth)),
            Outcome::Fails(failure) => failures.push((*id, failure)),
        }
        if !worths.is_empty() && worths.len() >= wanted {
            break;
        }
    }
    if worths.is_empty() { Err(failures) } else { Ok(worths) }
}

/// Preemption helps nowhere. `no_victims` nodes besides those with failures have no pod that may go.
fn unhelpful(
    context: &Context<'_>,
    pod: &PodInfo,
    diagnosis: &Diagnosis,
    no_victims: usize,
    failures: NodeFailures,
) -> Preemption {
    let helpless = diagnosis.nodes - no_victims - failures.len();
    let no_victims = no_victims + failures.iter().filter(|(_, failure)| failure.is_none()).count();
    let mut counts = ReasonCounts::default();
    for (reason, nodes) in [
        ("No preemption victims found for incoming pod", no_victims),
        ("Preemption is not helpful for scheduling", helpless),
    ] {
        if nodes > 0 {
            counts.add(reason, nodes);
        }
    }
    let failures = failures.into_iter().filter_map(|(node, failure)| Some((node, failure?)));
    counts.add_failures(failures, context.snapshot, pod, context.profile.version);
    let mut text = format!("0/{} nodes are available", diagnosis.nodes);
    counts.write_to(&mut text);
    Preemption { failure: Some(text), ..Preemption::default() }
}

/// Whether a pod of lower priority is on some node.
pub fn has_victims(context: &Context<'_>, pod: &PodInfo) -> bool {
    context.snapshot.lowest_priority().is_some_and(|lowest| lowest < pod.priority())
}

/// Whether a pod that found no node could preempt others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// Nobody, whatever the nodes' failures are.
    Nobody,
    /// Nobody, because victims are still leaving the node that it is nominated to.
    RoomIsMade,
    /// The nodes' failures decide.
    Open,
}

/// Whether a pod that found no node could preempt others. `on_nominated`: why the node that it is nominated to is not
/// feasible, if that is known.
pub fn prospect(context: &Context<'_>, pod: &PodInfo, on_nominated: Option<Failure>) -> Prospect {
    if !has_victims(context, pod) || pod.spec().preemption_policy == PreemptionPolicy::Never {
        return Prospect::Nobody;
    }
    let nominated = pod.nominated_node_name.as_deref().and_then(|name| context.snapshot.node_by_name(name));
    if let Some(node) = nominated.filter(|node| is_making_room(context, pod, *node)) {
        let failure = on_nominated.or_else(|| failure_on(context, pod, node));
        if failure.is_none_or(|failure| failure.code() != Code::UnschedulableAndUnresolvable) {
            return Prospect::RoomIsMade;
        }
    }
    Prospect::Open
}

/// Why one node is not feasible.
fn failure_on(context: &Context<'_>, pod: &PodInfo, node: NodeId) -> Option<Failure> {
    let mut state = CycleState::default();
    let result = run_pre_filter(context, pod, &mut state);
    if result.nodes.is_some_and(|nodes| !nodes.contains(&node)) {
        return Some(Failure::OutsidePreFilterNodes);
    }
    run_filters_with_nominated_pods(context, pod, &state, context.snapshot.node(node)?).err()
}

/// Whether a victim of the preemption is still leaving the node.
fn is_making_room(context: &Context<'_>, pod: &PodInfo, node: NodeId) -> bool {
    let is_leaving =
        |other: &Arc<PodInfo>| other.priority() < pod.priority() && other.terminating && other.preempted_by_scheduler;
    context.snapshot.node(node).is_some_and(|node| node.pods().iter().any(is_leaving))
}

/// Why the pod must not preempt (`PodEligibleToPreemptOthers`).
fn ineligibility(context: &Context<'_>, pod: &PodInfo, diagnosis: &Diagnosis) -> Option<&'static str> {
    if pod.spec().preemption_policy == PreemptionPolicy::Never {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let nominated = context.snapshot.node_by_name(pod.nominated_node_name.as_deref()?)?;
    let code = match &diagnosis.pre_filter {
        Some(rejection) => Some(rejection.code),
        None => match &diagnosis.failures {
            Failures::ByNode(failures) => {
                failures.iter().find(|(node, _)| *node == nominated).map(|(_, failure)| failure.code())
            }
            // Only the one node matters, and it can be asked again.
            Failures::Counted { .. } => failure_on(context, pod, nominated).map(Failure::code),
        },
    };
    if code == Some(Code::UnschedulableAndUnresolvable) {
        return None;
    }
    is_making_room(context, pod, nominated).then_some("not eligible due to a terminating pod on the nominated node.")
}

/// How many candidates are looked for among `potential` nodes (`calculateNumCandidates`).
fn candidates_wanted(args: DefaultPreemptionArgs, potential: usize) -> usize {
    let percentage = usize::try_from(args.min_candidate_nodes_percentage).unwrap_or(0);
    let absolute = usize::try_from(args.min_candidate_nodes_absolute).unwrap_or(0);
    (potential * percentage / 100).max(absolute).min(potential)
}

/// The pods that would have to go from one node, found by trial with a copy of it.
///
/// # Errors
/// `None` where no pod may go, else why the pod would not fit all the same.
pub fn select_victims(
    context: &Context<'_>,
    pod: &PodInfo,
    node: &NodeInfo,
    state: &mut CycleState,
) -> Result<Candidate, Option<Failure>> {
    let mut potential: Vec<Arc<PodInfo>> =
        node.pods().iter().filter(|other| other.priority() < pod.priority()).cloned().collect();
    if potential.is_empty() {
        return Err(None);
    }
    let mut node = node.clone();
    for other in &potential {
        take(context, pod, &mut node, state, other);
    }
    let fits = run_filters_with_nominated_pods(context, pod, state, &node);
    let mut victims = Vec::new();
    let mut pdb_violations = 0;
    if fits.is_ok() {
        potential.sort_by_key(|other| by_importance(other));
        let (violating, others) = split_by_budgets(&potential, &context.listers.disruption_budgets);
        let both = !violating.is_empty() && !others.is_empty();
        let protected = violating.len();
        for (index, other) in violating.into_iter().chain(others).enumerate() {
            put(context, pod, &mut node, state, &other);
            if run_filters_with_nominated_pods(context, pod, state, &node).is_err() {
                take(context, pod, &mut node, state, &other);
                pdb_violations += usize::from(index < protected);
                victims.push(other);
            }
        }
        if both {
            victims.sort_by_key(|other| by_importance(other));
        }
    } else {
        victims.clone_from(&potential);
    }
    // The plugins' state is used for the next node too: everybody who went comes back.
    for other in &victims {
        put(context, pod, &mut node, state, other);
    }
    fits.map_err(Some)?;
    Ok(Candidate { node: node.id(), victims, pdb_violations })
}

fn take(context: &Context<'_>, pod: &PodInfo, node: &mut NodeInfo, state: &mut CycleState, other: &Arc<PodInfo>) {
    node.remove_pod(other.id);
    remove_pod(context, pod, state, other, node);
}

fn put(context: &Context<'_>, pod: &PodInfo, node: &mut NodeInfo, state: &mut CycleState, other: &Arc<PodInfo>) {
    node.add_pod(Arc::clone(other));
    add_pod(context, pod, state, other, node);
}

/// Splits pods, in order of importance, into those whose loss a budget forbids and the others
/// (`filterPodsWithPDBViolation`).
pub fn split_by_budgets(pods: &[Arc<PodInfo>], budgets: &[DisruptionBudget]) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut allowed: Vec<i64> = budgets.iter().map(|budget| i64::from(budget.disruptions_allowed)).collect();
    pods.iter().cloned().partition(|pod| {
        let mut violated = false;
        if pod.labels.is_empty() {
            return violated;
        }
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            let selects = || {
                let selector = budget.selector.as_ref().filter(|selector| !selector.is_empty());
                selector.is_some_and(|selector| selector.matches(&pod.labels))
            };
            if budget.namespace != pod.namespace || budget.disrupted_pods.contains(&pod.name) || !selects() {
                continue;
            }
            *allowed -= 1;
            violated |= *allowed < 0;
        }
        violated
    })
}

/// What candidates are compared by, the most important first (`pickOneNodeForPreemption`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// Fewest violations of PodDisruptionBudgets.
    PdbViolations,
    /// Lowest priority of the most important victim.
    HighestPriority,
    /// Smallest sum of the victims' priorities, each raised so that none is negative.
    SumOfPriorities,
    /// Fewest victims.
    Victims,
    /// Latest start of the earliest victim of the highest priority.
    Start,
}

impl Criterion {
    /// Every criterion in order.
    pub const ALL: [Self; 5] =
        [Self::PdbViolations, Self::HighestPriority, Self::SumOfPriorities, Self::Victims, Self::Start];

    /// What the criterion makes of a candidate: less is better.
    #[must_use]
    pub fn value(self, own: &Candidate) -> i64 {
        match self {
            Self::PdbViolations => i64::try_from(own.pdb_violations).unwrap_or(i64::MAX),
            Self::HighestPriority => own.victims.first().map_or(i64::MIN, |victim| i64::from(victim.priority())),
            Self::SumOfPriorities => own.victims.iter().map(|victim| i64::from(victim.priority()) + (1 << 31)).sum(),
            Self::Victims => i64::try_from(own.victims.len()).unwrap_or(i64::MAX),
            Self::Start => -earliest_start_of_highest(own).as_nanos(),
        }
    }
}

/// The candidates that are best by every criterion in turn, in order of their ids.
fn best_nodes(candidates: &[(NodeId, Worth)]) -> Vec<NodeId> {
    let least = candidates.iter().map(|(_, worth)| *worth).min();
    let best = candidates.iter().filter(|(_, worth)| Some(*worth) == least);
    let mut nodes: Vec<NodeId> = best.map(|(node, _)| *node).collect();
    nodes.sort_unstable();
    nodes
}

/// The earliest start among the victims of the highest priority (`GetEarliestPodStartTime`).
fn earliest_start_of_highest(candidate: &Candidate) -> SimTime {
    let highest = candidate.victims.iter().map(|victim| victim.priority()).max();
    let starts = candidate.victims.iter().filter(|victim| Some(victim.priority()) == highest);
    starts.map(|victim| start_time(victim)).min().unwrap_or(SimTime::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_candidates_wanted() {
        let args = DefaultPreemptionArgs { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 };
        for (potential, expected) in [(0, 0), (50, 50), (500, 100), (5000, 500)] {
            assert_eq!(candidates_wanted(args, potential), expected, "{potential}");
        }
    }
}
