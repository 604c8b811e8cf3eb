//! The pieces that the page is made of: tables, bars, and how much of a large run they show.

use serde::Serialize;

/// How much of a large run is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Points of a line.
    pub(super) points: usize,
    /// Rows of the list of pods.
    pub(super) pods: usize,
    /// Rows of the list of Events.
    pub(super) events: usize,
    /// Rows of the autoscalers' decisions, and of each other table.
    pub(super) rows: usize,
    /// Marks in the timelines.
    pub(super) marks: usize,
    /// Rows of the heat map.
    pub(super) nodes: usize,
    /// Workloads and traffic entries that get charts.
    pub(super) charts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { points: 800, pods: 4000, events: 4000, rows: 400, marks: 400, nodes: 60, charts: 6 }
    }
}

impl Limits {
    /// Shows half as much; whether there is anything left to halve.
    pub(super) const fn halve(&mut self) -> bool {
        if self.rows <= 10 {
            return false;
        }
        *self = Self {
            points: self.points / 2,
            pods: self.pods / 2,
            events: self.events / 2,
            rows: self.rows / 2,
            marks: self.marks / 2,
            nodes: self.nodes,
            charts: self.charts,
        };
        true
    }
}

/// A table of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct TableView {
    /// What it is, for those who hear it; also its heading where it has none.
    pub(super) caption: String,
    /// Headings; those of numbers stand at the right.
    pub(super) head: Vec<Heading>,
    /// Cells.
    pub(super) rows: Vec<Vec<String>>,
    /// What was left out; may be empty.
    pub(super) note: String,
}

/// The heading of a column.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Heading {
    /// Its text.
    pub(super) text: &'static str,
    /// How its cells stand: `number` at the right, `whole` in one line, `long` with room for a sentence; may be empty.
    pub(super) class: &'static str,
}

impl TableView {
    /// A table without a row; a heading that ends in `#` is that of numbers, `@` of cells in one line, `*` of sentences.
    pub(super) fn new(caption: &str, head: &[&'static str]) -> Self {
        let heading = |text: &&'static str| {
            let kinds = [('#', "number"), ('@', "whole"), ('*', "long")];
            let found = kinds.into_iter().find_map(|(mark, class)| Some((text.strip_suffix(mark)?, class)));
            let (text, class) = found.unwrap_or((text, ""));
            Heading { text, class }
        };
        Self { caption: caption.to_owned(), head: head.iter().map(heading).collect(), ..Self::default() }
    }

    /// Says what was left out if not all rows are there.
    pub(super) fn note_of(&mut self, all: u64, things: &str, file: &str) {
        let shown = self.rows.len() as u64;
        if all > shown {
            let [shown, all] = [shown, all].map(|count| crate::report::numbers::grouped(super::words::float(count)));
            self.note = format!("{shown} of {all} {things}; {file} has all.");
        }
    }
}

/// A share of a whole, drawn as a bar.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Share {
    /// What it is.
    pub(super) label: String,
    /// Percent of the whole, for the width.
    pub(super) percent: f64,
    /// Percent and amount in words.
    pub(super) text: String,
}

/// A whole that is split.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Split {
    /// What is split.
    pub(super) heading: String,
    /// Its parts.
    pub(super) shares: Vec<Share>,
}
