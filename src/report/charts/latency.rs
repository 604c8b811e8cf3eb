//! The chart of latency: bands of percentiles over time with the incidents marked, and the requests that failed by cause.

use super::cluster::{stroke, whole_run};
use super::figure::{Area, Color, Dash, Figure, Line, Mark, Panel, Shape, YAxis, palette};
use super::sampling::{CELLS, cell_bound};
use crate::record::{Facts, LatencyFigures, RequestCount, RequestCounts, RequestInterval, TrafficRecord};
use crate::report::incidents::{Incident, IncidentKind};
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// The most traffic entries in one chart.
const SHOWN: usize = 3;
/// Colours of the causes of failures, in their order.
const CAUSE_COLORS: [Color; 7] =
    [palette::GREY, palette::VERMILION, palette::ORANGE, palette::PURPLE, palette::BLACK, palette::SKY, palette::GREEN];
/// The most marks in one panel.
const MARKS: usize = 6;
/// Latencies of which the largest is so many times the smallest have a logarithmic axis.
const WIDE: f64 = 30.0;

/// The busiest traffic entries whose latencies are known, and what is said of the others.
pub(super) fn busiest(facts: &Facts) -> Option<(Vec<&TrafficRecord>, String)> {
    busiest_of(facts, |record| record.latencies.count() > 0)
}

fn busiest_of(facts: &Facts, is_shown: fn(&TrafficRecord) -> bool) -> Option<(Vec<&TrafficRecord>, String)> {
    let mut known: Vec<&TrafficRecord> = facts.traffic.iter().filter(|record| is_shown(record)).collect();
    if facts.end <= SimTime::ZERO || known.is_empty() {
        return None;
    }
    known.sort_by_key(|record| Reverse(record.counts.offered()));
    let note = match known.len().saturating_sub(SHOWN) {
        0 => String::new(),
        left => format!("The {SHOWN} busiest; {left} more are in latency.csv"),
    };
    known.truncate(SHOWN);
    Some((known, note))
}

/// Percentiles of the latency of the busiest traffic entries, each with its failures beside it.
pub(super) fn latency(facts: &Facts, incidents: &[Incident<'_>], title: &str) -> Option<Figure> {
    let (known, note) = busiest(facts)?;
    let has_failures = known.iter().any(|record| record.counts.failed() > 0);
    let mut panels = Vec::new();
    for record in &known {
        panels.push(latency_panel(facts, incidents, record));
        if has_failures {
            panels.push(failure_panel(facts, incidents, record));
        }
    }
    let subtitle =
        "Latency of the requests that were served: median, and bands up to the 95th and 99th percentile".to_owned();
    let columns = if known.len() > 1 && panels.len() > 1 { 2 } else { 1 };
    Some(Figure { title: title.to_owned(), subtitle, note, columns, panels })
}

/// The requests that failed, by cause, of the busiest traffic entries with failures.
pub(super) fn failures(facts: &Facts, incidents: &[Incident<'_>], title: &str) -> Option<Figure> {
    let (failed, note) = busiest_of(facts, |record| record.counts.failed() > 0)?;
    let panels = failed.iter().map(|record| failure_panel(facts, incidents, record)).collect();
    let subtitle = "Requests that failed, by cause, one upon the other".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note, columns: 1, panels })
}

/// Seconds from the start to the middle of an interval.
fn middle(interval: &RequestInterval) -> f64 {
    f64::midpoint(interval.start.as_secs_f64(), interval.end.as_secs_f64())
}

/// The length of an interval of the timeline.
fn length(facts: &Facts, intervals: &[RequestInterval]) -> SimDuration {
    intervals.iter().map(|interval| interval.end - interval.start).max().unwrap_or_else(|| facts.end.since_start())
}

fn latency_panel(facts: &Facts, incidents: &[Incident<'_>], record: &TrafficRecord) -> Panel {
    let known: Vec<(f64, LatencyFigures)> =
        record.intervals.iter().filter_map(|interval| Some((middle(interval), interval.latency?))).collect();
    // Of many intervals the worst of those that share a place.
    let every = known.len().div_ceil(CELLS / 2).max(1);
    let shown: Vec<(f64, LatencyFigures)> =
        known.chunks(every).filter_map(|chunk| chunk.iter().max_by_key(|(_, figures)| figures.p99).copied()).collect();
    let least = shown.iter().map(|(_, figures)| figures.p50).min().unwrap_or_default().as_secs_f64();
    let most = shown.iter().map(|(_, figures)| figures.p99).max().unwrap_or_default().as_secs_f64();
    let is_wide = least > 0.0 && most > WIDE * least;
    let band = |label: &str, opacity, bounds: fn(&LatencyFigures) -> (SimDuration, SimDuration)| Area {
        label: label.to_owned(),
        color: palette::BLUE,
        opacity,
        shape: Shape::Linear,
        points: shown
            .iter()
            .map(|(at, figures)| {
                let (low, high) = bounds(figures);
                (*at, low.as_secs_f64(), high.as_secs_f64())
            })
            .collect(),
    };
    let median = shown.iter().map(|(at, figures)| (*at, figures.p50.as_secs_f64())).collect();
    Panel {
        heading: format!("{} (seconds{})", record.identity.name, if is_wide { ", logarithmic" } else { "" }),
        x: whole_run(facts),
        y: if is_wide { YAxis::Log } else { YAxis::Amount },
        areas: vec![band("up to p99", 0.18, |of| (of.p95, of.p99)), band("up to p95", 0.4, |of| (of.p50, of.p95))],
        lines: vec![Line::new("median", stroke(palette::BLUE, 2.0, Dash::Solid), Shape::Linear, median)],
        marks: marks(incidents, record),
    }
}

/// Requests per second that failed, by cause, one upon the other.
fn failure_panel(facts: &Facts, incidents: &[Incident<'_>], record: &TrafficRecord) -> Panel {
    let cell = (facts.end.since_start() / i64::try_from(CELLS).unwrap_or(1)).max(length(facts, &record.intervals));
    let cells = usize::try_from((facts.end.since_start().as_nanos() / cell.as_nanos().max(1)).max(1)).unwrap_or(1);
    let mut sums = vec![RequestCounts::default(); cells];
    for interval in &record.intervals {
        let index = usize::try_from(interval.start.as_nanos() / cell.as_nanos().max(1)).unwrap_or(0);
        if let Some(sum) = sums.get_mut(index.min(cells - 1)) {
            *sum += interval.counts;
        }
    }
    let mut below = vec![0_u64; cells];
    let mut areas = Vec::new();
    for (cause, color) in RequestCount::causes().zip(CAUSE_COLORS.iter().cycle()) {
        if record.counts.of(cause) == 0 {
            continue;
        }
        let counts: Vec<(u64, u64)> = below.iter().zip(&sums).map(|(low, sum)| (*low, low + sum.of(cause))).collect();
        let points = counts.iter().chain(counts.last()).enumerate().map(|(index, (low, high))| {
            let at = cell_bound(SimTime::ZERO, facts.end, cells, index).as_secs_f64();
            (at, rate(*low, cell), rate(*high, cell))
        });
        let label = cause.info().name.replace('_', " ");
        areas.push(Area { label, color: *color, opacity: 0.75, shape: Shape::Step, points: points.collect() });
        below = counts.into_iter().map(|(_, high)| high).collect();
    }
    Panel {
        heading: format!("{}: failed requests per second", record.identity.name),
        x: whole_run(facts),
        y: YAxis::Amount,
        areas,
        lines: Vec::new(),
        marks: marks(incidents, record),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
fn rate(count: u64, span: SimDuration) -> f64 {
    count as f64 / span.as_secs_f64()
}

/// The incidents that touched an entry: where there are too many, those that did most harm, in their order.
pub(super) fn marks(incidents: &[Incident<'_>], record: &TrafficRecord) -> Vec<Mark> {
    let mut own: Vec<&Incident<'_>> =
        incidents.iter().filter(|incident| incident.traffic.identity.name == record.identity.name).collect();
    // What did the same harm: faults before what was meant to be.
    let is_planned = |incident: &Incident<'_>| incident.happening.kind == IncidentKind::Scale;
    own.sort_by(|one, other| {
        let by_harm = other.harm.lost.total_cmp(&one.harm.lost);
        by_harm
            .then_with(|| is_planned(one).cmp(&is_planned(other)))
            .then(one.happening.start.cmp(&other.happening.start))
    });
    own.truncate(MARKS);
    own.sort_by_key(|incident| incident.happening.start);
    let mark = |incident: &Incident<'_>| Mark {
        x: incident.happening.start.as_secs_f64(),
        label: incident.happening.short.clone(),
        color: match incident.happening.kind {
            IncidentKind::Fault | IncidentKind::Interruption => palette::VERMILION,
            IncidentKind::Rollout | IncidentKind::Action => palette::PURPLE,
            IncidentKind::Scale => palette::GREEN,
        },
    };
    own.into_iter().map(mark).collect()
}
