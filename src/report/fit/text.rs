//! Answers of `wavetank fit` as text: the answer in one line, then tables, then notes.

use super::{AskedPod, CompressReport, FitReport, Move, NextPod, NodeFit, NodesForReport, OtherAmount, ZoneFit};
use crate::report::format::{Cell, Column, Format, ResultSet};
use crate::report::numbers;
use crate::units::Bytes;
use serde::Serialize;
use std::fmt::Write as _;

/// Lines for people are wrapped here.
const COLUMNS: usize = 80;

impl FitReport {
    /// The report as text that ends with a line break.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let tables = fit_tables(&self.pod, &self.zones, &self.nodes, format);
        render(self, format, &self.answer, self.next.as_ref(), Some(&self.pod), &tables, &self.notes)
    }
}

impl NodesForReport {
    /// The report as text that ends with a line break.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let tables = fit_tables(&self.pod, &self.zones, &self.nodes, format);
        render(self, format, &self.answer, self.next.as_ref(), Some(&self.pod), &tables, &self.notes)
    }
}

impl CompressReport {
    /// The report as text that ends with a line break.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let mut dropped = ResultSet::new(vec![
            Column::new("node", "CAN-GO"),
            Column::wide("zone", "ZONE"),
            Column::new("utilization_percent", "UTILIZATION"),
            Column::new("pods", "PODS"),
            Column::new("go_to", "GO-TO"),
        ]);
        for node in &self.dropped {
            let pods = integer(node.moves.len());
            let to = destinations(&node.moves);
            dropped.push(vec![
                node.node.as_str().into(),
                zone(node.zone.as_ref()),
                percent(node.utilization_ratio),
                pods,
                to,
            ]);
        }
        let mut kept = ResultSet::new(vec![
            Column::new("node", "STAYS"),
            Column::wide("zone", "ZONE"),
            Column::new("utilization_percent", "UTILIZATION"),
            Column::new("reason", "BECAUSE"),
            Column::wide("detail", "DETAIL"),
        ]);
        for node in &self.kept {
            kept.push(vec![
                node.node.as_str().into(),
                zone(node.zone.as_ref()),
                percent(node.utilization_ratio),
                node.reason.as_str().into(),
                node.detail.as_str().into(),
            ]);
        }
        let tables = match format {
            // One table of one form: every node with what happens to it.
            Format::Csv => vec![self.all_nodes()],
            _ => vec![dropped, kept],
        };
        render(self, format, &self.answer, None, None, &tables, &self.notes)
    }

    /// Every node with what happens to it.
    fn all_nodes(&self) -> ResultSet {
        let mut set = ResultSet::new(vec![
            Column::new("node", "NODE"),
            Column::new("zone", "ZONE"),
            Column::new("can_go", "CAN-GO"),
            Column::new("utilization_ratio", "UTILIZATION"),
            Column::new("moved_pods", "PODS"),
            Column::new("reason", "BECAUSE"),
        ]);
        for node in &self.dropped {
            let (ratio, pods) = (Cell::from(node.utilization_ratio), integer(node.moves.len()));
            set.push(vec![node.node.as_str().into(), zone(node.zone.as_ref()), Cell::Bool(true), ratio, pods]);
        }
        for node in &self.kept {
            let (ratio, reason) = (Cell::from(node.utilization_ratio), node.reason.as_str().into());
            let none = Cell::None;
            set.push(vec![node.node.as_str().into(), zone(node.zone.as_ref()), Cell::Bool(false), ratio, none, reason]);
        }
        set
    }
}

/// `worker-2 (3), worker-5 (1)`, by the number of pods.
fn destinations(moves: &[Move]) -> Cell {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for moved in moves {
        match counts.iter_mut().find(|(node, _)| *node == moved.to) {
            Some((_, count)) => *count += 1,
            None => counts.push((&moved.to, 1)),
        }
    }
    if counts.is_empty() {
        return "-".into();
    }
    counts.sort_by(|(left, left_count), (right, right_count)| right_count.cmp(left_count).then(left.cmp(right)));
    let parts: Vec<String> = counts.iter().map(|(node, count)| format!("{node} ({count})")).collect();
    parts.join(", ").into()
}

/// The tables of pods by zone and by node. People read memory as a quantity; programs get bytes, as in the JSON form.
fn fit_tables(pod: &AskedPod, zones: &[ZoneFit], nodes: &[NodeFit], format: Format) -> Vec<ResultSet> {
    let memory = |bytes: i64| if format == Format::Csv { Cell::from(bytes) } else { bytes_text(bytes).into() };
    let mut by_zone =
        ResultSet::new(vec![Column::new("zone", "ZONE"), Column::new("nodes", "NODES"), Column::new("fits", "FITS")]);
    for row in zones {
        by_zone.push(vec![zone(row.zone.as_ref()), integer(row.nodes), integer(row.fits)]);
    }
    let mut columns = vec![
        Column::new("node", "NODE"),
        Column::wide("zone", "ZONE"),
        Column::new("fits", "FITS"),
        Column::new("free_cpu_cores", "CPU-LEFT"),
        Column::new("free_memory_bytes", "MEMORY-LEFT"),
        Column::wide("free_pods", "PODS-LEFT"),
    ];
    if !pod.request_other.is_empty() {
        columns.push(Column::new("free_other", "OTHERS-LEFT"));
    }
    columns.extend([Column::new("one_more", "ONE-MORE"), Column::wide("reasons", "REASONS")]);
    let mut by_node = ResultSet::new(columns);
    for node in nodes {
        let mut row = vec![
            node.node.as_str().into(),
            zone(node.zone.as_ref()),
            integer(node.fits),
            node.free_cpu_cores.into(),
            memory(node.free_memory_bytes),
            node.free_pods.into(),
        ];
        if !pod.request_other.is_empty() {
            row.push(amounts(&node.free_other).into());
        }
        let reasons = node.reasons.join(", ");
        row.push(match node.rejected_by.as_deref() {
            None if reasons.is_empty() => "fits".into(),
            // What is short says more than the plugin, and is as short.
            None | Some("NodeResourcesFit") => reasons.as_str().into(),
            Some(plugin) => plugin.into(),
        });
        row.push(if reasons.is_empty() { Cell::None } else { reasons.into() });
        by_node.push(row);
    }
    vec![by_zone, by_node]
}

/// A report in one of the forms. Programs get the whole of it (CSV: the last table), people the answer first.
fn render<Report: Serialize>(
    report: &Report,
    format: Format,
    answer: &str,
    next: Option<&NextPod>,
    pod: Option<&AskedPod>,
    tables: &[ResultSet],
    notes: &[String],
) -> String {
    match format {
        Format::Json => serde_json::to_value(report).map_or_else(|_| String::new(), |value| format!("{value:#}\n")),
        Format::Yaml => serde_saphyr::to_string(report).unwrap_or_default(),
        Format::Csv => tables.last().map(|table| table.render(format)).unwrap_or_default(),
        Format::Table | Format::Wide | Format::Markdown => {
            let mut text = String::new();
            // One line however long it is: whoever wants the answer alone takes the first line.
            let _ = writeln!(text, "{answer}");
            if let Some(pod) = pod {
                text.push('\n');
                wrap(&mut text, "", &described(pod));
            }
            if let Some(next) = next {
                wrap(&mut text, "", &format!("FailedScheduling: {}", next.message));
            }
            for table in tables.iter().filter(|table| !table.is_empty()) {
                text.push('\n');
                text.push_str(&table.render(format));
            }
            if !notes.is_empty() {
                text.push('\n');
            }
            for note in notes {
                wrap(&mut text, "- ", note);
            }
            text
        }
    }
}

/// `Deployment shop/web requests cpu 500m, memory 256Mi`.
fn described(pod: &AskedPod) -> String {
    let mut parts = Vec::new();
    if pod.request_cpu_cores > 0.0 {
        parts.push(format!("cpu {}", numbers::trimmed(pod.request_cpu_cores, 3)));
    }
    if pod.request_memory_bytes > 0 {
        parts.push(format!("memory {}", bytes_text(pod.request_memory_bytes)));
    }
    if !pod.request_other.is_empty() {
        parts.push(amounts(&pod.request_other));
    }
    let requests = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("{} {}/{}: each pod requests {requests}", pod.kind, pod.namespace, pod.name)
}

fn amounts(amounts: &[OtherAmount]) -> String {
    let parts: Vec<String> = amounts.iter().map(|amount| format!("{} {}", amount.resource, amount.amount)).collect();
    parts.join(", ")
}

/// Breaks a text between words; further lines are indented below the first.
fn wrap(text: &mut String, lead: &str, content: &str) {
    let mut line = lead.to_owned();
    for word in content.split(' ') {
        let is_first = line.len() <= lead.len();
        if !is_first && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
            line = " ".repeat(lead.len().max(2));
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

fn zone(zone: Option<&String>) -> Cell {
    zone.map_or(Cell::None, |zone| zone.as_str().into())
}

fn integer(count: usize) -> Cell {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

fn percent(ratio: f64) -> Cell {
    format!("{:.0}%", ratio * 100.0).into()
}

/// An amount of memory as people read it: `1.5Gi`.
fn bytes_text(amount: i64) -> String {
    const UNITS: [(&str, i64); 4] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    let magnitude = amount.checked_abs().unwrap_or(i64::MAX);
    match UNITS.into_iter().find(|(_, size)| magnitude >= *size) {
        Some((unit, size)) => {
            let value = Bytes::new(amount).as_f64() / Bytes::new(size).as_f64();
            format!("{}{unit}", numbers::trimmed(value, if value.abs() < 10.0 { 2 } else { 1 }))
        }
        None => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_reads_like_a_quantity() {
        let cases = [
            (0, "0"),
            (512, "512"),
            (1 << 20, "1Mi"),
            (1_610_612_736, "1.5Gi"),
            (64 << 30, "64Gi"),
            (-(2 << 30), "-2Gi"),
            (i64::MIN, "-8388608Ti"),
        ];
        for (amount, expected) in cases {
            assert_eq!(bytes_text(amount), expected);
        }
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let mut text = String::new();
        wrap(&mut text, "- ", &"word ".repeat(40).trim_end().replace("word word word", "word a-rather-long-word w"));
        assert!(text.lines().count() > 1);
        for (index, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
            assert!(line.starts_with(if index == 0 { "- " } else { "  " }), "{line}");
        }
    }

    #[test]
    fn destinations_come_by_number() {
        let to = |node: &str| Move { pod: "p".into(), to: node.into() };
        assert_eq!(destinations(&[to("b"), to("a"), to("b")]), Cell::from("b (2), a (1)"));
        assert_eq!(destinations(&[]), Cell::from("-"));
    }
}
