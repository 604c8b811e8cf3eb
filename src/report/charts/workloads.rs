//! Charts of workloads: replicas and requests.

use super::cluster::{stroke, whole_run};
use super::figure::{Area, Dash, Figure, Line, Panel, Shape, YAxis, palette};
use super::sampling::{CELLS, cell_bound, load_cell_means, step_points};
use crate::record::{Facts, WorkloadRecord};
use crate::units::SimTime;
use std::cmp::Reverse;

/// The most workloads in one chart.
const SHOWN: usize = 6;

/// `default/web` of `Deployment/web` in `default`.
pub(super) fn short_name(workload: &WorkloadRecord) -> String {
    let name = workload.name.split_once('/').map_or(&*workload.name, |(_, name)| name);
    format!("{}/{name}", workload.namespace)
}

/// Desired, ready and proposed replicas of the busiest workloads. Busy are those that used most CPU, then those with
/// most replicas.
pub(super) fn replicas(facts: &Facts, title: &str) -> Option<Figure> {
    let (start, end) = (SimTime::ZERO, facts.end);
    if end <= start || facts.workloads.is_empty() {
        return None;
    }
    let mut busiest: Vec<&WorkloadRecord> = facts.workloads.iter().collect();
    busiest.sort_by_cached_key(|workload| {
        let load = (workload.cpu_used.total(), workload.desired.integral(start, end));
        (Reverse(load), workload.namespace.clone(), workload.name.clone())
    });
    let panels: Vec<Panel> = busiest.iter().take(SHOWN).map(|workload| replica_panel(facts, workload)).collect();
    let note = match busiest.len().saturating_sub(SHOWN) {
        0 => String::new(),
        left => format!("The {SHOWN} busiest workloads; {left} more are in workloads.csv"),
    };
    let columns = if panels.len() > 1 { 2 } else { 1 };
    let subtitle =
        "Replicas of each workload: desired, ready, and what the HorizontalPodAutoscaler proposed".to_owned();
    Some(Figure { title: title.to_owned(), subtitle, note, columns, panels })
}

fn replica_panel(facts: &Facts, workload: &WorkloadRecord) -> Panel {
    let points = |series| step_points(series, SimTime::ZERO, facts.end);
    // Desired is dashed on top of ready: where the two are equal, both can be seen.
    let mut lines =
        vec![Line::new("ready", stroke(palette::GREEN, 3.0, Dash::Solid), Shape::Step, points(&workload.ready))];
    if !workload.proposed.points().is_empty() {
        let thin = stroke(palette::ORANGE, 1.0, Dash::Solid);
        lines.push(Line::new("proposed by the HPA", thin, Shape::Step, points(&workload.proposed)));
    }
    lines.push(Line::new("desired", stroke(palette::BLUE, 2.0, Dash::Dashed), Shape::Step, points(&workload.desired)));
    let heading = format!("{} (replicas)", short_name(workload));
    Panel { heading, x: whole_run(facts), y: YAxis::Count, areas: Vec::new(), lines, marks: Vec::new() }
}

/// Offered and served requests of all workloads together.
pub(super) fn requests(facts: &Facts, title: &str) -> Option<Figure> {
    let loaded: Vec<&WorkloadRecord> =
        facts.workloads.iter().filter(|workload| !workload.request_rate_milli.is_empty()).collect();
    if facts.end <= SimTime::ZERO || loaded.is_empty() {
        return None;
    }
    let mut sums = vec![(0.0, 0.0); CELLS];
    for workload in &loaded {
        let means = |series| load_cell_means(series, SimTime::ZERO, facts.end, CELLS);
        let (offered, unserved) = (means(&workload.request_rate_milli), means(&workload.request_rate_unserved_milli));
        for ((sum, offered), unserved) in sums.iter_mut().zip(offered).zip(unserved) {
            *sum = (sum.0 + offered / 1000.0, sum.1 + unserved / 1000.0);
        }
    }
    sums.extend(sums.last().copied());
    let at = |index| cell_bound(SimTime::ZERO, facts.end, CELLS, index).as_secs_f64();
    let offered = sums.iter().enumerate().map(|(index, (offered, _))| (at(index), *offered)).collect();
    let served = sums.iter().enumerate().map(|(index, (all, lost))| (at(index), (all - lost).max(0.0))).collect();
    let gap = sums.iter().enumerate().map(|(index, (all, lost))| (at(index), (all - lost).max(0.0), *all)).collect();
    let panel = Panel {
        heading: "requests per second".to_owned(),
        x: whole_run(facts),
        y: YAxis::Amount,
        areas: vec![Area {
            label: "unserved".to_owned(),
            color: palette::VERMILION,
            opacity: 0.6,
            shape: Shape::Step,
            points: gap,
        }],
        lines: vec![
            Line::new("offered", stroke(palette::BLACK, 1.5, Dash::Dotted), Shape::Step, offered),
            Line::new("served", stroke(palette::BLUE, 2.0, Dash::Solid), Shape::Step, served),
        ],
        marks: Vec::new(),
    };
    let names = loaded.len();
    let subtitle = format!(
        "Requests offered to {}, and what the ready pods can take within their CPU limits",
        if names == 1 {
            loaded.first().map(|one| short_name(one)).unwrap_or_default()
        } else {
            format!("{names} workloads")
        }
    );
    Some(Figure { title: title.to_owned(), subtitle, note: String::new(), columns: 1, panels: vec![panel] })
}
