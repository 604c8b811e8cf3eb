//! Answers of `wavetank explain` as text: the answer in one line, then tables, then sentences and notes.

use super::grid::Grid;
use super::{ExplainedAttempt, Explanation, FeasibleNode, PreemptionAnswer, PreemptionCandidate, Requests};
use crate::report::format::Format;
use crate::report::numbers;
use std::fmt::Write as _;

/// Lines for people are wrapped here.
const COLUMNS: usize = 80;
/// The most rows of a table, unless all are asked for.
const ROWS: usize = 20;
/// Victims named in a row.
const VICTIMS: usize = 2;

impl Explanation {
    /// The explanation as text that ends with a line break. People see a bounded number of rows unless `all` are asked
    /// for; programs get everything.
    #[must_use]
    pub fn render(&self, format: Format, all: bool) -> String {
        match format {
            Format::Json => serde_json::to_value(self).map_or_else(|_| String::new(), |value| format!("{value:#}\n")),
            Format::Yaml => serde_saphyr::to_string(self).unwrap_or_default(),
            Format::Csv => self.attempt.as_ref().map(|attempt| csv(attempt).render(format)).unwrap_or_default(),
            Format::Table | Format::Wide | Format::Markdown => self.for_people(format, all),
        }
    }

    fn for_people(&self, format: Format, all: bool) -> String {
        // One line however long it is: whoever wants the answer alone takes the first line.
        let mut text = format!("{}\n", self.answer);
        if let Some(attempt) = &self.attempt {
            text.push('\n');
            wrap(&mut text, "", &described(self, attempt));
            if let Some(message) = &attempt.message {
                wrap(&mut text, "", &format!("FailedScheduling: {message}"));
            }
            let rows = if all { usize::MAX } else { ROWS };
            feasible(&mut text, attempt, format, rows);
            rejected(&mut text, attempt, format, rows);
            if let Some(preemption) = &attempt.preemption {
                candidates(&mut text, preemption, format, rows);
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            wrap(&mut text, "- ", note);
        }
        text
    }
}

/// `Deployment/web requests cpu 0.5, memory 256Mi; attempt 2 at 31m5s by default-scheduler 1.36`.
fn described(explanation: &Explanation, attempt: &ExplainedAttempt) -> String {
    let owner = explanation.pod.workload.as_ref().map(|workload| format!("of {workload}, "));
    let last = if attempt.number == explanation.pod.attempts {
        String::new()
    } else {
        format!(" of {}", explanation.pod.attempts)
    };
    format!(
        "Pod {}priority {}, requests {}; attempt {}{last} at {} by {}, Kubernetes {}.",
        owner.unwrap_or_default(),
        attempt.priority,
        requested(&attempt.requests),
        attempt.number,
        attempt.at,
        attempt.scheduler_name,
        attempt.kubernetes_version
    )
}

fn requested(requests: &Requests) -> String {
    let mut parts = Vec::new();
    if requests.cpu_cores > 0.0 {
        parts.push(format!("cpu {}", numbers::trimmed(requests.cpu_cores, 3)));
    }
    if requests.memory_bytes > 0 {
        parts.push(format!("memory {}", memory(requests.memory_bytes)));
    }
    parts.extend(requests.other.iter().map(|amount| format!("{} {}", amount.resource, amount.amount)));
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// An exact amount of memory in the largest unit that divides it.
fn memory(bytes: i64) -> String {
    const UNITS: [(&str, i64); 4] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    match UNITS.into_iter().find(|(_, size)| bytes % size == 0 && bytes != 0) {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => bytes.to_string(),
    }
}

/// A short heading for a plugin; its own name if there is none.
fn short(plugin: &str) -> &str {
    match plugin {
        "TaintToleration" => "TAINT",
        "NodeAffinity" => "NODEAFF",
        "NodeResourcesFit" => "FIT",
        "PodTopologySpread" => "SPREAD",
        "InterPodAffinity" => "PODAFF",
        "DynamicResources" => "DRA",
        "NodeResourcesBalancedAllocation" => "BALANCED",
        "ImageLocality" => "IMAGE",
        other => other,
    }
}

/// The lowest and the highest weighted score of a plugin.
fn range(nodes: &[FeasibleNode], plugin: usize) -> (i64, i64) {
    let scores = || nodes.iter().filter_map(|node| node.scores.get(plugin)).map(|score| score.weighted);
    (scores().min().unwrap_or(0), scores().max().unwrap_or(0))
}

/// The table of scores, what it means, and who outvoted whom.
fn feasible(text: &mut String, attempt: &ExplainedAttempt, format: Format, rows: usize) {
    let nodes = &attempt.feasible;
    let has_scores = nodes.iter().any(|node| !node.scores.is_empty());
    if !has_scores {
        return;
    }
    let wide = format == Format::Wide;
    let ranges: Vec<(i64, i64)> = (0..attempt.plugins.len()).map(|plugin| range(nodes, plugin)).collect();
    let is_shown = |plugin: usize| wide || ranges.get(plugin).is_some_and(|(low, high)| low != high);
    let mut grid = Grid::default().text("").text("NODE");
    if wide {
        grid = grid.text("ZONE");
    }
    grid = grid.number("TOTAL");
    for (_, scoring) in attempt.plugins.iter().enumerate().filter(|(plugin, _)| is_shown(*plugin)) {
        // The space stands below the mark of a favourite.
        grid = grid.number(&format!("{}*{} ", short(&scoring.plugin), scoring.weight));
    }
    for node in nodes.iter().take(rows) {
        let mark = match (node.is_chosen, node.is_best) {
            (true, _) => ">",
            (false, true) => "=",
            _ => "",
        };
        let mut row = vec![mark.to_owned(), node.node.clone()];
        if wide {
            row.push(node.zone.clone().unwrap_or_default());
        }
        row.push(node.total.map(|total| total.to_string()).unwrap_or_default());
        for (plugin, score) in node.scores.iter().enumerate().filter(|(plugin, _)| is_shown(*plugin)) {
            let (low, high) = ranges.get(plugin).copied().unwrap_or_default();
            let favourite = if low != high && score.weighted == high { "^" } else { " " };
            row.push(format!("{}{favourite}", score.weighted));
        }
        grid.push(row);
    }
    text.push('\n');
    text.push_str(&grid.render(format));
    more(text, nodes.len(), rows, "feasible nodes");
    text.push('\n');
    legend(text, attempt, &ranges, wide);
    if !attempt.comparisons.is_empty() {
        text.push('\n');
    }
    for comparison in &attempt.comparisons {
        wrap(text, "", &comparison.sentence);
    }
}

fn more(text: &mut String, count: usize, rows: usize, things: &str) {
    if count > rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "   and {} more {things} (--all shows them)", count - rows);
    }
}

fn legend(text: &mut String, attempt: &ExplainedAttempt, ranges: &[(i64, i64)], wide: bool) {
    let with_ranges = || attempt.plugins.iter().zip(ranges);
    let differs = |range: &(i64, i64)| range.0 != range.1;
    let shown = with_ranges().filter(|(_, range)| wide || differs(range)).map(|(scoring, _)| &scoring.plugin);
    let named: Vec<String> =
        shown.filter(|plugin| short(plugin) != *plugin).map(|plugin| format!("{} = {plugin}", short(plugin))).collect();
    let best = attempt.feasible.iter().filter(|node| node.is_best).count();
    let mut marks = vec!["> chosen"];
    if best > 1 {
        marks.push("= as good");
    }
    if ranges.iter().any(differs) {
        marks.extend(["^ the plugin's favourites", "*N weight, which the scores include"]);
    }
    wrap(text, "  ", &format!("Marks: {}.", marks.join("; ")));
    if !named.is_empty() {
        wrap(text, "  ", &format!("{}.", named.join(", ")));
    }
    let same: Vec<String> = with_ranges()
        .filter(|(_, range)| !wide && !differs(range))
        .map(|(scoring, (score, _))| format!("{} {score}", scoring.plugin))
        .collect();
    if !same.is_empty() {
        wrap(text, "  ", &format!("The same on every feasible node: {}.", same.join(", ")));
    }
}

/// Rejected nodes one by one if they are few, else by plugin and reason.
fn rejected(text: &mut String, attempt: &ExplainedAttempt, format: Format, rows: usize) {
    if attempt.rejected.is_empty() {
        return;
    }
    text.push('\n');
    if attempt.rejected.len() <= rows {
        let mut grid = Grid::default().text("REJECTED").text("BY").text("REASON");
        for node in &attempt.rejected {
            grid.push(vec![node.node.clone(), node.plugin.clone(), node.reasons.join(", ")]);
        }
        text.push_str(&grid.render(format));
        return;
    }
    let mut grid = Grid::default().number("REJECTED").text("BY").text("REASON");
    for rejection in attempt.rejections.iter().take(rows) {
        grid.push(vec![rejection.nodes.to_string(), rejection.plugin.clone(), rejection.reason.clone()]);
    }
    text.push_str(&grid.render(format));
    more(text, attempt.rejections.len(), rows, "reasons");
}

/// The candidates of preemption, and why one of them won.
fn candidates(text: &mut String, preemption: &PreemptionAnswer, format: Format, rows: usize) {
    let mut grid =
        Grid::default().text("").text("CANDIDATE").number("VICTIMS").number("HIGHEST").number("PDB").text("LOST BY");
    let wide = format == Format::Wide;
    grid = grid.text("WOULD GO");
    for candidate in preemption.candidates.iter().take(rows) {
        grid.push(vec![
            if candidate.is_chosen { ">" } else { "" }.to_owned(),
            candidate.node.clone(),
            candidate.victims.len().to_string(),
            candidate.victims.first().map(|victim| victim.priority.to_string()).unwrap_or_default(),
            candidate.pdb_violations.to_string(),
            candidate.lost_by.unwrap_or("-").to_owned(),
            victims(candidate, if wide { usize::MAX } else { VICTIMS }),
        ]);
    }
    if grid.is_empty() {
        return;
    }
    text.push('\n');
    text.push_str(&grid.render(format));
    more(text, preemption.candidates.len(), rows, "candidates");
    text.push('\n');
    wrap(text, "  ", "Marks: > chosen; HIGHEST priority of a victim; PDB violations of PodDisruptionBudgets.");
    text.push('\n');
    wrap(text, "", &preemption.sentence);
}

/// `shop/batch-1, shop/batch-2 and 3 more`.
fn victims(candidate: &PreemptionCandidate, most: usize) -> String {
    let named = candidate.victims.iter().take(most).map(|victim| format!("{}/{}", victim.namespace, victim.name));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if let Some(further) = candidate.victims.len().checked_sub(most).filter(|further| *further > 0) {
        // Writing to a string cannot fail.
        let _ = write!(text, " and {further} more");
    }
    text
}

/// Every node that was looked at, with what each plugin made of it.
fn csv(attempt: &ExplainedAttempt) -> Grid {
    let mut grid = Grid::default().text("node").text("zone").text("status").text("total");
    for scoring in &attempt.plugins {
        grid = grid.text(&scoring.plugin);
    }
    grid = grid.text("rejected_by").text("reasons");
    for node in &attempt.feasible {
        let status = if node.is_chosen { "chosen" } else { "feasible" };
        let total = node.total.map(|total| total.to_string()).unwrap_or_default();
        let mut row = vec![node.node.clone(), node.zone.clone().unwrap_or_default(), status.to_owned(), total];
        row.extend(
            (0..attempt.plugins.len())
                .map(|plugin| node.scores.get(plugin).map(|score| score.weighted.to_string()).unwrap_or_default()),
        );
        row.extend([String::new(), String::new()]);
        grid.push(row);
    }
    for node in &attempt.rejected {
        let zone = node.zone.clone().unwrap_or_default();
        let mut row = vec![node.node.clone(), zone, "rejected".to_owned(), String::new()];
        row.resize(row.len() + attempt.plugins.len(), String::new());
        row.extend([node.plugin.clone(), node.reasons.join("; ")]);
        grid.push(row);
    }
    grid
}

/// Breaks a text between words; further lines are indented below the first.
pub(super) fn wrap(text: &mut String, lead: &str, content: &str) {
    let indent = " ".repeat(lead.len().max(2));
    let mut line = lead.to_owned();
    let mut is_empty = true;
    for word in content.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            text.push_str(&line);
            text.push('\n');
            line.clone_from(&indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_exact() {
        for (bytes, expected) in [(1 << 28, "256Mi"), (3 << 30, "3Gi"), (1000, "1000"), (1025, "1025"), (1024, "1Ki")] {
            assert_eq!(memory(bytes), expected);
        }
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        let mut text = String::new();
        wrap(&mut text, "- ", &"some words ".repeat(20));
        assert!(text.lines().count() > 2);
        for (index, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
            assert!(line.starts_with(if index == 0 { "- some" } else { "  " }), "{line}");
        }
    }
}
