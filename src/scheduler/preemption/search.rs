//! The search for a node where preemption helps.
//!
//! Mirrors `plugins/defaultpreemption` and `framework/preemption` of kube-scheduler 1.36.

use super::candidate::{Candidate, Worth, best_nodes};
use super::eligibility::ineligibility;
use super::memo::{Outcome, PreemptionMemo};
use super::{room, trial};
use crate::cluster::NodeId;
use crate::scheduler::framework::{Code, Context, CycleState, Diagnosis, Failure, Failures, ReasonCounts, TieBreak};
use crate::scheduler::view::PodInfo;

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
    let wanted = context.profile.args.preemption.candidates_wanted(potential.len());
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
            trial::select_victims(context, pod, node, state)
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
    let worths: Vec<(NodeId, Worth)> =
        candidates.iter().map(|candidate| (candidate.node, Worth::of(candidate))).collect();
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
