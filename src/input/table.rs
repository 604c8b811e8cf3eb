//! CSV files with a header line, plain or gzipped, read row by row.

use super::diagnostic::Diagnostic;
use crate::units::MAX_AMOUNT;
use flate2::read::MultiGzDecoder;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// What is wrong with a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The file.
    pub file: PathBuf,
    /// Line from 1; 0 where the problem is not in a line.
    pub line: u64,
    /// Name of the column; empty where the problem is not in a column.
    pub column: String,
    /// What was found and what was expected, as a lower-case fragment.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<TableError> for Diagnostic {
    /// The column takes the place of the field.
    fn from(error: TableError) -> Self {
        let column = (!error.column.is_empty()).then(|| format!("column `{}`", error.column));
        Self {
            line: usize::try_from(error.line).ok().filter(|line| *line > 0),
            field: column,
            ..Self::error(error.file.display().to_string(), error.message).with_hint(error.hint)
        }
    }
}

impl fmt::Display for TableError {
    /// As the [`Diagnostic`] that it becomes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Diagnostic::from(self.clone()).fmt(formatter)
    }
}

impl std::error::Error for TableError {}

/// An open CSV file.
pub(super) struct Table {
    file: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    columns: Vec<String>,
    record: csv::StringRecord,
}

/// A column that a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column(usize);

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Table")
            .field("file", &self.file)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a file and reads its header line.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read or has no header line.
    pub fn open(file: &Path) -> Result<Self, TableError> {
        let failed =
            |message: String| TableError { file: file.to_owned(), line: 0, column: String::new(), message, hint: None };
        if file.is_dir() {
            return Err(failed("is a folder (expected a CSV file)".to_owned()));
        }
        let opened = BufReader::new(File::open(file).map_err(|error| failed(format!("cannot be opened: {error}")))?);
        let is_gzip = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let source: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(opened)) } else { Box::new(opened) };
        Self::of_reader(file, source)
    }

    /// Reads text that is at hand; `file` is what messages call it.
    ///
    /// # Errors
    /// [`TableError`] if it has no header line.
    pub fn of_text(file: &Path, text: &'static str) -> Result<Self, TableError> {
        Self::of_reader(file, Box::new(text.as_bytes()))
    }

    fn of_reader(file: &Path, source: Box<dyn Read>) -> Result<Self, TableError> {
        let mut reader = csv::Reader::from_reader(source);
        let columns = match reader.headers() {
            Ok(headers) => headers.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_owned()).collect(),
            Err(error) => return Err(of_csv(file, &error)),
        };
        let table = Self { file: file.to_owned(), reader, columns, record: csv::StringRecord::new() };
        if table.columns.iter().all(String::is_empty) {
            let message = "is empty (expected CSV with a header line)".to_owned();
            return Err(TableError { file: file.to_owned(), line: 0, column: String::new(), message, hint: None });
        }
        Ok(table)
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column of a name.
    pub fn find(&self, name: &str) -> Option<Column> {
        self.columns.iter().position(|column| column == name).map(Column)
    }

    /// The column of a name, which must exist.
    ///
    /// # Errors
    /// [`TableError`] that lists the columns that exist.
    pub fn need(&self, name: &str) -> Result<Column, TableError> {
        self.find(name).ok_or_else(|| self.missing(name))
    }

    /// The error that a column does not exist.
    pub fn missing(&self, name: &str) -> TableError {
        TableError {
            file: self.file.clone(),
            line: 1,
            column: name.to_owned(),
            message: "is missing".to_owned(),
            hint: Some(format!("columns of the file: {}", self.columns.join(", "))),
        }
    }

    /// Goes to the next row; false at the end.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read on or the row is malformed.
    pub fn advance(&mut self) -> Result<bool, TableError> {
        self.reader.read_record(&mut self.record).map_err(|error| of_csv(&self.file, &error))
    }

    /// The text of a column in the current row, without blanks around it.
    pub fn text(&self, column: Column) -> &str {
        self.record.get(column.0).unwrap_or("").trim()
    }

    /// The line of the current row.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// An error in a column of the current row.
    pub fn wrong(&self, column: Column, message: impl Into<String>) -> TableError {
        TableError {
            file: self.file.clone(),
            line: self.line(),
            column: self.columns.get(column.0).cloned().unwrap_or_default(),
            message: message.into(),
            hint: None,
        }
    }

    /// A finite number of the current row.
    ///
    /// # Errors
    /// [`TableError`] if the text is no finite number.
    pub fn number(&self, column: Column) -> Result<f64, TableError> {
        let text = self.text(column);
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.wrong(column, format!("`{}` is not a number", shortened(text)))),
        }
    }

    /// A finite number of the current row that is not below zero.
    ///
    /// # Errors
    /// [`TableError`] if the text is no such number.
    pub fn positive_number(&self, column: Column) -> Result<f64, TableError> {
        match self.number(column)? {
            value if value >= 0.0 => Ok(value),
            value => Err(self.wrong(column, format!("`{value}` is negative (expected zero or more)"))),
        }
    }

    /// A whole number of the current row that is not below zero.
    ///
    /// # Errors
    /// [`TableError`] if the text is no such number or is beyond 2^63 - 1.
    pub fn whole(&self, column: Column) -> Result<i64, TableError> {
        let text = self.text(column);
        match text.parse::<i64>() {
            Ok(value) if value >= 0 => Ok(value),
            Ok(value) => Err(self.wrong(column, format!("`{value}` is negative (expected zero or more)"))),
            Err(_) => Err(self.wrong(column, format!("`{}` is not a whole number", shortened(text)))),
        }
    }

    /// A whole number of the current row that is not below zero, times `factor`: an amount of a resource.
    ///
    /// # Errors
    /// [`TableError`] if the text is no such number or the amount is above [`MAX_AMOUNT`].
    pub fn amount(&self, column: Column, factor: i64) -> Result<i64, TableError> {
        let value = self.whole(column)?;
        let amount = value.checked_mul(factor).filter(|amount| *amount <= MAX_AMOUNT);
        amount.ok_or_else(|| {
            self.wrong(column, format!("`{value}` is too large (expected at most {})", MAX_AMOUNT / factor.max(1)))
        })
    }
}

/// A text cut for a message.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A reader's error with its line.
fn of_csv(file: &Path, error: &csv::Error) -> TableError {
    let (line, message) = match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => (
            pos.as_ref().map_or(0, csv::Position::line),
            format!("the row has {len} values (expected {expected_len}, as many as the header)"),
        ),
        csv::ErrorKind::Utf8 { pos, .. } => {
            (pos.as_ref().map_or(0, csv::Position::line), "the text is not UTF-8".to_owned())
        }
        csv::ErrorKind::Io(error) => (0, format!("cannot be read: {error}")),
        _ => (error.position().map_or(0, csv::Position::line), error.to_string()),
    };
    TableError { file: file.to_owned(), line, column: String::new(), message, hint: None }
}

/// All numbers of one column.
///
/// # Errors
/// [`TableError`] if the file, the column or a value is not as expected, or there is no row.
pub(super) fn read_column(file: &Path, column: &str) -> Result<Vec<f64>, TableError> {
    let mut table = Table::open(file)?;
    let column = table.need(column)?;
    let mut values = Vec::new();
    while table.advance()? {
        values.push(table.number(column)?);
    }
    if values.is_empty() {
        return Err(table.wrong(column, "has no values (expected at least one row)"));
    }
    Ok(values)
}
