//! A comparison for people at a terminal.

use super::comparison::{Comparison, PointComparison};
use super::headline;
use super::words;
use crate::report::RunDifference;
use crate::report::format::{Column, Format, ResultSet};
use crate::study::amounts::{objective_text, push_wrapped};
use std::fmt::Write as _;

/// What was compared, then for each pair a sentence and tables of what differs; of everything with `all`.
#[must_use]
pub fn text(comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    for side in &comparison.sides {
        let name = if side.scenario.is_empty() { String::new() } else { format!(" of {}", side.scenario) };
        let name = if side.kind == super::side::SideKind::Scenario { format!(" {}", side.scenario) } else { name };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}: {}{name}", side.label, plain(&side.given), side.kind.word());
    }
    for point in &comparison.points {
        let _ = writeln!(text, "\n{}: {}", headline::title(comparison, point), headline::of_point(point));
        if !point.point.is_empty() {
            let _ = writeln!(text, "at {}", plain(&point.point));
        }
        let _ = writeln!(text, "{}", headline::basis(point));
        add_tables(&mut text, comparison, point, all);
        if let Some((seed, found)) = &point.difference {
            add_course(&mut text, *seed, found, &label(comparison, point));
        }
    }
    text
}

fn add_tables(text: &mut String, comparison: &Comparison, point: &PointComparison, all: bool) {
    let other = label(comparison, point);
    let mut table = ResultSet::new(vec![
        Column::for_people("METRIC"),
        Column::for_people("A"),
        Column::for_people(other.clone()),
        Column::for_people("DIFFERENCE"),
        Column::for_people("VERDICT"),
    ]);
    for row in words::told(&point.pair.metrics, all) {
        table.push(vec![
            plain(&words::metric(&row.key)).into(),
            words::side_value(row, 0).into(),
            words::side_value(row, 1).into(),
            words::difference(row).into(),
            words::verdict(row).into(),
        ]);
    }
    let mut objectives = ResultSet::new(vec![
        Column::for_people("OBJECTIVE"),
        Column::for_people("A"),
        Column::for_people(other),
        Column::for_people("VERDICT"),
    ]);
    for row in point.pair.objectives.iter().filter(|row| all || row.verdict.is_difference()) {
        objectives.push(vec![
            plain(&objective_text(&row.objective)).into(),
            words::met(row, 0).into(),
            words::met(row, 1).into(),
            row.verdict.words().into(),
        ]);
    }
    for table in [objectives, table] {
        if !table.is_empty() {
            let _ = write!(text, "\n{}", table.render(Format::Table));
        }
    }
}

fn add_course(text: &mut String, seed: u64, found: &RunDifference, other: &str) {
    let _ = writeln!(text, "\npods       {} (seed {seed})", words::pods(found, other));
    for pod in &found.pods.moved {
        let [a, b] = [0, 1].map(|side: usize| {
            let node = pod.nodes.get(side).map_or("", String::as_str);
            plain(&words::bound(node, pod.bound.get(side).copied().flatten()))
        });
        let _ = writeln!(text, "  {}: {a}; in {other} {b}", plain(&pod.pod));
    }
    for (label, pods) in ["A", other].iter().zip(&found.pods.only_examples) {
        for pod in pods {
            let _ =
                writeln!(text, "  {}: in {label} alone, created at {}", plain(&pod.pod), words::instant(pod.created));
        }
    }
    let _ = writeln!(text, "timelines  {}", words::timeline(found));
    for line in words::parting(found, other).into_iter().chain(words::first_interval(found)) {
        push_wrapped(text, "  ", &plain(&line), 4);
    }
}

/// Names from input without what moves a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The label of the side that is held against A.
fn label(comparison: &Comparison, point: &PointComparison) -> String {
    comparison.sides.get(point.side).map_or_else(String::new, |side| side.label.clone())
}
