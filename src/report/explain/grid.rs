//! Tables whose headings are made at run time, with numbers to the right.

use crate::report::format::Format;
use std::fmt::Write as _;

/// A column of a [`Grid`].
#[derive(Clone, Debug)]
struct GridColumn {
    heading: String,
    is_number: bool,
}

/// A table for people or as CSV.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    columns: Vec<GridColumn>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A column of text.
    pub fn text(mut self, heading: &str) -> Self {
        self.columns.push(GridColumn { heading: heading.to_owned(), is_number: false });
        self
    }

    /// A column of numbers.
    pub fn number(mut self, heading: &str) -> Self {
        self.columns.push(GridColumn { heading: heading.to_owned(), is_number: true });
        self
    }

    /// Adds a row with a cell for each column.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a cell for each column");
        self.rows.push(row);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text that ends with a line break.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
            _ => self.columns(),
        }
    }

    fn headings(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.heading.clone()).collect()
    }

    fn columns(&self) -> String {
        let headings = self.headings();
        let lines = || std::iter::once(&headings).chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| lines().filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in lines() {
            let mut line = String::new();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                // Writing to a string cannot fail.
                let _ =
                    if column.is_number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('<', "&lt;")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        };
        line(&self.headings());
        let rule = |column: &GridColumn| if column.is_number { "---:" } else { "---" }.to_owned();
        line(&self.columns.iter().map(rule).collect::<Vec<_>>());
        for row in &self.rows {
            line(row);
        }
        text
    }

    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.headings()).chain(&self.rows) {
            let written = writer.write_record(row);
            debug_assert!(written.is_ok(), "rows are as long as the header");
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut grid = Grid::default().text("NODE").number("TOTAL");
        grid.push(vec!["a|b".into(), "7".into()]);
        grid.push(vec!["general-1".into(), "1234567".into()]);
        let cases = [
            (Format::Table, "NODE         TOTAL\na|b              7\ngeneral-1  1234567\n"),
            (Format::Csv, "NODE,TOTAL\na|b,7\ngeneral-1,1234567\n"),
            (Format::Markdown, "| NODE | TOTAL |\n| --- | ---: |\n| a\\|b | 7 |\n| general-1 | 1234567 |\n"),
        ];
        for (format, expected) in cases {
            assert_eq!(grid.render(format), expected, "{format:?}");
        }
    }
}
