//! Which machines a cluster has over time.

use super::cluster::whole_run;
use super::figure::{Area, Figure, Panel, Shape, YAxis, palette};
use super::sampling::{CELLS, cell_bound, value_f64};
use crate::record::{Facts, StepSeries};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// How many kinds of machines have a colour of their own.
const SHOWN: usize = 6;

/// The times at which a value changes, or, if there are too many, evenly spaced ones.
pub(super) fn times(series: &[&StepSeries], end: SimTime) -> Vec<SimTime> {
    let mut times: Vec<SimTime> =
        series.iter().flat_map(|series| series.points().iter().map(|(at, _)| (*at).max(SimTime::ZERO))).collect();
    times.push(SimTime::ZERO);
    times.retain(|at| *at < end);
    times.sort_unstable();
    times.dedup();
    if times.len() > 2 * CELLS {
        times = (0..CELLS).map(|cell| cell_bound(SimTime::ZERO, end, CELLS, cell)).collect();
    }
    times.push(end);
    times
}

/// Machines by instance type and capacity type, on top of each other. Only where there are several kinds, or their number
/// changes.
pub(super) fn node_types(facts: &Facts, title: &str) -> Option<Figure> {
    let changes = facts.machine_types.iter().any(|record| record.machines.points().len() > 1);
    if facts.end <= SimTime::ZERO || facts.machine_types.len() < 2 && !changes {
        return None;
    }
    let mut kinds: BTreeMap<String, Vec<&StepSeries>> = BTreeMap::new();
    for record in &facts.machine_types {
        let name = match (&*record.instance_type, facts.pools.get(record.pool as usize)) {
            ("", Some(pool)) if !pool.name.is_empty() => format!("pool {}", pool.name),
            ("", _) => "no instance type".to_owned(),
            (name, _) => name.to_owned(),
        };
        let name =
            if record.capacity_type == "on-demand" { name } else { format!("{name} ({})", record.capacity_type) };
        kinds.entry(name).or_default().push(&record.machines);
    }
    // Those of which there are most, by machine hours, come first and lie at the bottom.
    let mut kinds: Vec<(String, Vec<&StepSeries>)> = kinds.into_iter().collect();
    let weight = |series: &[&StepSeries]| -> i128 {
        series.iter().map(|series| series.integral(SimTime::ZERO, facts.end)).sum()
    };
    kinds.sort_by(|(left, one), (right, other)| weight(other).cmp(&weight(one)).then_with(|| left.cmp(right)));
    if kinds.len() > SHOWN {
        let rest = kinds.split_off(SHOWN - 1);
        let count = rest.len();
        kinds.push((format!("{count} other types"), rest.into_iter().flat_map(|(_, series)| series).collect()));
    }
    let all: Vec<&StepSeries> = kinds.iter().flat_map(|(_, series)| series.iter().copied()).collect();
    let times = times(&all, facts.end);
    let mut base = vec![0.0; times.len()];
    let mut areas = Vec::new();
    for (index, (label, series)) in kinds.into_iter().enumerate() {
        let mut points = Vec::with_capacity(times.len());
        for (at, base) in times.iter().zip(&mut base) {
            let count: i64 = series.iter().filter_map(|series| series.value_at(*at)).sum();
            let top = *base + value_f64(count);
            points.push((at.as_secs_f64(), *base, top));
            *base = top;
        }
        let color = palette::SERIES[index % palette::SERIES.len()];
        areas.push(Area { label, color, opacity: 0.6, shape: Shape::Step, points });
    }
    let panel = Panel {
        heading: "machines".to_owned(),
        x: whole_run(facts),
        y: YAxis::Count,
        areas,
        lines: Vec::new(),
        marks: Vec::new(),
    };
    let subtitle = "Machines by instance type, from their launch to their end".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note: String::new(), columns: 1, panels: vec![panel] })
}
