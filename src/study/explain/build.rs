//! The explanation of a followed run: everything put together, with the answer in a line.

use super::compare::comparisons;
use super::decide::{Redecided, decide_again};
use super::preemption;
use crate::cluster::NodeId;
use crate::report::explain::{
    AttemptResult, EXPLAIN_FORMAT_VERSION, ExplainedAttempt, ExplainedPod, Explanation, FeasibleNode, RejectedNode,
    Rejections, Request, Requests, Score, ScoringPlugin,
};
use crate::scheduler::{Attempt, AttemptOutcome, Failure, PodInfo};
use crate::sim::{FollowedPod, FollowedRun, NotTried};
use crate::units::format_go_duration;
use std::cmp::Reverse;

/// Explains the attempt of a pod, or why there is none.
#[must_use]
pub fn explanation(scenario: &str, followed: &FollowedRun, pod: &FollowedPod) -> Explanation {
    let kept = followed.attempt.as_ref().filter(|attempt| attempt.pod.id == pod.id);
    let attempt = kept.map(explained);
    let name = format!("{}/{}", pod.namespace, pod.name);
    let mut notes = Vec::new();
    if let (Some(attempt), Some(kept)) = (&attempt, kept) {
        if !attempt.reproduced {
            let was = outcome_text(kept, kept.outcome.as_ref());
            notes.push(format!("this is a bug: in the run the attempt ended otherwise ({was})"));
        }
        notes.extend(not_visited(attempt));
        if let Some(previous) = &attempt.previous_at {
            notes.push(format!("--at {previous} explains the attempt before this one"));
        }
    }
    let answer = match (&attempt, &pod.not_tried) {
        (Some(attempt), _) => answer(&name, attempt),
        (None, Some(reason)) => format!("{name} was never tried: {}", untried(reason)),
        (None, None) => format!("{name}: no attempt is known"),
    };
    Explanation {
        format_version: EXPLAIN_FORMAT_VERSION,
        answer,
        scenario: scenario.to_owned(),
        seed: followed.seed,
        pod: ExplainedPod {
            namespace: pod.namespace.to_string(),
            name: pod.name.to_string(),
            workload: pod.workload.clone(),
            attempts: pod.attempts,
            node: pod.node.as_ref().map(ToString::to_string),
        },
        attempt,
        notes,
    }
}

/// Why some nodes were not looked at, if so.
fn not_visited(attempt: &ExplainedAttempt) -> Option<String> {
    let (missing, nodes) = (attempt.nodes_not_visited, attempt.nodes);
    if missing == 0 {
        return None;
    }
    let why = if made_room(attempt) {
        "the node on which preemption had made room was tried first, and fits"
    } else {
        "enough feasible ones had been found (percentageOfNodesToScore)"
    };
    Some(format!("{missing} of {nodes} nodes were not looked at: {why}"))
}

/// Whether the pod was placed where an earlier attempt made room.
fn made_room(attempt: &ExplainedAttempt) -> bool {
    attempt.result == AttemptResult::Placed
        && attempt.nominated_node.is_some()
        && attempt.nominated_node == attempt.node
}

fn untried(reason: &NotTried) -> String {
    match reason {
        NotTried::Gated(gates) => {
            let gates: Vec<String> = gates.iter().map(|gate| format!("`{gate}`")).collect();
            format!("its schedulingGates {} keep it out of the scheduling queue", gates.join(", "))
        }
        NotTried::UnknownScheduler(name) => {
            format!("its schedulerName is `{name}`, and the scheduler has no profile of that name")
        }
        NotTried::NodeNamed(node) => format!("it was created with spec.nodeName `{node}`"),
        NotTried::Gone => "it was deleted before its turn came".to_owned(),
        NotTried::Waits => "its turn has not come yet".to_owned(),
    }
}

fn answer(name: &str, attempt: &ExplainedAttempt) -> String {
    let nodes = attempt.nodes;
    let node = attempt.node.as_deref().unwrap_or_default();
    match attempt.result {
        AttemptResult::Placed => {
            let feasible = attempt.feasible.len();
            let best = attempt.feasible.iter().filter(|node| node.is_best).count();
            let how = match attempt.comparisons.first() {
                Some(_) if best > 1 => format!("it was drawn from {best} nodes of the same total"),
                Some(runner_up) => format!("it won by {} over {}", runner_up.margin, runner_up.node),
                None if made_room(attempt) => {
                    return format!("{name} was placed on {node}, where preemption had made room for it");
                }
                None => return format!("{name} was placed on {node}, the only feasible of {nodes} nodes"),
            };
            format!("{name} was placed on {node}: {how} ({feasible} of {nodes} nodes feasible)")
        }
        AttemptResult::Preempting => {
            let chosen =
                attempt.preemption.iter().flat_map(|answer| &answer.candidates).find(|candidate| candidate.is_chosen);
            let victims = chosen.map_or(0, |chosen| chosen.victims.len());
            let plural = if victims == 1 { "pod" } else { "pods" };
            format!("{name} fits none of {nodes} nodes; preemption makes room on {node} by removing {victims} {plural}")
        }
        AttemptResult::Unschedulable if nodes == 0 => format!("{name} was not placed: there are no nodes"),
        AttemptResult::Unschedulable => {
            let reasons: Vec<String> = attempt
                .rejections
                .iter()
                .map(|rejection| format!("{} {}", rejection.nodes, rejection.reason))
                .collect();
            let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            format!("{name} fits none of {nodes} nodes{why}")
        }
    }
}

/// How an attempt ended, in a few words.
fn outcome_text(attempt: &Attempt, outcome: Option<&AttemptOutcome>) -> String {
    match outcome {
        Some(AttemptOutcome::Placed(node)) => format!("placed on {}", node_name(attempt, *node)),
        Some(AttemptOutcome::Rejected { message, .. }) => message.clone(),
        None => "not at all".to_owned(),
    }
}

fn node_name(attempt: &Attempt, node: NodeId) -> String {
    attempt.view.snapshot().node(node).map(|info| info.node().meta.name.to_string()).unwrap_or_default()
}

fn zone(attempt: &Attempt, node: NodeId) -> Option<String> {
    let zone = attempt.view.snapshot().node(node)?.node().zone()?;
    Some(zone.to_string()).filter(|zone| !zone.is_empty())
}

fn explained(attempt: &Attempt) -> ExplainedAttempt {
    let again = decide_again(attempt);
    let profile = &attempt.profile;
    let nodes = attempt.view.snapshot().search_order().len();
    let plugins: Vec<ScoringPlugin> = scored(&again)
        .map(|scores| ScoringPlugin { plugin: scores.plugin.name().to_owned(), weight: scores.weight })
        .collect();
    let feasible = feasible(attempt, &again);
    let rejected: Vec<RejectedNode> = again.rejected.iter().map(|failed| rejected(attempt, *failed)).collect();
    let (result, node, message) = match &again.outcome {
        AttemptOutcome::Placed(node) => (AttemptResult::Placed, Some(*node), None),
        AttemptOutcome::Rejected { message, nominated: Some(node) } => {
            (AttemptResult::Preempting, Some(*node), Some(message.clone()))
        }
        AttemptOutcome::Rejected { message, nominated: None } => {
            (AttemptResult::Unschedulable, None, Some(message.clone()))
        }
    };
    let mut rejections = rejections(&rejected);
    if let Some(rejection) = &again.pre_filter {
        let (plugin, reason) = (rejection.plugin.name().to_owned(), rejection.reason.clone());
        rejections.push(Rejections { plugin, reason, nodes });
    }
    // A pod that was rejected as a whole was not tried on any node, but none is left to look at.
    let looked_at = if again.pre_filter.is_some() { nodes } else { feasible.len() + rejected.len() };
    ExplainedAttempt {
        at_seconds: attempt.at.as_secs_f64(),
        at: format_go_duration(attempt.at.since_start()),
        number: attempt.number,
        previous_at: attempt.previous.map(|at| format_go_duration(at.since_start())),
        nominated_node: attempt.pod.nominated_node_name.as_ref().map(ToString::to_string),
        scheduler_name: profile.scheduler_name.to_string(),
        kubernetes_version: profile.version.as_str(),
        priority: attempt.pod.priority(),
        requests: requests(&attempt.pod),
        result,
        node: node.map(|node| node_name(attempt, node)),
        message,
        reproduced: attempt.outcome.as_ref() == Some(&again.outcome),
        nodes,
        nodes_not_visited: nodes.saturating_sub(looked_at),
        comparisons: comparisons(&feasible, &plugins),
        plugins,
        feasible,
        rejected,
        rejections,
        preemption: preemption::answer(&again.preemption, &|node| node_name(attempt, node)),
    }
}

/// The scores of each plugin; none where a single feasible node made them needless.
fn scored(again: &Redecided) -> impl Iterator<Item = &crate::scheduler::PluginScores> {
    again.scratch.scores.plugins().iter()
}

fn feasible(attempt: &Attempt, again: &Redecided) -> Vec<FeasibleNode> {
    let scratch = &again.scratch;
    let nodes = scratch.feasible.iter().enumerate().map(|(position, id)| {
        let scores = scored(again)
            .filter_map(|row| Some(Score { raw: *row.raw.get(position)?, weighted: *row.weighted.get(position)? }));
        FeasibleNode {
            node: node_name(attempt, *id),
            zone: zone(attempt, *id),
            total: scratch.scores.totals().get(position).copied(),
            scores: scores.collect(),
            is_best: scratch.best.contains(id),
            is_chosen: again.outcome == AttemptOutcome::Placed(*id),
        }
    });
    let mut nodes: Vec<FeasibleNode> = nodes.collect();
    nodes.sort_by(|left, right| {
        let key = |node: &FeasibleNode| (Reverse(node.is_chosen), Reverse(node.total));
        key(left).cmp(&key(right)).then_with(|| left.node.cmp(&right.node))
    });
    nodes
}

fn rejected(attempt: &Attempt, (node, failure): (NodeId, Failure)) -> RejectedNode {
    let mut reasons = Vec::new();
    if let Some(info) = attempt.view.snapshot().node(node) {
        failure.for_each_reason(&attempt.pod, info, attempt.profile.version, &mut |reason| {
            reasons.push(reason.to_owned());
        });
    }
    RejectedNode {
        node: node_name(attempt, node),
        zone: zone(attempt, node),
        plugin: failure.plugin().name().to_owned(),
        code: failure.code().as_str(),
        reasons,
    }
}

fn rejections(rejected: &[RejectedNode]) -> Vec<Rejections> {
    let mut counts: Vec<Rejections> = Vec::new();
    for node in rejected {
        for reason in &node.reasons {
            match counts.iter_mut().find(|known| known.plugin == node.plugin && known.reason == *reason) {
                Some(known) => known.nodes += 1,
                None => {
                    counts.push(Rejections { plugin: node.plugin.clone(), reason: reason.clone(), nodes: 1 });
                }
            }
        }
    }
    counts.sort_by(|left, right| right.nodes.cmp(&left.nodes).then_with(|| left.reason.cmp(&right.reason)));
    counts
}

fn requests(pod: &PodInfo) -> Requests {
    let requests = &pod.requests().requests;
    let storage = requests.ephemeral_storage.get();
    let storage = (storage > 0).then(|| Request { resource: "ephemeral-storage".to_owned(), amount: storage });
    let scalars = requests.scalar.iter().map(|(name, amount)| Request { resource: name.to_string(), amount: *amount });
    Requests {
        cpu_cores: requests.cpu.as_cores(),
        memory_bytes: requests.memory.get(),
        other: storage.into_iter().chain(scalars).collect(),
    }
}
