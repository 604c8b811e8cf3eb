//! The timelines: which lines there are, in which unit.

use super::chart::{Chart, Line, Style};
use super::latency;
use super::replicas;
use super::timeline::Grid;
use super::view::Limits;
use crate::report::metrics::resource_name;
use crate::report::read::{ReadError, RunFolder, number};
use std::collections::BTreeMap;

const GIB: f64 = 1_073_741_824.0;
/// The most instance types that get a line.
const TYPES: usize = 7;

/// The timelines of a run, in the order of the page, and what they leave out.
///
/// # Errors
/// A table is missing or damaged.
pub(super) fn read(run: &RunFolder, grid: &Grid, limits: &Limits) -> Result<(Vec<Chart>, String), ReadError> {
    let mut charts = Vec::new();
    if grid.cells() == 0 {
        return Ok((charts, String::new()));
    }
    let mut notes = Vec::new();
    let (latencies, note) = latency::charts(run, grid, limits.charts)?;
    charts.extend(latencies);
    notes.extend(note);
    charts.extend(pending(grid));
    let (workloads, note) = replicas::charts(run, grid, limits.charts)?;
    charts.extend(workloads);
    notes.extend(note);
    charts.extend(utilization(grid));
    let (chart, note) = nodes(grid, &type_names(run)?);
    charts.extend(chart);
    notes.extend(note);
    charts.extend(cost(run, grid)?);
    Ok((charts, notes.join(" ")))
}

fn lines<const N: usize>(grid: &Grid, scale: f64, lines: [(&str, Style, &str); N]) -> Vec<Line> {
    let line = |(label, style, column): (&str, Style, &str)| Some(Line::new(label, style, grid.column(column, scale)?));
    lines.into_iter().filter_map(line).collect()
}

fn pending(grid: &Grid) -> Option<Chart> {
    (grid.most("pods_pending_max") > 0.0).then(|| {
        let of = [("most at one time", Style::Area, "pods_pending_max"), ("mean", Style::Solid, "pods_pending_mean")];
        Chart::new("Pods that wait to be bound", "pods", grid, lines(grid, 1.0, of))
    })
}

fn utilization(grid: &Grid) -> Vec<Chart> {
    let mut charts = Vec::new();
    for (resource, title, unit, scale) in [("cpu", "CPU", "cores", 1.0), ("memory", "Memory", "GiB", GIB)] {
        let size = if resource == "cpu" { "cores" } else { "bytes" };
        let column = |part: &str| format!("{resource}_{part}_{size}_mean");
        let (allocatable, requested, used) = (column("allocatable"), column("requested"), column("used"));
        let mut of =
            lines(grid, scale, [("allocatable", Style::Dashed, &allocatable), ("requested", Style::Area, &requested)]);
        if grid.most(&used) > 0.0 {
            of.extend(lines(grid, scale, [("used", Style::Dotted, &used)]));
        }
        charts.push(Chart::new(format!("{title}: what pods request and use of what nodes offer"), unit, grid, of));
    }
    let extended = grid.names().filter_map(|name| name.strip_suffix("_allocatable_mean"));
    for resource in extended {
        let [allocatable, requested] = ["allocatable", "requested"].map(|part| format!("{resource}_{part}_mean"));
        if grid.most(&allocatable) > 0.0 {
            let of = [("allocatable", Style::Dashed, allocatable.as_str()), ("requested", Style::Area, &requested)];
            charts.push(Chart::new(resource, "units", grid, lines(grid, 1.0, of)));
        }
    }
    charts
}

/// The instance type in the name of a column of `timeline.csv`.
fn type_of(column: &str) -> &str {
    column.strip_prefix("nodes_").and_then(|name| name.strip_suffix("_mean")).unwrap_or(column)
}

/// The names of instance types by the form that they have in the names of columns.
fn type_names(run: &RunFolder) -> Result<BTreeMap<String, String>, ReadError> {
    let mut names = BTreeMap::new();
    run.each("nodes.csv", ["instance_type"], |[name]| {
        names.entry(resource_name(name)).or_insert_with(|| name.to_owned());
    })?;
    Ok(names)
}

/// Nodes, by type where there are several.
fn nodes(grid: &Grid, names: &BTreeMap<String, String>) -> (Option<Chart>, Option<String>) {
    let special = ["nodes_mean", "nodes_ready_mean"];
    let mut types: Vec<&str> = grid
        .names()
        .filter(|name| name.starts_with("nodes_") && name.ends_with("_mean") && !special.contains(name))
        .filter(|name| grid.most(name) > 0.0)
        .collect();
    let count = types.len();
    let share = |name: &&str| grid.mean(name).unwrap_or(0.0);
    types.sort_by(|one, other| share(other).total_cmp(&share(one)));
    types.truncate(TYPES);
    let mut of = lines(grid, 1.0, [("all", Style::Area, "nodes_mean"), ("ready", Style::Dashed, "nodes_ready_mean")]);
    // One type alone is the line of all.
    for name in types.into_iter().filter(|_| count > 1) {
        let label = type_of(name);
        let label = names.get(label).map_or(label, String::as_str);
        of.extend(lines(grid, 1.0, [(label, Style::Solid, name)]));
    }
    if grid.most("instances_launching_mean") > 0.0 {
        of.extend(lines(grid, 1.0, [("launching", Style::Dotted, "instances_launching_mean")]));
    }
    let note = (count > TYPES).then(|| format!("{TYPES} of {count} instance types have a line; timeline.csv has all."));
    let chart = (grid.most("nodes_mean") > 0.0).then(|| Chart::new("Nodes", "nodes", grid, of));
    (chart, note)
}

/// What the nodes in the API cost for an hour.
fn cost(run: &RunFolder, grid: &Grid) -> Result<Option<Chart>, ReadError> {
    let mut integrals = vec![0.0; grid.cells()];
    let end = run.run.end_seconds;
    run.each(
        "nodes.csv",
        ["created_seconds", "deleted_seconds", "price_per_hour_dollars"],
        |[created, deleted, price]| {
            let created = number(created).unwrap_or(0.0);
            grid.add(&mut integrals, created, number(deleted).unwrap_or(end), number(price).unwrap_or(0.0));
        },
    )?;
    let is_priced = integrals.iter().any(|integral| *integral > 0.0);
    let line = Line::new("nodes in the API", Style::Area, grid.means_of(&integrals));
    Ok(is_priced.then(|| Chart::new("Cost of the nodes", "dollars per hour", grid, vec![line])))
}
