//! `report.html`: one file that says what came of a run, drawn from what its folder holds, so that a run that was finished
//! long ago has the same report, byte for byte, as one that has just ended.
//!
//! Rust reads the tables, chooses what is shown and says in words what was left out; the template lays it out and escapes
//! every name; the script in the page draws the timelines and the lists from one block of JSON.

mod capacity;
mod chart;
mod charts;
mod chosen;
mod content;
mod decisions;
mod heat;
mod latency;
mod lists;
mod marks;
mod nodes;
mod pending;
mod replicas;
mod template;
mod timeline;
mod users;
mod verdict;
mod view;
mod words;

use super::files::{ReportError, write_whole};
use super::read::RunFolder;
use content::Page;
use std::path::{Path, PathBuf};
use view::Limits;

/// Name of the report in the folder of a run.
pub const REPORT_FILE: &str = "report.html";

/// The page stays below this, so that it can be sent by mail.
const MOST_BYTES: usize = 3_000_000;

/// Draws the report of the run in a folder into a file, and gives its path.
///
/// # Errors
/// The folder is not that of a whole run, or the file cannot be written.
pub fn write(folder: &Path, file: &Path) -> Result<PathBuf, ReportError> {
    let text = page(folder, file)?;
    write_whole(file, text.as_bytes())
}

/// The page. What makes it too large is left out by halves, and said to be.
fn page(folder: &Path, file: &Path) -> Result<String, ReportError> {
    let run = RunFolder::open(folder)?;
    let mut limits = Limits::default();
    loop {
        let text = template::render(&Page::read(&run, &limits)?)
            .map_err(|error| ReportError::Draw { file: file.to_owned(), problem: format!("{error:#}") })?;
        if text.len() < MOST_BYTES || !limits.halve() {
            return Ok(text);
        }
    }
}
