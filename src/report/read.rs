//! Reading the folder of a finished run: `run.json` and the tables that it lists.

use super::run_file::{NOTE, RUN_FILE, RUN_FORMAT_VERSION, RunFile, TableForm};
use csv::{ReaderBuilder, StringRecord};
use flate2::CrcReader;
use serde_json::Value;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the folder of a run cannot be read.
#[derive(Debug, Error)]
#[error("{}: {problem}", file.display())]
pub struct ReadError {
    /// The file or folder.
    pub file: PathBuf,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl ReadError {
    fn new(file: &Path, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), problem: problem.into() }
    }
}

/// The folder of a finished run.
pub(super) struct RunFolder {
    folder: PathBuf,
    /// What `run.json` says.
    pub(super) run: RunFile,
}

impl RunFolder {
    /// Reads `run.json`, and holds the lengths of the tables against it.
    ///
    /// # Errors
    /// The folder is not that of a whole run, or of a version that is not known.
    pub(super) fn open(folder: &Path) -> Result<Self, ReadError> {
        let note = folder.join(NOTE);
        if note.exists() {
            return Err(ReadError::new(
                &note,
                "the files in this folder are of two runs (expected those of one; run it again)",
            ));
        }
        let file = folder.join(RUN_FILE);
        let text = fs::read(&file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                ReadError::new(&file, "is missing (expected the folder that `wavetank run` has written)")
            }
            _ => ReadError::new(&file, format!("cannot be read: {error}")),
        })?;
        let damaged = |error: serde_json::Error| ReadError::new(&file, format!("is damaged: {error}"));
        let document: Value = serde_json::from_slice(&text).map_err(damaged)?;
        let version = document.get("format_version").unwrap_or(&Value::Null);
        if version.as_u64() != Some(RUN_FORMAT_VERSION.into()) {
            let expected = format!(
                "has format_version {version}, which this version of wavetank does not know (expected {RUN_FORMAT_VERSION})"
            );
            return Err(ReadError::new(&file, expected));
        }
        let run: RunFile = serde_json::from_value(document).map_err(damaged)?;
        let opened = Self { folder: folder.to_owned(), run };
        for table in &opened.run.tables {
            opened.check_length(table)?;
        }
        Ok(opened)
    }

    fn check_length(&self, table: &TableForm) -> Result<(), ReadError> {
        let path = self.path(table)?;
        let length = fs::metadata(&path).map_err(|error| cannot_open(&path, &error))?.len();
        if length == table.bytes {
            return Ok(());
        }
        Err(ReadError::new(&path, format!("is damaged: it has {length} bytes (expected {})", table.bytes)))
    }

    /// Where a table is: in the folder, whatever a damaged `run.json` says.
    fn path(&self, table: &TableForm) -> Result<PathBuf, ReadError> {
        let name = Path::new(&table.file);
        if name.file_name() == Some(name.as_os_str()) {
            return Ok(self.folder.join(name));
        }
        let problem = format!("is damaged: `{}` is not the name of a file in its folder", table.file);
        Err(ReadError::new(&self.folder.join(RUN_FILE), problem))
    }

    /// The form of a table, if the run has it.
    pub(super) fn table(&self, file: &str) -> Option<&TableForm> {
        self.run.tables.iter().find(|table| table.file == file)
    }

    /// Gives the cells of these columns of every row, in order; of a table that the run has not, nothing.
    ///
    /// # Errors
    /// The table is missing, damaged, or has not these columns.
    pub(super) fn each<const N: usize>(
        &self,
        file: &str,
        columns: [&str; N],
        mut row: impl FnMut([&str; N]),
    ) -> Result<(), ReadError> {
        let Some(table) = self.table(file) else { return Ok(()) };
        let places = self.places(table, columns)?;
        self.each_record(table, |record| row(places.map(|place| record.get(place).unwrap_or_default())))
    }

    /// Where these columns stand in the rows of a table.
    ///
    /// # Errors
    /// The table has not all of them.
    pub(super) fn places<const N: usize>(
        &self,
        table: &TableForm,
        columns: [&str; N],
    ) -> Result<[usize; N], ReadError> {
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            let found = table.columns.iter().position(|form| form.name == column);
            *place = found.ok_or_else(|| {
                let problem = format!("is damaged: `{}` has no column `{column}`", table.file);
                ReadError::new(&self.folder.join(RUN_FILE), problem)
            })?;
        }
        Ok(places)
    }

    /// Gives every row, in order.
    ///
    /// # Errors
    /// The table is missing or damaged.
    pub(super) fn each_record(&self, table: &TableForm, mut row: impl FnMut(&StringRecord)) -> Result<(), ReadError> {
        let mut rows = self.rows(table)?;
        let mut record = StringRecord::new();
        while rows.next(&mut record)? {
            row(&record);
        }
        Ok(())
    }

    /// Opens a table to read it row by row.
    ///
    /// # Errors
    /// The table is missing, or has other columns than `run.json` says.
    pub(super) fn rows<'a>(&self, table: &'a TableForm) -> Result<Rows<'a>, ReadError> {
        let path = self.path(table)?;
        let file = File::open(&path).map_err(|error| cannot_open(&path, &error))?;
        let reader = ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(CrcReader::new(file));
        let mut rows = Rows { path, table, reader, read: 0 };
        let header = rows.reader.headers().map_err(|error| rows_damaged(&rows.path, &error.to_string()))?;
        if !header.iter().eq(table.columns.iter().map(|column| column.name.as_str())) {
            let problem = format!("its columns are not those that {RUN_FILE} names");
            return Err(rows_damaged(&rows.path, &problem));
        }
        Ok(rows)
    }
}

/// The rows of a table, one after the other: of the table no more than a buffer is in memory.
pub(super) struct Rows<'a> {
    path: PathBuf,
    table: &'a TableForm,
    reader: csv::Reader<CrcReader<File>>,
    read: u64,
}

impl Rows<'_> {
    /// Reads the next row; `false` after the last one.
    ///
    /// # Errors
    /// The table is damaged: a row cannot be read, or at the end its length or checksum is not what `run.json` says.
    pub(super) fn next(&mut self, record: &mut StringRecord) -> Result<bool, ReadError> {
        if self.reader.read_record(record).map_err(|error| rows_damaged(&self.path, &error.to_string()))? {
            self.read += 1;
            return Ok(true);
        }
        let crc32 = format!("{:08x}", self.reader.get_ref().crc().sum());
        if self.read != self.table.rows {
            let problem = format!("it has {} rows (expected {})", self.read, self.table.rows);
            return Err(rows_damaged(&self.path, &problem));
        }
        if crc32 != self.table.crc32 {
            let problem = format!("its checksum is {crc32} (expected {})", self.table.crc32);
            return Err(rows_damaged(&self.path, &problem));
        }
        Ok(false)
    }
}

fn rows_damaged(path: &Path, problem: &str) -> ReadError {
    ReadError::new(path, format!("is damaged: {problem}"))
}

fn cannot_open(path: &Path, error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound => ReadError::new(path, format!("is missing ({RUN_FILE} lists it)")),
        _ => ReadError::new(path, format!("cannot be read: {error}")),
    }
}

/// A cell as a number; `None` if it is empty.
pub(super) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}
