//! Replays recorded decisions of the HorizontalPodAutoscaler controller: single reconciles (`single.jsonl.gz`) and
//! series of them with a simple model of the pods (`sequences.jsonl.gz`).

mod answers;
mod pods;
mod recorded;
mod sequences;
mod single;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use std::fmt::Debug;
use std::path::Path;

/// The recordings of single reconciles.
const SINGLE: &str = "single.jsonl.gz";
/// The recordings of series.
const SEQUENCES: &str = "sequences.jsonl.gz";

/// Replays every case of a folder. One of the two files may be absent.
///
/// # Errors
/// [`ConformanceError`] if both files are absent, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let (single, sequences) = (folder.join(SINGLE), folder.join(SEQUENCES));
    let mut results = Vec::new();
    if single.exists() {
        let cases: Vec<single::SingleCase> = read_json_lines(&single)?;
        results.extend(cases.iter().map(single::replay));
    }
    if sequences.exists() {
        let cases: Vec<sequences::SequenceCase> = read_json_lines(&sequences)?;
        results.extend(cases.iter().map(sequences::replay));
    }
    if !single.exists() && !sequences.exists() {
        let expected = "single.jsonl.gz or sequences.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}

/// Collects the differences of one case.
#[derive(Debug, Default)]
struct Differences(Vec<Difference>);

impl Differences {
    /// Notes a difference if there is one.
    fn compare<T: PartialEq + Debug>(&mut self, field: impl FnOnce() -> String, expected: &T, actual: &T) {
        if expected != actual {
            let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
            self.0.push(Difference { field: field(), expected, actual });
        }
    }
}
