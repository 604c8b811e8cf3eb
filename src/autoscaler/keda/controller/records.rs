//! The Events that KEDA writes, and its decisions for the records.

use super::kind_name;
use crate::api::Name;
use crate::autoscaler::keda::activity::{Answer, ScaledObjectState};
use crate::autoscaler::keda::executor::{ExecutorStatus, ScaleRule};
use crate::autoscaler::keda::fallback::HealthStatus;
use crate::cluster::{ApiEvent, AutoscalerDecision, Cluster, EventObject, ScaledObjectId, Severity};

/// Emits an Event about a ScaledObject.
pub(super) fn emit(id: ScaledObjectId, severity: Severity, reason: &'static str, message: &str, cluster: &mut Cluster) {
    let meta = &cluster.scaled_object(id).object.meta;
    let object = EventObject::Other { kind: kind_name(), namespace: meta.namespace.clone(), name: meta.name.clone() };
    cluster.emit(ApiEvent { severity, reason, source: "keda-operator", object, message: message.to_owned().into() });
}

/// A turn of the scale loop.
pub(super) struct Turn<'a> {
    /// The rule that decided.
    pub rule: ScaleRule,
    /// What the poll found.
    pub state: &'a ScaledObjectState,
    /// What each trigger answered.
    pub answers: &'a [(Name, Answer)],
    /// The status after it.
    pub status: &'a ExecutorStatus,
    /// Replicas before and after.
    pub sizes: (i32, i32),
}

/// Notes what a turn of the scale loop decided.
pub(super) fn note_turn(id: ScaledObjectId, turn: &Turn<'_>, cluster: &mut Cluster) {
    let mut inputs = vec![format!("active={}", turn.state.is_active), format!("error={}", turn.state.is_error)];
    if !turn.state.active_triggers.is_empty() {
        inputs.push(format!("active_triggers={}", turn.state.active_triggers.join(",")));
    }
    inputs.extend(turn.answers.iter().map(|(name, answer)| match answer {
        Ok((value, _)) => format!("{name}={}", value.as_f64()),
        Err(_) => format!("{name}=failed"),
    }));
    if let Some(last) = turn.status.last_active_time {
        inputs.push(format!("last_active_seconds={}", last.as_secs_f64()));
    }
    let (decision, limited_by) = words(turn.rule, turn.status);
    note(id, decision, (inputs.join(";"), limited_by), Some(turn.sizes), cluster);
}

/// What a rule decides, and by what it is held back.
const fn words(rule: ScaleRule, status: &ExecutorStatus) -> (&'static str, &'static str) {
    match rule {
        ScaleRule::Activation => ("Activate", ""),
        ScaleRule::PausedScaleOut => ("Activate", "paused-scale-out"),
        ScaleRule::Deactivation => ("Deactivate", ""),
        ScaleRule::PausedScaleIn => ("Deactivate", "paused-scale-in"),
        ScaleRule::Cooldown if status.last_active_time.is_some() => ("Deactivate", "cooldownPeriod"),
        ScaleRule::Cooldown => ("Deactivate", "initialCooldownPeriod"),
        ScaleRule::MinReplicaCount => ("Activate", "minReplicaCount"),
        ScaleRule::PausedReplicas => ("Pause", "paused-replicas"),
        ScaleRule::InvalidPausedReplicas => ("NoChange", "paused-replicas"),
        ScaleRule::PartialTriggerError => ("NoChange", "PartialTriggerError"),
        ScaleRule::TriggerError => ("NoChange", "TriggerError"),
        ScaleRule::Fallback => ("NoChange", "fallback"),
        ScaleRule::Active | ScaleRule::NoChange => ("NoChange", ""),
    }
}

/// Notes that a ScaledObject is paused, or goes on.
pub(super) fn note_pause(id: ScaledObjectId, is_paused: bool, replicas: Option<i32>, cluster: &mut Cluster) {
    let decision = if is_paused { ("Pause", "paused") } else { ("Resume", "") };
    note(id, decision.0, (String::new(), decision.1), replicas.map(|count| (count, count)), cluster);
}

/// Notes that the target got the replicas back that it had before KEDA.
pub(super) fn note_restore(id: ScaledObjectId, sizes: (i32, i32), cluster: &mut Cluster) {
    note(id, "Restore", ("restoreToOriginalReplicaCount=true".to_owned(), ""), Some(sizes), cluster);
}

/// Notes that a fallback takes the place of a source, or does so no more.
pub(super) fn note_fallback(id: ScaledObjectId, is_in_force: bool, health: &HealthStatus, cluster: &mut Cluster) {
    let failing = health.metrics.iter().filter(|(_, health)| health.is_failing);
    let failing: Vec<String> = failing.map(|(name, health)| format!("{name}.failures={}", health.failures)).collect();
    let (decision, limited_by) = if is_in_force { ("FallBack", "fallback") } else { ("EndFallback", "") };
    note(id, decision, (failing.join(";"), limited_by), None, cluster);
}

fn note(
    id: ScaledObjectId,
    decision: &'static str,
    (inputs, limited_by): (String, &'static str),
    sizes: Option<(i32, i32)>,
    cluster: &mut Cluster,
) {
    let object = &cluster.scaled_object(id).object;
    let decision = AutoscalerDecision {
        autoscaler: "keda",
        namespace: object.meta.namespace.clone(),
        name: object.meta.name.clone(),
        target: Name::from(format!("{}/{}", object.target.kind, object.target.name)),
        decision,
        inputs: inputs.into(),
        limited_by: limited_by.into(),
        sizes: sizes.map(|(before, after)| (before.into(), after.into())),
    };
    cluster.note_decision(decision);
}
