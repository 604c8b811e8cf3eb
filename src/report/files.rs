//! Files that are either whole or not there, and CSV rows on top of them.

use super::numbers;
use super::read::ReadError;
use super::run_file::{Cells, ColumnForm, TableForm};
use crate::units::{SimDuration, SimTime};
use flate2::Crc;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a result cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be written.
    #[error("{}: cannot be written: {source}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was just written cannot be read back for the report.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A chart cannot be drawn.
    #[error("{}: cannot be drawn: {problem}", file.display())]
    Draw {
        /// The chart's file.
        file: PathBuf,
        /// Why.
        problem: String,
    },
}

/// A file under a temporary name beside its final one. Dropped before [`finish`](Self::finish), it leaves nothing.
pub(super) struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<BufWriter<File>>,
    checksum: Crc,
    length: u64,
}

/// The name that a file has until it is whole: hidden, beside the final one, with the same extension.
pub(super) fn temporary_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".part-");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

impl WholeFile {
    /// Starts a file; its folder must exist.
    pub(super) fn create(path: &Path) -> Result<Self, ReportError> {
        let temporary = temporary_name(path);
        let file = File::create(&temporary).map_err(|source| ReportError::Write { file: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            writer: Some(BufWriter::with_capacity(1 << 16, file)),
            checksum: Crc::new(),
            length: 0,
        })
    }

    /// Puts the file in its place and gives its path.
    pub(super) fn finish(mut self) -> Result<PathBuf, ReportError> {
        let finish = |writer: Option<BufWriter<File>>| -> io::Result<()> {
            if let Some(writer) = writer {
                // Closed before the rename: an open file cannot be renamed everywhere.
                drop(writer.into_inner().map_err(io::IntoInnerError::into_error)?);
            }
            fs::rename(&self.temporary, &self.path)
        };
        finish(self.writer.take()).map_err(|source| ReportError::Write { file: self.path.clone(), source })?;
        Ok(std::mem::take(&mut self.path))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))?;
        self.checksum.update(bytes.get(..written).unwrap_or_default());
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            drop(self.writer.take());
            // Nothing more can be done about a leftover that cannot be removed.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a whole small file.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<PathBuf, ReportError> {
    let mut file = WholeFile::create(path)?;
    file.write_all(content).map_err(|source| ReportError::Write { file: path.to_owned(), source })?;
    file.finish()
}

/// A CSV file that is written cell by cell: nothing but the current row is held in memory.
pub(super) struct Table {
    path: PathBuf,
    writer: csv::Writer<WholeFile>,
    columns: Vec<ColumnForm>,
    rows: u64,
    cells: usize,
    /// The text of the number that is being written.
    number: String,
}

impl Table {
    /// Starts a table with its header line.
    pub(super) fn create(path: &Path, columns: &[&str]) -> Result<Self, ReportError> {
        let mut writer = csv::WriterBuilder::new().flexible(false).from_writer(WholeFile::create(path)?);
        writer.write_record(columns).map_err(|error| write_error(path, error))?;
        let columns = columns.iter().map(|name| ColumnForm { name: (*name).to_owned(), cells: Cells::None }).collect();
        Ok(Self { path: path.to_owned(), writer, columns, rows: 0, cells: 0, number: String::new() })
    }

    /// A cell of text.
    pub(super) fn text(&mut self, value: &str) -> Result<(), ReportError> {
        self.note(Cells::Text);
        self.writer.write_field(value).map_err(|error| write_error(&self.path, error))
    }

    /// Notes what a cell of the column holds.
    fn note(&mut self, cells: Cells) {
        if let Some(column) = self.columns.get_mut(self.cells) {
            column.cells = column.cells.max(cells);
        }
        self.cells += 1;
    }

    /// `amount / 10^digits`, exactly; an absent one leaves the cell empty.
    pub(super) fn decimal(&mut self, amount: Option<i128>, digits: u32) -> Result<(), ReportError> {
        self.number.clear();
        if let Some(amount) = amount {
            numbers::push_decimal(&mut self.number, amount, digits);
        }
        self.note(if digits == 0 { Cells::Integer } else { Cells::Number });
        self.writer.write_field(&self.number).map_err(|error| write_error(&self.path, error))
    }

    /// A whole number.
    pub(super) fn integer(&mut self, value: impl Into<i128>) -> Result<(), ReportError> {
        self.decimal(Some(value.into()), 0)
    }

    /// A float; an absent one leaves the cell empty.
    pub(super) fn float(&mut self, value: Option<f64>) -> Result<(), ReportError> {
        self.note(Cells::Number);
        self.writer
            .write_field(value.map(numbers::shortest).unwrap_or_default())
            .map_err(|error| write_error(&self.path, error))
    }

    /// An instant in exact seconds; an absent one leaves the cell empty.
    pub(super) fn instant(&mut self, value: Option<SimTime>) -> Result<(), ReportError> {
        self.span(value.map(SimTime::since_start))
    }

    /// A span in exact seconds; an absent one leaves the cell empty.
    pub(super) fn span(&mut self, value: Option<SimDuration>) -> Result<(), ReportError> {
        self.decimal(value.map(|span| span.as_nanos().into()), 9)
    }

    /// A whole number in thousandths, exactly; an absent one leaves the cell empty.
    pub(super) fn thousandths(&mut self, value: Option<i64>) -> Result<(), ReportError> {
        self.decimal(value.map(i128::from), 3)
    }

    /// A whole number; an absent one leaves the cell empty.
    pub(super) fn count(&mut self, value: Option<i64>) -> Result<(), ReportError> {
        self.decimal(value.map(i128::from), 0)
    }

    /// Ends the row.
    pub(super) fn end_row(&mut self) -> Result<(), ReportError> {
        debug_assert_eq!(
            self.cells,
            self.columns.len(),
            "{}: every row has a cell for each column",
            self.path.display()
        );
        self.cells = 0;
        self.rows += 1;
        self.writer.write_record(None::<&[u8]>).map_err(|error| write_error(&self.path, error))
    }

    /// Puts the file in its place and gives its form.
    pub(super) fn finish(self) -> Result<TableForm, ReportError> {
        let file = self.writer.into_inner().map_err(|error| ReportError::Write {
            file: self.path.clone(),
            source: io::Error::new(error.error().kind(), error.error().to_string()),
        })?;
        let form = TableForm {
            file: self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            rows: self.rows,
            bytes: file.length,
            crc32: format!("{:08x}", file.checksum.sum()),
            columns: self.columns,
        };
        file.finish()?;
        Ok(form)
    }
}

fn write_error(path: &Path, error: csv::Error) -> ReportError {
    ReportError::Write { file: path.to_owned(), source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pods.csv");
        let mut table = Table::create(&path, &["a", "b"]).unwrap();
        table.text("x").unwrap();
        drop(table);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_finished_file_has_its_name_and_quotes_what_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pods.csv");
        let mut table = Table::create(&path, &["a", "b"]).unwrap();
        table.text("one, \"two\"").unwrap();
        table.span(Some(SimDuration::from_millis(1_500))).unwrap();
        table.end_row().unwrap();
        let written = table.finish().unwrap();
        let cells: Vec<Cells> = written.columns.iter().map(|column| column.cells).collect();
        assert_eq!((written.rows, written.bytes, cells), (1, 23, vec![Cells::Text, Cells::Number]));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n\"one, \"\"two\"\"\",1.5\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_names_the_file() {
        let path = Path::new("/nonexistent/folder/pods.csv");
        let error = write_whole(path, b"").unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/folder/pods.csv: cannot be written: "), "{error}");
    }
}
