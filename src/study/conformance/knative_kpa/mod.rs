//! Replays recorded decisions of the Knative Pod Autoscaler: series of ticks (`sequences.jsonl.gz`), whole lives down to zero
//! (`lifecycle`), single decisions of the scaler (`decisions`), window averages (`windows`), and what of `config-autoscaler` is
//! refused (`config_errors`).

mod config_errors;
mod decisions;
mod lifecycle;
mod revision;
mod sequences;
mod windows;

use super::answer::replay_file;
use super::{CaseResult, ConformanceError};
use std::path::Path;

/// Replays every case of a folder. Files may be absent, but not all.
///
/// # Errors
/// [`ConformanceError`] if no file is there, or one cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let mut results = replay_file(folder, "sequences", sequences::id, sequences::replay)?;
    results.extend(replay_file(folder, "lifecycle", lifecycle::id, lifecycle::replay)?);
    results.extend(replay_file(folder, "decisions", decisions::id, decisions::replay)?);
    results.extend(replay_file(folder, "windows", windows::id, windows::replay)?);
    results.extend(replay_file(folder, "config_errors", config_errors::id, config_errors::replay)?);
    if results.is_empty() {
        let expected = "sequences, lifecycle, decisions, windows or config_errors.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    Ok(results)
}
