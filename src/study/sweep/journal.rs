//! Finished runs on disk while a sweep goes on, so that an interrupted one goes on where it stopped.
//!
//! One JSON object a line: `{"key": "...", "metrics": [["name", "value"], ...], "placements": [...]}`, placements only
//! where runs are compared. A run's key is a checksum over the
//! version, everything that its point simulates and its seed: entries of a scenario that has changed since are never
//! found. Values are decimal texts that read back as the same float.

use super::run::Placement;
use super::{Metrics, SweepError};
use crate::engine::Checksum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Name of the journal in the output folder. It exists only while runs of the sweep are missing.
pub const JOURNAL_FILE: &str = "sweep.partial.jsonl";

/// Identifies a run across invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RunKey(u64);

impl RunKey {
    /// The key of a run of this version.
    pub(super) fn new(fingerprint: u64, seed: u64) -> Self {
        let mut checksum = Checksum::default();
        checksum.write(env!("CARGO_PKG_VERSION").as_bytes());
        checksum.write_u64(fingerprint);
        checksum.write_u64(seed);
        Self(checksum.finish())
    }

    fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    metrics: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    placements: Option<Vec<Placement>>,
}

/// A run that an earlier, interrupted sweep finished.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KnownRun {
    /// Its metrics.
    pub(super) metrics: Metrics,
    /// Where it placed pods; `None` if nobody asked.
    pub(super) placements: Option<Vec<Placement>>,
}

impl Entry {
    fn read(line: &str) -> Option<(RunKey, KnownRun)> {
        let entry: Self = serde_json::from_str(line).ok()?;
        let key = RunKey(u64::from_str_radix(&entry.key, 16).ok()?);
        let metrics: Option<Metrics> =
            entry.metrics.into_iter().map(|(name, value)| Some((name, value.parse().ok()?))).collect();
        Some((key, KnownRun { metrics: metrics?, placements: entry.placements }))
    }
}

/// The journal of one sweep.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens a journal, whose folder is made if it is missing, and gives the runs that are in it. Lines that were not
    /// written whole are skipped.
    pub(super) fn open(path: &Path) -> Result<(Self, BTreeMap<RunKey, KnownRun>), SweepError> {
        let path = path.to_owned();
        let failed = |source| SweepError::Output { file: path.clone(), source };
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(|source| SweepError::Output { file: folder.to_owned(), source })?;
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let runs = text.lines().filter_map(Entry::read).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok((Self { path, file }, runs))
    }

    /// Appends a finished run; it is in the file when this returns.
    pub(super) fn append(
        &mut self,
        key: RunKey,
        metrics: &Metrics,
        placements: Option<&[Placement]>,
    ) -> Result<(), SweepError> {
        let entry = Entry {
            key: key.text(),
            metrics: metrics.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
            placements: placements.map(<[Placement]>::to_vec),
        };
        let failed = |source| SweepError::Output { file: self.path.clone(), source };
        let mut line = serde_json::to_string(&entry).map_err(|error| failed(error.into()))?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(failed)
    }

    /// Removes the journal: every run is in the final files.
    pub(super) fn remove(self) -> Result<(), SweepError> {
        drop(self.file);
        fs::remove_file(&self.path).map_err(|source| SweepError::Output { file: self.path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_reads_back_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = vec![("a".to_owned(), 0.1 + 0.2), ("b".to_owned(), 1e300), ("c".to_owned(), -5e-324)];
        let (mut journal, runs) = Journal::open(&folder.path().join(JOURNAL_FILE)).unwrap();
        assert!(runs.is_empty());
        let placements = vec![Placement {
            workload: "shop/Pod/a".to_owned(),
            pool_and_zone: ("general".to_owned(), "a".to_owned()),
            node: "n0".to_owned(),
            pods: 1,
        }];
        journal.append(RunKey(7), &metrics, None).unwrap();
        journal.append(RunKey(8), &metrics, Some(&placements)).unwrap();
        drop(journal);
        let (journal, runs) = Journal::open(&folder.path().join(JOURNAL_FILE)).unwrap();
        let known = |placements| KnownRun { metrics: metrics.clone(), placements };
        assert_eq!(runs, BTreeMap::from([(RunKey(7), known(None)), (RunKey(8), known(Some(placements)))]));
        journal.remove().unwrap();
        assert!(!folder.path().join(JOURNAL_FILE).exists());
    }

    #[test]
    fn a_torn_line_is_skipped_and_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(JOURNAL_FILE), "{\"key\":\"01\",\"metr").unwrap();
        let (mut journal, runs) = Journal::open(&folder.path().join(JOURNAL_FILE)).unwrap();
        assert!(runs.is_empty());
        journal.append(RunKey(2), &vec![("a".to_owned(), 1.0)], None).unwrap();
        let (_, runs) = Journal::open(&folder.path().join(JOURNAL_FILE)).unwrap();
        assert_eq!(runs.len(), 1);
    }

    #[test]
    fn keys_differ_by_content_and_seed() {
        assert_eq!(RunKey::new(1, 2), RunKey::new(1, 2));
        assert_ne!(RunKey::new(1, 2), RunKey::new(1, 3));
        assert_ne!(RunKey::new(1, 2), RunKey::new(2, 2));
        assert_ne!(RunKey::new(1, 2), RunKey::new(2, 1));
    }
}
