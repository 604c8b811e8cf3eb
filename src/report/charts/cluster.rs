//! Charts of the whole cluster: utilization, pending pods, cost.

use super::figure::{Area, Color, Dash, Figure, Line, Panel, Shape, Stroke, XAxis, YAxis, palette};
use super::sampling::{Cell, cells, mean_steps};
use crate::record::{Facts, IntervalSeries, PoolRecord, StepSeries};
use crate::stats;
use crate::units::SimTime;

/// The whole run.
pub(super) fn whole_run(facts: &Facts) -> XAxis {
    XAxis::Time { from: 0.0, to: facts.end.as_secs_f64(), start_unix_seconds: facts.start_unix_seconds }
}

pub(super) const fn stroke(color: Color, width: f64, dash: Dash) -> Stroke {
    Stroke { color, width, dash }
}

/// The binary unit in which `bytes` is a handy number, and its size.
fn byte_unit(bytes: f64) -> (&'static str, f64) {
    let gib = 1_073_741_824.0;
    match bytes {
        _ if bytes >= 2.0 * 1024.0 * gib => ("TiB", 1024.0 * gib),
        _ if bytes >= gib => ("GiB", gib),
        _ => ("MiB", gib / 1024.0),
    }
}

/// One resource: allocatable, requested and, where it is known, used.
fn resource_panel(
    facts: &Facts,
    heading: String,
    scale: f64,
    allocatable: &IntervalSeries,
    requested: &IntervalSeries,
    used: Option<&IntervalSeries>,
) -> Panel {
    let steps = |series: &IntervalSeries| mean_steps(&cells(series, facts.end), scale);
    let offered = steps(allocatable);
    let mut lines = vec![
        Line::new("allocatable", stroke(palette::GREY, 1.5, Dash::Dashed), Shape::Step, offered.clone()),
        Line::new("requested", stroke(palette::BLUE, 2.0, Dash::Solid), Shape::Step, steps(requested)),
    ];
    if let Some(used) = used.filter(|used| used.max() > 0) {
        lines.push(Line::new("used", stroke(palette::VERMILION, 2.0, Dash::Dotted), Shape::Step, steps(used)));
    }
    let area = Area {
        label: String::new(),
        color: palette::GREY,
        opacity: 0.08,
        shape: Shape::Step,
        points: offered.into_iter().map(|(x, y)| (x, 0.0, y)).collect(),
    };
    Panel { heading, x: whole_run(facts), y: YAxis::Amount, areas: vec![area], lines, marks: Vec::new() }
}

/// CPU, memory and the first extended resource against what the nodes offer.
pub(super) fn utilization(facts: &Facts, title: &str) -> Option<Figure> {
    let cluster = &facts.cluster;
    if facts.end <= SimTime::ZERO || cluster.nodes.max() == 0 {
        return None;
    }
    let (unit, size) = byte_unit(super::sampling::value_f64(cluster.memory_allocatable.max()));
    let mut panels = vec![
        resource_panel(
            facts,
            "CPU (cores)".to_owned(),
            0.001,
            &cluster.cpu_allocatable,
            &cluster.cpu_requested,
            Some(&cluster.cpu_used),
        ),
        resource_panel(
            facts,
            format!("memory ({unit})"),
            1.0 / size,
            &cluster.memory_allocatable,
            &cluster.memory_requested,
            Some(&cluster.memory_used),
        ),
    ];
    let extended: Vec<_> = cluster.extended.iter().filter(|resource| resource.allocatable.max() > 0).collect();
    if let Some(resource) = extended.first() {
        panels.push(resource_panel(
            facts,
            format!("{} (units)", resource.name),
            1.0,
            &resource.allocatable,
            &resource.requested,
            None,
        ));
    }
    let note = match extended.len() {
        0 | 1 => String::new(),
        count => format!("{} further extended resources are in timeline.csv", count - 1),
    };
    let subtitle = "Cluster utilization: what pods request and use of what the nodes offer".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note, columns: 1, panels })
}

/// Pods that wait to be bound: mean and most of each interval.
pub(super) fn pending(facts: &Facts, title: &str) -> Option<Figure> {
    if facts.end <= SimTime::ZERO || facts.cluster.pods_pending.max() == 0 {
        return None;
    }
    let cells: Vec<Cell> = cells(&facts.cluster.pods_pending, facts.end);
    let most = |cell: &Cell| (cell.since.as_secs_f64(), 0.0, cell.max);
    let mut points: Vec<(f64, f64, f64)> = cells.iter().map(most).collect();
    points.extend(cells.last().map(|cell| (cell.until.as_secs_f64(), 0.0, cell.max)));
    let area = Area {
        label: "most at one time".to_owned(),
        color: palette::ORANGE,
        opacity: 0.45,
        shape: Shape::Step,
        points,
    };
    let mean = Line::new("mean", stroke(palette::BLUE, 1.8, Dash::Solid), Shape::Step, mean_steps(&cells, 1.0));
    let panel = Panel {
        heading: "pending pods".to_owned(),
        x: whole_run(facts),
        y: YAxis::Count,
        areas: vec![area],
        lines: vec![mean],
        marks: Vec::new(),
    };
    let subtitle = "Pods that wait to be bound to a node".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note: String::new(), columns: 1, panels: vec![panel] })
}

/// An x with two values of y.
type Triples = Vec<(f64, f64, f64)>;

/// Total and requested cost of a pool up to the end of each cell of its series, in dollars. Machines of unknown price are not
/// in it.
fn cumulative(index: usize, pool: &PoolRecord, facts: &Facts) -> Triples {
    let end = facts.end;
    let cells = cells(&pool.cpu_requested, end);
    let (mut total, mut requested) = (0.0, 0.0);
    let mut points = vec![(0.0, 0.0, 0.0)];
    let bounds: Vec<SimTime> = cells.iter().map(|cell| cell.until).collect();
    let mut rates = vec![0.0; bounds.len()];
    for record in facts.machine_types.iter().filter(|record| record.pool as usize == index) {
        let price = record.price.unwrap_or_default() + record.fee;
        for (rate, machines) in rates.iter_mut().zip(cell_means(&record.machines, &bounds)) {
            *rate += price.as_dollars() * machines;
        }
    }
    let allocatable = cell_means(&pool.cpu_allocatable, &bounds);
    for ((cell, rate), allocatable) in cells.iter().zip(rates).zip(allocatable) {
        let hours = (cell.until - cell.since).as_secs_f64() / 3600.0;
        let dollars = rate * hours;
        total += dollars;
        requested += if allocatable > 0.0 { dollars * (cell.mean / allocatable).clamp(0.0, 1.0) } else { 0.0 };
        points.push((cell.until.as_secs_f64(), total, requested));
    }
    points
}

/// The means of a step series between the start and each of the bounds in turn.
fn cell_means(series: &StepSeries, bounds: &[SimTime]) -> Vec<f64> {
    let mut since = SimTime::ZERO;
    let mut mean = |until: &SimTime| {
        let mean = stats::mean_of_steps(series, since, *until).unwrap_or(0.0);
        since = *until;
        mean
    };
    bounds.iter().map(&mut mean).collect()
}

/// Cumulative dollars by pool, and how much of them paid for CPU that pods requested.
pub(super) fn cost(facts: &Facts, title: &str) -> Option<Figure> {
    const SHOWN: usize = 6;
    let mut pools: Vec<(&PoolRecord, Triples)> =
        facts.pools.iter().enumerate().map(|(index, pool)| (pool, cumulative(index, pool, facts))).collect();
    let final_cost = |points: &[(f64, f64, f64)]| points.last().map_or(0.0, |(_, total, _)| *total);
    pools.retain(|(_, points)| final_cost(points) > 0.0);
    pools.sort_by(|(_, one), (_, other)| final_cost(other).total_cmp(&final_cost(one)));
    let longest = pools.iter().map(|(_, points)| points.len()).max()?;
    let mut areas: Vec<Area> = Vec::new();
    let mut base: Vec<f64> = vec![0.0; longest];
    let mut requested: Vec<(f64, f64, f64)> = Vec::new();
    for (index, (pool, points)) in pools.iter().enumerate() {
        let color = palette::SERIES[index.min(SHOWN) % palette::SERIES.len()];
        let label = match index {
            SHOWN.. => "other pools",
            _ if pool.name.is_empty() => "(no pool)",
            _ => &pool.name,
        };
        let stacked = points.iter().zip(&base).map(|((x, total, _), base)| (*x, *base, base + total)).collect();
        areas.push(Area { label: label.to_owned(), color, opacity: 0.55, shape: Shape::Linear, points: stacked });
        for (step, (x, total, paid)) in points.iter().enumerate() {
            if let Some(base) = base.get_mut(step) {
                *base += total;
            }
            match requested.get_mut(step) {
                Some(sum) => sum.2 += paid,
                None => requested.push((*x, 0.0, *paid)),
            }
        }
    }
    let idle = requested.iter().zip(&base).map(|((x, _, paid), total)| (*x, *paid, *total)).collect();
    let split = vec![
        Area {
            label: "requested CPU".to_owned(),
            color: palette::GREEN,
            opacity: 0.75,
            shape: Shape::Linear,
            points: requested,
        },
        Area { label: "idle CPU".to_owned(), color: palette::GREY, opacity: 0.35, shape: Shape::Linear, points: idle },
    ];
    let panel = |heading: &str, areas| Panel {
        heading: heading.to_owned(),
        x: whole_run(facts),
        y: YAxis::Dollars,
        areas,
        lines: Vec::new(),
        marks: Vec::new(),
    };
    let panels =
        vec![panel("cumulative cost by pool (dollars)", areas), panel("cumulative cost by use (dollars)", split)];
    let subtitle = "Cost of the nodes since the start".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note: String::new(), columns: 2, panels })
}
