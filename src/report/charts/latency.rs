//! The chart of latency: bands of percentiles over time with what happened meanwhile, and the requests that failed.

use super::cluster::{stroke, whole_run};
use super::figure::{Area, Color, Dash, Figure, Line, Mark, Panel, Shape, YAxis, palette};
use super::sampling::{CELLS, cell_bound};
use crate::record::{Facts, LatencyFigures, RequestCount, RequestCounts, RequestInterval, TrafficRecord};
use crate::report::tables::fault_word;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// The most traffic entries in one chart.
const SHOWN: usize = 3;
/// Colours of the causes of failures, in their order.
const CAUSE_COLORS: [Color; 7] =
    [palette::GREY, palette::VERMILION, palette::ORANGE, palette::PURPLE, palette::BLACK, palette::SKY, palette::GREEN];
/// The most marks in one panel.
const MARKS: usize = 6;

/// Percentiles of the latency of the busiest traffic entries, each with its failures beside it.
pub(super) fn latency(facts: &Facts, title: &str) -> Option<Figure> {
    let mut known: Vec<&TrafficRecord> = facts.traffic.iter().filter(|record| record.latencies.count() > 0).collect();
    if facts.end <= SimTime::ZERO || known.is_empty() {
        return None;
    }
    known.sort_by_key(|record| Reverse(record.counts.offered()));
    let note = match known.len().saturating_sub(SHOWN) {
        0 => String::new(),
        left => format!("The {SHOWN} busiest; {left} more are in latency.csv"),
    };
    known.truncate(SHOWN);
    let has_failures = known.iter().any(|record| record.counts.failed() > 0);
    let mut panels = Vec::new();
    for record in &known {
        panels.push(latency_panel(facts, record));
        if has_failures {
            panels.push(failure_panel(facts, record));
        }
    }
    let subtitle =
        "Latency of the requests that were served: median, and bands up to the 95th and 99th percentile".to_owned();
    let columns = if known.len() > 1 && panels.len() > 1 { 2 } else { 1 };
    Some(Figure { title: title.to_owned(), subtitle, note, columns, panels })
}

/// Seconds from the start to the middle of an interval.
fn middle(facts: &Facts, intervals: &[RequestInterval], index: usize) -> f64 {
    let start = intervals.get(index).map_or(facts.end, |interval| interval.start);
    let next = intervals.get(index + 1).map_or(facts.end, |interval| interval.start);
    let length = (next - start).min(typical(facts, intervals));
    (start + length / 2).as_secs_f64()
}

/// The length of an interval: the shortest distance between two.
fn typical(facts: &Facts, intervals: &[RequestInterval]) -> SimDuration {
    let whole = facts.end.since_start();
    intervals.windows(2).map(|pair| pair[1].start - pair[0].start).min().unwrap_or(whole)
}

fn latency_panel(facts: &Facts, record: &TrafficRecord) -> Panel {
    let known: Vec<(f64, LatencyFigures)> = record
        .intervals
        .iter()
        .enumerate()
        .filter_map(|(index, interval)| Some((middle(facts, &record.intervals, index), interval.latency?)))
        .collect();
    // Of many intervals the worst of those that share a place.
    let every = known.len().div_ceil(CELLS / 2).max(1);
    let shown: Vec<(f64, LatencyFigures)> =
        known.chunks(every).filter_map(|chunk| chunk.iter().max_by_key(|(_, figures)| figures.p99).copied()).collect();
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
        heading: format!("{} (seconds)", record.name),
        x: whole_run(facts),
        y: YAxis::Amount,
        areas: vec![band("up to p99", 0.18, |of| (of.p95, of.p99)), band("up to p95", 0.4, |of| (of.p50, of.p95))],
        lines: vec![Line::new("median", stroke(palette::BLUE, 2.0, Dash::Solid), Shape::Linear, median)],
        marks: marks(facts, record),
    }
}

/// Requests per second that failed, by cause, one upon the other.
fn failure_panel(facts: &Facts, record: &TrafficRecord) -> Panel {
    let cell = (facts.end.since_start() / i64::try_from(CELLS).unwrap_or(1)).max(typical(facts, &record.intervals));
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
        heading: format!("{}: failed requests per second", record.name),
        x: whole_run(facts),
        y: YAxis::Amount,
        areas,
        lines: Vec::new(),
        marks: Vec::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
fn rate(count: u64, span: SimDuration) -> f64 {
    count as f64 / span.as_secs_f64()
}

/// What happened: the first faults and actions, without those that were done to the target of another entry.
fn marks(facts: &Facts, record: &TrafficRecord) -> Vec<Mark> {
    let target = |of: &TrafficRecord| {
        of.target.split_once('/').map(|(kind, name)| format!("{kind} {}/{name}", of.namespace)).unwrap_or_default()
    };
    let concerns_another =
        |named: &str| named != target(record) && facts.traffic.iter().any(|other| named == target(other));
    let faults = facts.recoveries.iter().map(|fault| Mark {
        x: fault.struck.as_secs_f64(),
        label: format!("{} {}", fault_word(fault.kind), fault.subject),
        color: palette::VERMILION,
    });
    let actions = facts.actions.iter().filter(|action| !concerns_another(&action.target)).map(|action| Mark {
        x: action.at.as_secs_f64(),
        label: action.action.to_string(),
        color: palette::PURPLE,
    });
    faults.chain(actions).take(MARKS).collect()
}
