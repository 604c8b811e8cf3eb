//! Small result sets in the forms of `-o table|wide|json|yaml|csv|markdown`.

use super::numbers;
use super::summary_file::json_number;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;
use thiserror::Error;

/// The form of a result set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Columns for people, as kubectl prints them.
    #[default]
    Table,
    /// The same with further columns.
    Wide,
    /// An array of objects.
    Json,
    /// A list of mappings.
    Yaml,
    /// Comma-separated values with a header line.
    Csv,
    /// A table in Markdown.
    Markdown,
}

/// A text names no format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no output format (expected table, wide, json, yaml, csv or markdown)")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Ok(match text {
            "table" => Self::Table,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "csv" => Self::Csv,
            "markdown" => Self::Markdown,
            _ => return Err(UnknownFormat(text.to_owned())),
        })
    }
}

/// One value of a result set.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// Nothing: `<none>` for people, null or empty for programs.
    None,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::None }
    }
}

impl Cell {
    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Integer(value) => Value::from(*value),
            Self::Number(value) => json_number(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::None => Value::Null,
        }
    }

    /// The value for programs; empty for nothing.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(value) => value.to_string(),
            Self::Number(value) => numbers::shortest(*value),
            Self::Bool(value) => value.to_string(),
            Self::None => String::new(),
        }
    }

    /// The value for people, on one line.
    fn shown(&self) -> String {
        match self {
            Self::None => "<none>".to_owned(),
            Self::Number(value) => numbers::trimmed(*value, 4),
            Self::Text(_) | Self::Integer(_) | Self::Bool(_) => self.plain().replace(['\n', '\r'], " "),
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Number(_))
    }
}

/// Which forms have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Every form.
    All,
    /// Every form but `-o table`.
    Wide,
    /// Those for people: table, wide and Markdown.
    People,
    /// Those for programs: JSON, YAML and CSV.
    Programs,
}

/// A column of a result set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in JSON, YAML and CSV: snake_case.
    key: Cow<'static, str>,
    /// Heading for people, as kubectl writes it: `UP-TO-DATE`. It may have several lines.
    heading: Cow<'static, str>,
    audience: Audience,
}

impl Column {
    /// A column of every form.
    #[must_use]
    pub const fn new(key: &'static str, heading: &'static str) -> Self {
        Self { key: Cow::Borrowed(key), heading: Cow::Borrowed(heading), audience: Audience::All }
    }

    /// A column that `-o table` leaves out.
    #[must_use]
    pub const fn wide(key: &'static str, heading: &'static str) -> Self {
        Self { key: Cow::Borrowed(key), heading: Cow::Borrowed(heading), audience: Audience::Wide }
    }

    /// A column that people see, under this heading.
    #[must_use]
    pub fn for_people(heading: impl Into<Cow<'static, str>>) -> Self {
        Self { key: Cow::Borrowed(""), heading: heading.into(), audience: Audience::People }
    }

    /// A column that programs see, under this name.
    #[must_use]
    pub fn for_programs(key: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), heading: Cow::Borrowed(""), audience: Audience::Programs }
    }

    const fn is_in(&self, format: Format) -> bool {
        match self.audience {
            Audience::All => true,
            Audience::Wide => !matches!(format, Format::Table),
            Audience::People => matches!(format, Format::Table | Format::Wide | Format::Markdown),
            Audience::Programs => matches!(format, Format::Json | Format::Yaml | Format::Csv),
        }
    }
}

/// A small result set: every row has a cell for each column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultSet {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl ResultSet {
    /// A set without rows.
    #[must_use]
    pub const fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; missing cells are nothing, surplus ones are dropped.
    pub fn push(&mut self, mut row: Vec<Cell>) {
        row.resize(self.columns.len(), Cell::None);
        self.rows.push(row);
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The set as text that ends with a line break; a table without a row is empty.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let shown = self.only(format);
        match format {
            Format::Table | Format::Wide => shown.table(),
            Format::Json => format!("{:#}\n", Value::Array(shown.objects().map(Value::Object).collect())),
            Format::Yaml => shown.yaml(),
            Format::Csv => shown.csv(),
            Format::Markdown => shown.markdown(),
        }
    }

    /// The columns that a form has.
    fn only(&self, format: Format) -> Self {
        let of_row = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row).filter(|(column, _)| column.is_in(format));
            cells.map(|(_, cell)| cell.clone()).collect()
        };
        Self {
            columns: self.columns.iter().filter(|column| column.is_in(format)).cloned().collect(),
            rows: self.rows.iter().map(of_row).collect(),
        }
    }

    fn objects(&self) -> impl Iterator<Item = Map<String, Value>> + '_ {
        self.rows.iter().map(|row| {
            self.columns.iter().zip(row).map(|(column, cell)| (column.key.to_string(), cell.json())).collect()
        })
    }

    fn table(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(self.columns.iter().map(|column| &*column.heading));
        for row in &self.rows {
            table.add_row(row.iter().map(Cell::shown));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 3));
            column.set_cell_alignment(CellAlignment::Left);
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        lines.concat()
    }

    fn yaml(&self) -> String {
        if self.rows.is_empty() {
            return "[]\n".to_owned();
        }
        let mut text = String::new();
        for object in self.objects() {
            for (index, (key, value)) in object.iter().enumerate() {
                let lead = if index == 0 { "- " } else { "  " };
                // Every JSON scalar is a YAML scalar; quoted texts are never taken for something else.
                let _ = writeln!(text, "{lead}{key}: {value}");
            }
        }
        text
    }

    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = writer.write_record(self.columns.iter().map(|column| &*column.key));
        debug_assert!(header.is_ok(), "writing to memory cannot fail");
        for row in &self.rows {
            let written = writer.write_record(row.iter().map(Cell::plain));
            debug_assert!(written.is_ok(), "rows are as long as the header");
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: Vec<String>| {
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        };
        line(self.columns.iter().map(|column| column.heading.replace('\n', "")).collect());
        let numeric = |index: usize| {
            !self.rows.is_empty() && self.rows.iter().all(|row| row.get(index).is_some_and(Cell::is_number))
        };
        line((0..self.columns.len()).map(|index| if numeric(index) { "---:" } else { "---" }.to_owned()).collect());
        for row in &self.rows {
            line(row.iter().map(|cell| cell.shown().replace('|', "\\|").replace('<', "&lt;")).collect());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ResultSet {
        let mut set = ResultSet::new(vec![
            Column::new("name", "NAME"),
            Column::new("ready", "READY"),
            Column::wide("cost_dollars", "COST"),
        ]);
        set.push(vec!["web, \"a|b\"".into(), Cell::Integer(3), Cell::Number(0.1)]);
        set.push(vec!["true".into(), Cell::Integer(12)]);
        set
    }

    #[test]
    fn every_form_is_as_promised() {
        let cases = [
            ("table", "NAME         READY\nweb, \"a|b\"   3\ntrue         12\n"),
            ("wide", "NAME         READY   COST\nweb, \"a|b\"   3       0.1\ntrue         12      <none>\n"),
            ("csv", "name,ready,cost_dollars\n\"web, \"\"a|b\"\"\",3,0.1\ntrue,12,\n"),
            (
                "yaml",
                "- name: \"web, \\\"a|b\\\"\"\n  ready: 3\n  cost_dollars: 0.1\n- name: \"true\"\n  ready: 12\n  cost_dollars: null\n",
            ),
            (
                "markdown",
                "| NAME | READY | COST |\n| --- | ---: | --- |\n| web, \"a\\|b\" | 3 | 0.1 |\n| true | 12 | &lt;none> |\n",
            ),
        ];
        for (format, expected) in cases {
            assert_eq!(example().render(format.parse().unwrap()), expected, "{format}");
        }
        let json: Value = serde_json::from_str(&example().render(Format::Json)).unwrap();
        assert_eq!(json[1]["ready"], 12);
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("`xml`"));
    }

    #[test]
    fn people_and_programs_see_columns_of_their_own() {
        let mut set = ResultSet::new(vec![Column::for_people("P99-\nSECONDS"), Column::for_programs("p99_seconds")]);
        set.push(vec!["0.3 ±0.1".into(), Cell::Number(0.3)]);
        assert_eq!(set.render(Format::Table), "P99-\nSECONDS\n0.3 ±0.1\n");
        assert_eq!(set.render(Format::Markdown), "| P99-SECONDS |\n| --- |\n| 0.3 ±0.1 |\n");
        assert_eq!(set.render(Format::Csv), "p99_seconds\n0.3\n");
    }

    #[test]
    fn nothing_is_rendered_as_nothing() {
        let set = ResultSet::new(vec![Column::new("name", "NAME")]);
        let cases = [(Format::Table, ""), (Format::Json, "[]\n"), (Format::Yaml, "[]\n"), (Format::Csv, "name\n")];
        for (format, expected) in cases {
            assert_eq!(set.render(format), expected);
        }
    }
}
