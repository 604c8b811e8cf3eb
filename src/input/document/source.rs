//! Where documents come from: files, folders, globs, standard input.

use super::yaml;
use crate::input::diagnostic::{Diagnostic, Diagnostics};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where manifests come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestSource {
    /// A file, a folder (all `*.yaml`, `*.yml` and `*.json` in it and in its folders, in the order of their names, as
    /// `kubectl apply -R` takes them) or a glob.
    Path(PathBuf),
    /// Text that is at hand, such as standard input.
    Text {
        /// What to call it in messages, for example `<stdin>`.
        name: Arc<str>,
        /// The text.
        text: String,
    },
}

/// A file that has been read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its name as the user knows it.
    pub name: Arc<str>,
    /// Its text.
    pub text: String,
}

/// Reads all sources. A source that cannot be read is an error, and the others are read still.
pub fn read_sources(sources: &[ManifestSource], diagnostics: &mut Diagnostics) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for source in sources {
        match source {
            ManifestSource::Text { name, text } if yaml::split_documents(text).is_empty() => {
                let message = "is empty (expected manifests: did the command before the pipe fail?)";
                diagnostics.push(Diagnostic::error(name.clone(), message));
            }
            ManifestSource::Text { name, text } => {
                files.push(SourceFile { name: name.clone(), text: without_mark(text.clone()) });
            }
            ManifestSource::Path(path) => {
                for file in expand(path, diagnostics) {
                    files.extend(read_file(&file, diagnostics));
                }
            }
        }
    }
    files
}

/// Reads one file.
fn read_file(path: &Path, diagnostics: &mut Diagnostics) -> Option<SourceFile> {
    let name: Arc<str> = path.display().to_string().into();
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(error) => {
            diagnostics.push(Diagnostic::error(name, error));
            return None;
        }
    };
    match text {
        Ok(text) => Some(SourceFile { name, text: without_mark(text) }),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
            diagnostics.push(Diagnostic::error(name, "is not UTF-8 text (expected YAML or JSON)").at((line, 1)));
            None
        }
    }
}

/// The text without a byte order mark.
fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The files that a path stands for.
fn expand(path: &Path, diagnostics: &mut Diagnostics) -> Vec<PathBuf> {
    let name = path.display().to_string();
    if path.is_dir() {
        let mut files = Vec::new();
        if let Err(error) = collect_files(path, &mut files) {
            diagnostics.push(Diagnostic::error(name, error));
            return Vec::new();
        }
        if files.is_empty() {
            diagnostics.push(Diagnostic::error(name, "holds no manifests (expected *.yaml, *.yml or *.json)"));
        }
        return files;
    }
    if path.exists() || !name.contains(['*', '?', '[']) {
        return vec![path.to_owned()];
    }
    match glob::glob(&name) {
        Ok(found) => {
            // The crate gives paths in the order of their names.
            let files: Vec<PathBuf> = found.filter_map(Result::ok).filter(|file| file.is_file()).collect();
            if files.is_empty() {
                diagnostics.push(Diagnostic::error(name, "matches no file"));
            }
            files
        }
        Err(error) => {
            diagnostics.push(Diagnostic::error(name, format_args!("is not a glob: {error}")));
            Vec::new()
        }
    }
}

/// The manifests of a folder and of the folders in it, in the order of their names. Links to folders are not followed.
fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect_files(&path, files)?;
        } else if is_manifest(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file of a folder is taken for a manifest.
fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(std::ffi::OsStr::to_str);
    extension.is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}
