//! The chart of faults: ready against desired pods of the affected workloads, around each fault.

use super::cluster::stroke;
use super::figure::{Area, Dash, Figure, Line, Mark, Panel, Shape, XAxis, YAxis, palette};
use super::sampling::step_points;
use crate::record::{Facts, RecoveryRecord, StepSeries, WorkloadRecord};
use crate::report::numbers;
use crate::report::tables::fault_word;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// The most faults in one chart.
const SHOWN: usize = 4;

/// The workloads that the fault touched.
fn affected<'a>(facts: &'a Facts, fault: &RecoveryRecord) -> Vec<&'a WorkloadRecord> {
    fault.workloads.iter().filter_map(|index| facts.workloads.get(*index as usize)).collect()
}

/// The sum of step series.
fn sum<'a>(series: impl Iterator<Item = &'a StepSeries>) -> StepSeries {
    let mut changes: Vec<(SimTime, i64)> = Vec::new();
    for one in series {
        let mut before = 0;
        for (at, value) in one.points() {
            changes.push((*at, value - before));
            before = *value;
        }
    }
    changes.sort_by_key(|(at, _)| *at);
    let (mut total, mut value) = (StepSeries::default(), 0_i64);
    for (at, change) in changes {
        value = value.saturating_add(change);
        total.set(at, value);
    }
    total
}

/// The faults with most missing replicas, each with its marks.
pub(super) fn recovery(facts: &Facts, title: &str) -> Option<Figure> {
    if facts.recoveries.is_empty() || facts.end <= SimTime::ZERO {
        return None;
    }
    let mut worst: Vec<&RecoveryRecord> = facts.recoveries.iter().collect();
    worst.sort_by_key(|fault| (Reverse(fault.missing_replica_nanos), fault.struck));
    worst.truncate(SHOWN);
    worst.sort_by_key(|fault| fault.struck);
    let panels: Vec<Panel> = worst.iter().filter_map(|fault| panel(facts, fault)).collect();
    let note = match facts.recoveries.len().saturating_sub(panels.len()) {
        0 => String::new(),
        left => format!("The {} faults with most missing replicas; {left} more are in recovery.csv", panels.len()),
    };
    let columns = if panels.len() > 1 { 2 } else { 1 };
    let subtitle = "Recovery: ready pods of the affected workloads after a fault".to_owned();
    (!panels.is_empty()).then(|| Figure { title: title.to_owned(), subtitle, note, columns, panels })
}

fn panel(facts: &Facts, fault: &RecoveryRecord) -> Option<Panel> {
    let workloads = affected(facts, fault);
    if workloads.is_empty() {
        return None;
    }
    let instants = [fault.detected, fault.evicted, fault.last_scheduled, fault.restored];
    let last = instants.into_iter().flatten().max().unwrap_or(facts.end).max(fault.struck);
    let last = if fault.restored.is_none() { facts.end.max(last) } else { last };
    let around = ((last - fault.struck) / 6).max(SimDuration::from_secs(5));
    let from = (fault.struck - around).max(SimTime::ZERO);
    let to = (last + around).min(facts.end).max(fault.struck + SimDuration::from_secs(1));
    let desired = sum(workloads.iter().map(|workload| &workload.desired));
    let ready = sum(workloads.iter().map(|workload| &workload.ready));
    let struck = fault.struck.as_secs_f64();
    let since = |series| -> Vec<(f64, f64)> {
        step_points(series, from, to).into_iter().map(|(at, value)| (at - struck, value)).collect()
    };
    let (desired, ready) = (since(&desired), since(&ready));
    let mark = |name: &str, at: Option<SimTime>, color| {
        let at = at.filter(|at| *at >= from && *at <= to)?;
        let after =
            if at == fault.struck { String::new() } else { format!(" +{}", numbers::human_span(at - fault.struck)) };
        Some(Mark { x: at.as_secs_f64() - struck, label: format!("{name}{after}"), color })
    };
    let marks = [
        mark("fault", Some(fault.struck), palette::VERMILION),
        mark("detected", fault.detected, palette::PURPLE),
        mark("evicted", fault.evicted, palette::GREY),
        mark("restored", fault.restored, palette::GREEN),
    ];
    let floor: Vec<(f64, f64, f64)> = ready.iter().map(|(x, y)| (*x, 0.0, *y)).collect();
    Some(Panel {
        heading: format!(
            "{} {} at {} (pods)",
            fault_word(fault.kind),
            fault.subject,
            numbers::human_span(fault.struck.since_start())
        ),
        x: XAxis::Since {
            event: "the fault".to_owned(),
            from: from.as_secs_f64() - struck,
            to: to.as_secs_f64() - struck,
        },
        y: YAxis::Count,
        areas: vec![Area {
            label: String::new(),
            color: palette::GREEN,
            opacity: 0.12,
            shape: Shape::Step,
            points: floor,
        }],
        lines: vec![
            Line::new("ready", stroke(palette::GREEN, 3.0, Dash::Solid), Shape::Step, ready),
            Line::new("desired", stroke(palette::BLUE, 2.0, Dash::Dashed), Shape::Step, desired),
        ],
        marks: marks.into_iter().flatten().collect(),
    })
}
