//! `events.csv`, `autoscaling.csv`, `recovery.csv`, `actions.csv`: what happened and why.

use super::{ReportError, Table, TableForm, calendar};
use crate::record::{
    ActionOutcome, AutoscalingRecord, DecisionRecord, EventType, Facts, FaultKind, MetricRecord, MetricSpecRecord,
};
use crate::report::numbers;
use std::cmp::Ordering;
use std::path::Path;

const EVENT_COLUMNS: &[&str] = &[
    "first_seconds",
    "first_time",
    "last_seconds",
    "count",
    "type",
    "reason",
    "source",
    "kind",
    "namespace",
    "name",
    "message",
];

const AUTOSCALING_COLUMNS: &[&str] = &[
    "time_seconds",
    "time",
    "namespace",
    "name",
    "target",
    "current_replicas",
    "ready_pods",
    "metric",
    "metric_current",
    "metric_target",
    "metric_proposal_replicas",
    "metric_error",
    "proposed_replicas",
    "desired_replicas",
    "limited_by",
    "able_to_scale_reason",
    "scaling_active_reason",
    "scaling_limited_reason",
    "autoscaler",
    "decision",
    "inputs",
];

const RECOVERY_COLUMNS: &[&str] = &[
    "struck_seconds",
    "struck_time",
    "kind",
    "subject",
    "ended_seconds",
    "detected_seconds",
    "evicted_seconds",
    "last_scheduled_seconds",
    "restored_seconds",
    "detection_seconds",
    "recovery_seconds",
    "pods_affected",
    "pods_lost",
    "pods_unreplaced",
    "replacements_scheduled",
    "replacements_ready",
    "missing_replica_seconds",
];

const ACTION_COLUMNS: &[&str] =
    &["at_seconds", "time", "action", "target", "outcome", "ended_seconds", "duration_seconds", "code", "detail"];

/// The word for what came of an action.
const fn outcome_word(outcome: ActionOutcome) -> &'static str {
    match outcome {
        ActionOutcome::Done => "Done",
        ActionOutcome::Unchanged => "Unchanged",
        ActionOutcome::Superseded => "Superseded",
        ActionOutcome::RolledBack => "RolledBack",
        ActionOutcome::GaveUp => "GaveUp",
        ActionOutcome::NotFound => "NotFound",
        ActionOutcome::Refused => "Refused",
        ActionOutcome::Unfinished => "Unfinished",
    }
}

/// Writes what came of each action, in order of time.
pub(in crate::report) fn write_actions(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, ACTION_COLUMNS)?;
    for action in &facts.actions {
        table.instant(Some(action.at))?;
        calendar(&mut table, facts, action.at)?;
        table.text(&action.action)?;
        table.text(&action.target)?;
        table.text(outcome_word(action.outcome))?;
        table.instant(action.ended)?;
        table.span(action.ended.map(|ended| ended - action.at))?;
        table.count(action.code.map(i64::from))?;
        table.text(&action.detail)?;
        table.end_row()?;
    }
    table.finish()
}

/// The word for a kind of fault in files and charts.
pub(in crate::report) const fn fault_word(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::NodeCrash => "NodeCrash",
        FaultKind::ZoneOutage => "ZoneOutage",
        FaultKind::NetworkPartition => "NetworkPartition",
        FaultKind::KubeletNotReady => "KubeletNotReady",
        FaultKind::ControllerManagerOutage => "ControllerManagerOutage",
        FaultKind::PodCrash => "PodCrash",
    }
}

/// Writes the Kubernetes Events, in order of their first occurrence.
pub(in crate::report) fn write_events(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, EVENT_COLUMNS)?;
    for event in facts.events() {
        table.instant(Some(event.first))?;
        calendar(&mut table, facts, event.first)?;
        table.instant(Some(event.last))?;
        table.integer(event.count)?;
        table.text(match event.event_type {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        })?;
        table.text(event.reason)?;
        table.text(event.source)?;
        table.text(event.kind)?;
        table.text(&event.namespace)?;
        table.text(&event.name)?;
        table.text(&event.message())?;
        table.end_row()?;
    }
    table.finish()
}

/// Writes one row per kept decision and metric; a decision without a metric has one row.
pub(in crate::report) fn write_autoscaling(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, AUTOSCALING_COLUMNS)?;
    let mut others = facts.decisions.iter().peekable();
    for decision in &facts.autoscaling {
        while let Some(other) = others.next_if(|other| other.at <= decision.at) {
            write_decision(&mut table, facts, other)?;
        }
        for metric in decision.autoscaler.metrics.iter().zip(&decision.metrics) {
            write_metric(&mut table, facts, decision, Some(metric))?;
        }
        if decision.metrics.is_empty() {
            write_metric(&mut table, facts, decision, None)?;
        }
    }
    for other in others {
        write_decision(&mut table, facts, other)?;
    }
    table.finish()
}

/// A decision of another autoscaler than a HorizontalPodAutoscaler: its sizes stand where the replicas do.
fn write_decision(table: &mut Table, facts: &Facts, decision: &DecisionRecord) -> Result<(), ReportError> {
    table.instant(Some(decision.at))?;
    calendar(table, facts, decision.at)?;
    table.text(&decision.namespace)?;
    table.text(&decision.name)?;
    table.text(&decision.target)?;
    table.count(decision.sizes.map(|(before, _)| before))?;
    // From `ready_pods` to `proposed_replicas`.
    for _ in 0..7 {
        table.text("")?;
    }
    table.count(decision.sizes.map(|(_, after)| after))?;
    table.text(&decision.limited_by)?;
    // The reasons of conditions.
    for _ in 0..3 {
        table.text("")?;
    }
    table.text(decision.autoscaler)?;
    table.text(decision.decision)?;
    table.text(&decision.inputs)?;
    table.end_row()
}

fn write_metric(
    table: &mut Table,
    facts: &Facts,
    decision: &AutoscalingRecord,
    metric: Option<(&MetricSpecRecord, &MetricRecord)>,
) -> Result<(), ReportError> {
    table.instant(Some(decision.at))?;
    calendar(table, facts, decision.at)?;
    table.text(&decision.autoscaler.namespace)?;
    table.text(&decision.autoscaler.name)?;
    table.text(&decision.autoscaler.target)?;
    table.integer(decision.current_replicas)?;
    table.integer(decision.ready_pods)?;
    table.text(metric.map_or("", |(spec, _)| &spec.name))?;
    table.float(metric.and_then(|(_, found)| found.current))?;
    table.float(metric.map(|(spec, _)| spec.target))?;
    table.count(metric.and_then(|(_, found)| found.proposal).map(i64::from))?;
    table.text(metric.map_or("", |(_, found)| &found.error))?;
    table.count(decision.proposed_replicas.map(i64::from))?;
    table.integer(decision.desired_replicas)?;
    table.text(decision.limited_by().unwrap_or(""))?;
    table.text(decision.able_to_scale_reason)?;
    table.text(decision.scaling_active_reason)?;
    table.text(decision.scaling_limited_reason)?;
    table.text("horizontal-pod-autoscaler")?;
    table.text(match decision.desired_replicas.cmp(&decision.current_replicas) {
        Ordering::Greater => "ScaleUp",
        Ordering::Less => "ScaleDown",
        Ordering::Equal => "NoChange",
    })?;
    table.text("")?;
    table.end_row()
}

/// Writes every fault, in order of time.
pub(in crate::report) fn write_recovery(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, RECOVERY_COLUMNS)?;
    for fault in &facts.recoveries {
        table.instant(Some(fault.struck))?;
        calendar(&mut table, facts, fault.struck)?;
        table.text(fault_word(fault.kind))?;
        table.text(&fault.subject)?;
        table.instant(fault.ended)?;
        table.instant(fault.detected)?;
        table.instant(fault.evicted)?;
        table.instant(fault.last_scheduled)?;
        table.instant(fault.restored)?;
        table.span(fault.detected.map(|detected| detected - fault.struck))?;
        table.span(fault.restored.map(|restored| restored - fault.struck))?;
        table.integer(fault.pods_affected)?;
        table.integer(fault.pods_lost)?;
        table.integer(fault.pods_unreplaced)?;
        table.integer(fault.replacements_scheduled)?;
        table.integer(fault.replacements_ready)?;
        table.text(&numbers::exact_decimal(fault.missing_replica_nanos, 9))?;
        table.end_row()?;
    }
    table.finish()
}
