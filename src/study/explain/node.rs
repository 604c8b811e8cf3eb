//! Why a node is there, why it stays, and why it went: what autoscalers decided about it, and its machine's life.

use super::ExplainError;
use crate::input::Diagnostic;
use crate::record::{DecisionRecord, Facts, InstanceRecord};
use crate::report::explain::{EXPLAIN_FORMAT_VERSION, ExplainedDecision, ExplainedNode, NodeExplanation};
use crate::sim::{self, Prepared, RunOptions};
use crate::units::{SimDuration, SimTime, format_go_duration};

/// Runs a scenario up to `at`, or to its end, and explains a node.
///
/// # Errors
/// [`ExplainError`] if the run cannot go on, or if there was no such node.
pub fn explain_node(
    prepared: &Prepared,
    name: &str,
    at: Option<SimTime>,
    options: &RunOptions<'_>,
) -> Result<NodeExplanation, ExplainError> {
    let facts = sim::simulate_until(prepared, options, at)?;
    let record = facts.nodes.iter().rfind(|node| node.name == name);
    let instance = match record {
        Some(record) => record.instance.and_then(|index| facts.instances.get(index as usize)),
        None => facts.instances.iter().rfind(|instance| instance.name == name),
    };
    if record.is_none() && instance.is_none() {
        return Err(ExplainError::Pod(Box::new(unknown(name, &facts))));
    }
    let target = format!("Node/{name}");
    let claim = instance.map(|one| &one.node_claim).filter(|claim| !claim.is_empty());
    let claim = claim.map(|claim| format!("NodeClaim/{claim}"));
    let mut events: Vec<ExplainedDecision> = instance.map(life).unwrap_or_default();
    let about = |decision: &&DecisionRecord| {
        let made = instance.is_some_and(|instance| {
            decision.name == instance.pool && decision.target.is_empty() && decision.at == instance.requested
        });
        decision.target == target || claim.as_ref().is_some_and(|claim| decision.target == *claim) || made
    };
    events.extend(facts.decisions.iter().filter(about).map(explained));
    events.sort_by_key(|event| event.at_nanos);
    let pool = record.and_then(|record| facts.pools.get(record.pool as usize)).map(|pool| pool.name.to_string());
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let node = ExplainedNode {
        name: name.to_owned(),
        pool: pool.filter(|pool| !pool.is_empty()).or_else(|| instance.and_then(|one| text(&one.pool))),
        instance_type: record
            .and_then(|record| text(&record.instance_type))
            .or_else(|| instance.and_then(|one| text(&one.instance_type))),
        zone: record.and_then(|record| text(&record.zone)).or_else(|| instance.and_then(|one| text(&one.zone))),
        pods: record.map(|record| record.pods_last),
    };
    let mut notes = Vec::new();
    if facts.interrupted {
        notes.push(format!("interrupted at {}: later decisions are not known", told(facts.end)));
    }
    let created = record.map(|record| record.created);
    Ok(NodeExplanation {
        format_version: EXPLAIN_FORMAT_VERSION,
        answer: answer(name, instance, created, &events),
        scenario: facts.scenario.clone(),
        seed: facts.seed,
        node,
        decisions: events,
        notes,
    })
}

/// What is said of the autoscalers about a pod that waits: the last decision about it.
pub fn waits_because(decisions: &[DecisionRecord], namespace: &str, name: &str) -> Option<String> {
    let target = format!("Pod/{namespace}/{name}");
    let decision = decisions.iter().rfind(|decision| decision.target == target)?;
    let at = told(decision.at);
    let mut text = format!("{} at {at}: {}", decision.autoscaler, decision.decision);
    for part in [&decision.limited_by, &decision.inputs].into_iter().filter(|part| !part.is_empty()) {
        text.push_str("; ");
        text.push_str(part);
    }
    Some(text)
}

fn answer(
    name: &str,
    instance: Option<&InstanceRecord>,
    created: Option<SimTime>,
    events: &[ExplainedDecision],
) -> String {
    let at = told;
    if let Some((instance, asked)) = instance.and_then(|one| Some((one, one.deletion_requested?))) {
        return format!(
            "{name} went: {} asked for it at {}: {}",
            instance.deleted_by,
            at(asked),
            instance.deleted_reason
        );
    }
    if let Some((instance, failed)) = instance.and_then(|one| Some((one, one.failed?))) {
        return format!("{name} never came: the cloud refused at {}: {}", at(failed), instance.failure);
    }
    if let Some(kept) = events.iter().rfind(|event| event.decision == "Keep") {
        return format!("{name} stays: {} since {} ({})", kept.limited_by, kept.at, kept.inputs);
    }
    match (instance, created) {
        (Some(instance), _) if instance.is_launched_in_run() => {
            format!(
                "{name} was asked for at {} by {}: {}",
                at(instance.requested),
                instance.created_by,
                instance.created_reason
            )
        }
        (_, Some(created)) => format!("{name} is there since {}; no autoscaler decided anything about it", at(created)),
        _ => format!("{name}: no autoscaler decided anything about it"),
    }
}

/// An instant to the millisecond, which is as much as anybody reads.
fn told(at: SimTime) -> String {
    format_go_duration(SimDuration::from_millis(at.as_nanos().div_euclid(1_000_000)))
}

/// What happened to a machine.
fn life(instance: &InstanceRecord) -> Vec<ExplainedDecision> {
    let event = |at: Option<SimTime>, who: &str, what: &'static str, why: &str| {
        at.map(|at| ExplainedDecision {
            at_nanos: at.as_nanos(),
            at_seconds: at.as_secs_f64(),
            at: told(at),
            by: who.to_owned(),
            decision: what.to_owned(),
            limited_by: String::new(),
            inputs: why.to_owned(),
        })
    };
    let asked = instance.is_launched_in_run().then_some(instance.requested);
    let events = [
        event(asked, instance.created_by, "Requested", &instance.created_reason),
        event(instance.launched.filter(|_| asked.is_some()), "cloud", "Launched", ""),
        event(instance.registered.filter(|_| asked.is_some()), "cloud", "Registered", ""),
        event(instance.ready.filter(|_| asked.is_some()), "kubelet", "Ready", ""),
        event(instance.failed, "cloud", "Failed", &instance.failure),
        event(instance.interrupted, "cloud", "Interrupted", ""),
        event(instance.deletion_requested, instance.deleted_by, "DeletionRequested", &instance.deleted_reason),
        event(instance.gone, "cloud", "Gone", ""),
    ];
    events.into_iter().flatten().collect()
}

fn explained(decision: &DecisionRecord) -> ExplainedDecision {
    let sizes = decision.sizes.map(|(before, after)| format!("{before}->{after}"));
    let inputs = [sizes.as_deref(), Some(&*decision.inputs).filter(|text| !text.is_empty())];
    ExplainedDecision {
        at_nanos: decision.at.as_nanos(),
        at_seconds: decision.at.as_secs_f64(),
        at: told(decision.at),
        by: decision.autoscaler.to_owned(),
        decision: decision.decision.to_owned(),
        limited_by: decision.limited_by.to_string(),
        inputs: inputs.into_iter().flatten().collect::<Vec<_>>().join(";"),
    }
}

fn unknown(name: &str, facts: &Facts) -> Diagnostic {
    let end = told(facts.end);
    let near: Vec<String> = facts
        .nodes
        .iter()
        .filter(|node| node.name.starts_with(name.trim_end_matches(|character: char| character.is_ascii_digit())))
        .take(5)
        .map(|node| format!("`{}`", node.name))
        .collect();
    let hint = if near.is_empty() {
        "nodes.csv of a run lists all of them".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Diagnostic::error("--node", format!("there was no node `{name}` up to {end}")).with_hint(Some(hint))
}
