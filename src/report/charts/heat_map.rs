//! A heat map of latency over time: how many requests of each interval took how long.

use super::cluster::whole_run;
use super::figure::{Area, Figure, Panel, Shape, YAxis, palette};
use super::latency::{busiest, marks};
use super::sampling::{cell_bound, float};
use crate::record::{Facts, TrafficRecord, bucket_bound};
use crate::report::incidents::Incident;
use crate::units::SimTime;
use std::collections::BTreeMap;

/// The most columns of a map.
const COLUMNS: usize = 160;
/// Shades, from few requests to many.
const SHADES: [f64; 6] = [0.1, 0.25, 0.42, 0.6, 0.78, 0.96];

/// The heat maps of the busiest traffic entries.
pub(super) fn heat_map(facts: &Facts, incidents: &[Incident<'_>], title: &str) -> Option<Figure> {
    let (records, note) = busiest(facts)?;
    let panels: Vec<Panel> = records.iter().map(|record| panel(facts, incidents, record)).collect();
    let subtitle =
        "Latency of the requests that were served: the darker, the larger the share of the requests of that time";
    Some(Figure { title: title.to_owned(), subtitle: subtitle.to_owned(), note, columns: 1, panels })
}

/// Requests by column and bucket, and those of each column.
fn counts(facts: &Facts, record: &TrafficRecord, columns: usize) -> Vec<BTreeMap<u8, u64>> {
    let mut counts = vec![BTreeMap::new(); columns];
    let end = facts.end.as_nanos().max(1);
    for interval in &record.intervals {
        // An interval is in the column of its middle.
        let middle = i128::from(interval.start.as_nanos()).midpoint(i128::from(interval.end.as_nanos()));
        let column = middle * i128::try_from(columns).unwrap_or(1) / i128::from(end);
        let column = usize::try_from(column).unwrap_or(0).min(columns - 1);
        let Some(of_column) = counts.get_mut(column) else { continue };
        for bucket in &interval.buckets {
            *of_column.entry(bucket.bucket).or_insert(0) += bucket.count;
        }
    }
    counts
}

fn panel(facts: &Facts, incidents: &[Incident<'_>], record: &TrafficRecord) -> Panel {
    let longest = record.intervals.iter().map(|interval| (interval.end - interval.start).as_nanos()).max().unwrap_or(1);
    let intervals = usize::try_from(facts.end.as_nanos() / longest.max(1)).unwrap_or(1);
    let columns = intervals.clamp(1, COLUMNS);
    let mut areas = Vec::new();
    for (column, counts) in counts(facts, record, columns).iter().enumerate() {
        let all: u64 = counts.values().sum();
        let edge = |index: usize| cell_bound(SimTime::ZERO, facts.end, columns, index).as_secs_f64();
        for (bucket, count) in counts {
            let (low, high) = (bucket_bound(*bucket).as_secs_f64(), bucket_bound(bucket + 1).as_secs_f64());
            let label = String::new();
            areas.push(Area {
                label,
                color: palette::BLUE,
                opacity: shade(*count, all),
                shape: Shape::Step,
                points: vec![(edge(column), low, high), (edge(column + 1), low, high)],
            });
        }
    }
    Panel {
        heading: format!("{}: latency (seconds, logarithmic)", record.identity.name),
        x: whole_run(facts),
        y: YAxis::Log,
        areas,
        lines: Vec::new(),
        marks: marks(incidents, record),
    }
}

/// The shade of a share: each is a quarter of the one above, so that one request in a thousand can be seen.
#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more than 53 bits")]
fn shade(count: u64, all: u64) -> f64 {
    let share = count as f64 / (all.max(1)) as f64;
    let steps = (1..SHADES.len()).take_while(|step| share < 0.25 / 4_f64.powf(float(*step - 1))).count();
    SHADES.get(SHADES.len() - 1 - steps).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_requests_are_light_and_seen() {
        for (count, all, expected) in
            [(30, 100, 0.96), (24, 100, 0.78), (1, 1000, 0.25), (1, 1_000_000, 0.1), (0, 0, 0.1)]
        {
            assert!((shade(count, all) - expected).abs() < 1e-9, "{count} of {all}: {}", shade(count, all));
        }
    }
}
