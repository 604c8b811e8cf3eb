//! The files of the repository by their paths from its root.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path as the pages write it: from the root, with `/` between the folders.
pub fn from_root(path: &Path) -> String {
    let steps = path.strip_prefix(root()).unwrap().iter();
    steps.map(|step| step.to_str().unwrap()).collect::<Vec<_>>().join("/")
}

/// The files below a folder whose name ends in this extension, in order of path.
pub fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == extension) {
                files.push(entry);
            }
        }
    }
    files.sort();
    files
}
