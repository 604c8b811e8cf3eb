//! The heat map: how full each node was over time, by the CPU that its pods request.

use super::words::counted;
use crate::report::read::{ReadError, RunFolder, number};
use serde::Serialize;
use std::collections::BTreeMap;

/// Columns of the map.
const CELLS: usize = 120;

/// How full nodes were over time.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HeatMap {
    /// Length of a column in seconds.
    pub(super) span: f64,
    /// The nodes, in order of creation.
    pub(super) nodes: Vec<HeatRow>,
}

/// A node.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HeatRow {
    /// Its name.
    pub(super) name: String,
    /// Percent of its allocatable CPU that pods request, by column; -1 where there was no node.
    pub(super) percent: Vec<i16>,
}

/// What is known of a node.
struct Node {
    name: String,
    created: f64,
    deleted: f64,
    cores: f64,
    faults: u64,
    core_seconds: Vec<f64>,
}

/// The map, absent without nodes, and what it leaves out.
///
/// # Errors
/// A table is missing or damaged.
pub(super) fn read(run: &RunFolder, most: usize) -> Result<(Option<HeatMap>, String), ReadError> {
    let end = run.run.end_seconds;
    let mut nodes: Vec<Node> = Vec::new();
    let columns = ["name", "created_seconds", "deleted_seconds", "cpu_allocatable_cores", "faults"];
    run.each("nodes.csv", columns, |[name, created, deleted, cores, faults]| {
        nodes.push(Node {
            name: name.to_owned(),
            created: number(created).unwrap_or(0.0),
            deleted: number(deleted).unwrap_or(end),
            cores: number(cores).unwrap_or(0.0),
            faults: faults.parse().unwrap_or(0),
            core_seconds: Vec::new(),
        });
    })?;
    let all = nodes.len();
    let nodes = choose(nodes, most);
    if nodes.is_empty() || end <= 0.0 {
        return Ok((None, String::new()));
    }
    let note = if all > nodes.len() {
        format!(
            "{} of {} are shown: those that a fault struck, and of the others every so many.",
            nodes.len(),
            counted(all as u64, "node")
        )
    } else {
        String::new()
    };
    let span = end / super::words::float(CELLS as u64);
    let mut nodes: BTreeMap<String, (usize, Node)> =
        nodes.into_iter().enumerate().map(|(place, node)| (node.name.clone(), (place, node))).collect();
    for (_, node) in nodes.values_mut() {
        node.core_seconds = vec![0.0; CELLS];
    }
    let columns = ["node", "cpu_request_cores", "scheduled_seconds", "ended_seconds"];
    run.each("pods.csv", columns, |[node, cores, scheduled, ended]| {
        if let (Some((_, node)), Some(from)) = (nodes.get_mut(node), number(scheduled)) {
            let to = number(ended).unwrap_or(end).min(node.deleted);
            node.add(span, from, to, number(cores).unwrap_or(0.0));
        }
    })?;
    let mut rows: Vec<(usize, HeatRow)> = nodes.into_values().map(|(place, node)| (place, node.row(span))).collect();
    rows.sort_by_key(|(place, _)| *place);
    let nodes = rows.into_iter().map(|(_, row)| row).collect();
    Ok((Some(HeatMap { span, nodes }), note))
}

/// Those that a fault struck, and of the others every so many, in order of creation.
fn choose(nodes: Vec<Node>, most: usize) -> Vec<Node> {
    if nodes.len() <= most {
        return nodes;
    }
    let struck = nodes.iter().filter(|node| node.faults > 0).count().min(most);
    let others = nodes.len() - struck;
    let step = others.div_ceil((most - struck).max(1));
    let (mut kept, mut seen, mut kept_struck) = (Vec::new(), 0, 0);
    for node in nodes {
        if node.faults > 0 && kept_struck < struck {
            kept_struck += 1;
            kept.push(node);
        } else {
            if seen % step == 0 && kept.len() < most {
                kept.push(node);
            }
            seen += 1;
        }
    }
    kept
}

/// The columns that a span touches.
fn columns(span: f64, from: f64, to: f64) -> std::ops::Range<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    let place = |seconds: f64| (seconds / span) as usize;
    place(from).min(CELLS)..(place(to) + 1).min(CELLS)
}

/// The part of a column that lies in a span, in seconds.
fn part(span: f64, column: usize, from: f64, to: f64) -> f64 {
    let start = span * super::words::float(column as u64);
    (to.min(start + span) - from.max(start)).max(0.0)
}

impl Node {
    fn add(&mut self, span: f64, from: f64, to: f64, cores: f64) {
        for column in columns(span, from, to) {
            if let Some(sum) = self.core_seconds.get_mut(column) {
                *sum += cores * part(span, column, from, to);
            }
        }
    }

    fn row(self, span: f64) -> HeatRow {
        let percent = self.core_seconds.iter().enumerate().map(|(column, core_seconds)| {
            let there = part(span, column, self.created, self.deleted) * self.cores;
            #[expect(clippy::cast_possible_truncation, reason = "a percentage, and a cast saturates")]
            if there > 0.0 { (core_seconds / there * 100.0).round() as i16 } else { -1 }
        });
        HeatRow { percent: percent.collect(), name: self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, faults: u64) -> Node {
        let core_seconds = vec![0.0; CELLS];
        Node { name: name.to_owned(), created: 0.0, deleted: 60.0, cores: 2.0, faults, core_seconds }
    }

    #[test]
    fn a_node_is_as_full_as_its_pods_ask_while_it_is_there() {
        let mut half = node("a", 0);
        half.add(1.0, 0.5, 2.0, 2.0);
        let row = half.row(1.0);
        assert_eq!(row.percent.get(..4), Some([50, 100, 0, 0].as_slice()));
        assert_eq!(row.percent.last(), Some(&-1), "it was gone by then");
    }

    #[test]
    fn nodes_with_faults_are_shown_first() {
        let nodes = (0..100).map(|place| node(&place.to_string(), u64::from(place == 57))).collect();
        let chosen = choose(nodes, 10);
        assert!(chosen.len() <= 10 && chosen.iter().any(|node| node.name == "57"), "{}", chosen.len());
    }
}
