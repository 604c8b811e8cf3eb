//! A comparison as a comment on a change: one sentence, what changed, and the rest folded away.
//!
//! Names come from files that others wrote: they stand in code spans, where GitHub and GitLab take nothing for HTML, links,
//! mentions or quick actions.

use super::comparison::{Comparison, PointComparison};
use super::headline;
use super::tolerance::ToleranceState;
use super::verdict::Verdict;
use super::words;
use crate::study::amounts::objective_text;
use std::fmt::Write as _;

/// Rows of a table unless all are wanted; the rest is counted.
const ROWS: usize = 40;

/// The comment. With `all` the tables have what did not change too.
#[must_use]
pub fn markdown(comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    for point in &comparison.points {
        let (title, sentence) = (headline::title(comparison, point), headline::of_point(point));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "**{title}: {sentence}**\n");
        if !point.point.is_empty() {
            let _ = writeln!(text, "At {}\n", code(&point.point));
        }
        add_objectives(&mut text, comparison, point, all);
        add_metrics(&mut text, comparison, point, all);
    }
    let _ = writeln!(text, "<details><summary>What was compared</summary>\n");
    for side in &comparison.sides {
        let scenario =
            if side.scenario.is_empty() { String::new() } else { format!(", scenario {}", code(&side.scenario)) };
        let _ = writeln!(text, "- {}: {} {}{scenario}", side.label, side.kind.word(), code(&side.given));
    }
    for point in &comparison.points {
        add_course(&mut text, comparison, point);
    }
    for warning in &comparison.warnings {
        let _ = writeln!(text, "- {}", code(warning));
    }
    let _ = writeln!(text, "\n</details>");
    text
}

fn add_objectives(text: &mut String, comparison: &Comparison, point: &PointComparison, all: bool) {
    let mut rows = point.pair.objectives.iter().filter(|row| all || row.verdict.is_difference()).peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "| objective | A | {} | verdict |\n| --- | --- | --- | --- |", label(comparison, point));
    for row in rows {
        let (a, b) = (words::met(row, 0), words::met(row, 1));
        let _ =
            writeln!(text, "| {} | {a} | {b} | {} |", cell(&objective_text(&row.objective)), marked(row.verdict, None));
    }
    text.push('\n');
}

fn add_metrics(text: &mut String, comparison: &Comparison, point: &PointComparison, all: bool) {
    let rows = words::told(&point.pair.metrics, all);
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "| metric | A | {} | difference | change | verdict |\n| --- | ---: | ---: | ---: | ---: | --- |",
        label(comparison, point)
    );
    let shown = if all { rows.len() } else { ROWS };
    for row in rows.iter().take(shown) {
        let change = entity(&words::change(row));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {change} | {} |",
            cell(&words::metric(&row.key)),
            entity(&words::side_value(row, 0)),
            entity(&words::side_value(row, 1)),
            words::difference(row),
            marked(row.verdict, row.tolerance)
        );
    }
    if rows.len() > shown {
        let _ = writeln!(text, "\nand {} more metrics", rows.len() - shown);
    }
    text.push('\n');
}

fn add_course(text: &mut String, comparison: &Comparison, point: &PointComparison) {
    let title = headline::title(comparison, point);
    let _ = writeln!(text, "- {title}: {}", headline::basis(point));
    let Some((seed, found)) = &point.difference else { return };
    let other = label(comparison, point);
    let _ = writeln!(text, "- Pods of seed {seed}: {}", words::pods(found, other));
    for pod in &found.pods.moved {
        let [a, b] = [0, 1].map(|side: usize| {
            let node = pod.nodes.get(side).map_or("", String::as_str);
            words::bound(node, pod.bound.get(side).copied().flatten())
        });
        let _ = writeln!(text, "  - {}: A {}, {other} {}", code(&pod.pod), code(&a), code(&b));
    }
    for (label, pods) in ["A", other].iter().zip(&found.pods.only_examples) {
        for pod in pods {
            let _ =
                writeln!(text, "  - {}: in {label} alone, created at {}", code(&pod.pod), words::instant(pod.created));
        }
    }
    let _ = writeln!(text, "- Timelines of seed {seed}: {}", words::timeline(found));
    for line in words::parting(found, other).iter().chain(&words::first_interval(found)) {
        let _ = writeln!(text, "  - {}", code(line));
    }
}

fn label<'a>(comparison: &'a Comparison, point: &PointComparison) -> &'a str {
    comparison.sides.get(point.side).map_or("", |side| side.label.as_str())
}

/// The verdict; bold where it is bad.
fn marked(verdict: Verdict, tolerance: Option<ToleranceState>) -> String {
    let text = match tolerance {
        Some(state) => format!("{}, tolerance {}", verdict.words(), state.words()),
        None => verdict.words().to_owned(),
    };
    let is_bad = verdict == Verdict::Worse && tolerance.is_none_or(|state| state != ToleranceState::Kept);
    if is_bad || tolerance.is_some_and(ToleranceState::is_failure) { format!("**{text}**") } else { text }
}

/// A value without what Markdown takes for the beginning of a tag.
fn entity(text: &str) -> String {
    text.replace('>', "&gt;").replace('<', "&lt;")
}

/// A text of others as a code span: its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|letter| if is_breaking(letter) { ' ' } else { letter }).collect();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // Without an inner space a backtick at the end would join the fence; one space at each end is taken off again.
    let space = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Letters that end a line, and those that turn the direction of the text around.
fn is_breaking(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same in a cell of a table, where a bar ends the cell even in code.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code_whatever_is_in_them() {
        let cases = [
            ("web", "`web`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a\n\n# b", "`a  # b`"),
            ("", "`  `"),
            ("x`` </details> @team", "```x`` </details> @team```"),
            ("a\u{202e}b", "`a b`"),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(cell("a|b"), "`a\\|b`");
    }
}
