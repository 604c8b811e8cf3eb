//! A folder whose files change together: they are written in a hidden folder in it, and put in their places when all are
//! whole. A process that is killed leaves the files of the earlier run, or, in the short while in which files are moved, a
//! note that says that they are of two runs.

use super::files::ReportError;
use super::run_file::NOTE;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The hidden folder.
const STAGE: &str = ".next";
const NOTE_TEXT: &str = "The files in this folder are of two runs: the later one was stopped while it put its files here.\n\
    Run it again.\n";

/// A folder whose next files are being written. Dropped before [`finish`](Self::finish), it leaves the files that are there.
pub(super) struct StagedFolder {
    folder: PathBuf,
    stage: PathBuf,
}

impl StagedFolder {
    /// Makes the folder if it is missing.
    pub(super) fn create(folder: &Path) -> Result<Self, ReportError> {
        let staged = Self { folder: folder.to_owned(), stage: folder.join(STAGE) };
        // What a process left that was killed.
        remove_folder(&staged.stage)?;
        fs::create_dir_all(&staged.stage).map_err(|source| failed(folder, source))?;
        Ok(staged)
    }

    /// Where the next files are written.
    pub(super) fn stage(&self) -> &Path {
        &self.stage
    }

    /// Puts the files that were written in their places, and removes those of `obsolete` (paths below the folder) that an
    /// earlier run left. Gives the paths of the files.
    pub(super) fn finish(self, obsolete: &[PathBuf]) -> Result<Vec<PathBuf>, ReportError> {
        let note = self.folder.join(NOTE);
        fs::write(&note, NOTE_TEXT).map_err(|source| failed(&note, source))?;
        let mut placed = Vec::new();
        self.place(Path::new(""), &mut placed)?;
        for path in obsolete {
            let path = self.folder.join(path);
            remove_file(&path)?;
        }
        remove_file(&note)?;
        Ok(placed)
    }

    /// Moves the files of a folder below the hidden one, in order of their names.
    fn place(&self, below: &Path, placed: &mut Vec<PathBuf>) -> Result<(), ReportError> {
        let from = self.stage.join(below);
        let read = || -> io::Result<Vec<PathBuf>> {
            fs::read_dir(&from)?.map(|entry| entry.map(|entry| below.join(entry.file_name()))).collect()
        };
        let mut entries = read().map_err(|source| failed(&from, source))?;
        entries.sort();
        for entry in entries {
            let (source, target) = (self.stage.join(&entry), self.folder.join(&entry));
            if source.is_dir() {
                fs::create_dir_all(&target).map_err(|error| failed(&target, error))?;
                self.place(&entry, placed)?;
            } else {
                fs::rename(&source, &target).map_err(|error| failed(&target, error))?;
                placed.push(target);
            }
        }
        Ok(())
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        // Nothing more can be done about a leftover that cannot be removed; the next run tries again.
        let _ = fs::remove_dir_all(&self.stage);
    }
}

fn failed(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write { file: path.to_owned(), source }
}

fn remove_folder(path: &Path) -> Result<(), ReportError> {
    match fs::remove_dir_all(path) {
        Err(source) if !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(failed(path, source))
        }
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> Result<(), ReportError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(failed(path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_change_together() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("out");
        let staged = StagedFolder::create(&folder).unwrap();
        fs::create_dir(staged.stage().join("charts")).unwrap();
        for name in ["a.csv", "b.csv", "charts/c.svg"] {
            fs::write(staged.stage().join(name), "one").unwrap();
        }
        assert_eq!(names(&folder), [STAGE], "nothing is in its place yet");
        let placed = staged.finish(&[]).unwrap();
        assert_eq!(placed, ["a.csv", "b.csv", "charts/c.svg"].map(|name| folder.join(name)));
        assert_eq!(names(&folder), ["a.csv", "b.csv", "charts"]);
        // A run that fails on the way leaves all as it was; so does one that was killed, as far as the next one cares.
        let staged = StagedFolder::create(&folder).unwrap();
        fs::write(staged.stage().join("a.csv"), "half").unwrap();
        drop(staged);
        assert_eq!(fs::read_to_string(folder.join("a.csv")).unwrap(), "one");
        fs::create_dir(folder.join(STAGE)).unwrap();
        fs::write(folder.join(STAGE).join("d.csv"), "of a killed run").unwrap();
        fs::write(folder.join(NOTE), "").unwrap();
        let staged = StagedFolder::create(&folder).unwrap();
        fs::write(staged.stage().join("a.csv"), "two").unwrap();
        staged.finish(&[PathBuf::from("b.csv"), PathBuf::from("never.csv")]).unwrap();
        assert_eq!(names(&folder), ["a.csv", "charts"]);
        assert_eq!(fs::read_to_string(folder.join("a.csv")).unwrap(), "two");
    }
}
