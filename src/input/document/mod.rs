//! Files to documents: reading sources, telling JSON from YAML, splitting streams, and finding where a field is written.

pub mod field_path;
mod json_position;
pub mod typed;
mod yaml;

use crate::input::{Diagnostic, Diagnostics};
use field_path::{PathStep, parse_path};
use serde_json::Value;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yaml::{Position, SpanTree};

/// Where manifests come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestSource {
    /// A file, a folder (all `*.yaml`, `*.yml` and `*.json` in it, in the order of their names) or a glob.
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
        let entries = match std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => {
                diagnostics.push(Diagnostic::error(name, error));
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|file| is_manifest(file) && file.is_file()).collect();
        files.sort();
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

/// Whether a file of a folder is taken for a manifest.
fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(std::ffi::OsStr::to_str);
    extension.is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
}

/// One document of a file.
#[derive(Debug)]
pub struct Document<'a> {
    /// The file's name.
    pub file: Arc<str>,
    /// What the document holds.
    pub value: Value,
    format: Format,
    /// The file's whole text.
    whole: &'a str,
    /// Where the document's text begins in it, in bytes.
    offset: usize,
    text: &'a str,
    /// The line on which the document's text begins, from 1.
    first_line: usize,
    spans: OnceCell<Option<SpanTree>>,
    line_starts: OnceCell<Vec<usize>>,
}

/// Reads all documents of a file. A broken document is an error, and the others are read still.
pub fn read_documents<'a>(file: &'a SourceFile, diagnostics: &mut Diagnostics) -> Vec<Document<'a>> {
    if file.text.trim_start().starts_with(['{', '[']) {
        match read_json(file) {
            Ok(documents) => return documents,
            Err(error) if is_json_name(&file.name) => {
                let problem = error.to_string();
                let problem = problem.rsplit_once(" at line ").map_or(problem.as_str(), |(problem, _)| problem);
                let place = (error.line().max(1), error.column().max(1));
                diagnostics
                    .push(Diagnostic::error(file.name.clone(), format_args!("is not JSON: {problem}")).at(place));
                return Vec::new();
            }
            // YAML may begin with a brace too.
            Err(_) => {}
        }
    }
    read_yaml(file, diagnostics)
}

/// Whether a file claims to be JSON.
fn is_json_name(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Reads a file as JSON documents, one after the other.
fn read_json(file: &SourceFile) -> Result<Vec<Document<'_>>, serde_json::Error> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(&file.text).into_iter::<Value>();
    let mut begin = 0;
    while let Some(value) = stream.next() {
        let value = value?;
        let end = stream.byte_offset();
        documents.push(Document {
            file: file.name.clone(),
            value,
            format: Format::Json,
            whole: &file.text,
            offset: begin,
            text: file.text.get(begin..end).unwrap_or_default(),
            first_line: 1,
            spans: OnceCell::new(),
            line_starts: OnceCell::new(),
        });
        begin = end;
    }
    Ok(documents)
}

/// Reads a file as a YAML stream.
fn read_yaml<'a>(file: &'a SourceFile, diagnostics: &mut Diagnostics) -> Vec<Document<'a>> {
    let mut documents = Vec::new();
    for part in yaml::split_documents(&file.text) {
        match yaml::parse::<Value>(part.text) {
            Ok(Value::Null) => {}
            Ok(value) => documents.push(Document {
                file: file.name.clone(),
                value,
                format: Format::Yaml,
                whole: &file.text,
                offset: 0,
                text: part.text,
                first_line: part.first_line,
                spans: OnceCell::new(),
                line_starts: OnceCell::new(),
            }),
            Err(error) => {
                let (line, column) = error.position.unwrap_or((1, 1));
                let place = (part.first_line + line - 1, column);
                let problem = format_args!("is not YAML: {}", error.problem);
                diagnostics.push(Diagnostic::error(file.name.clone(), problem).at(place));
            }
        }
    }
    documents
}

/// An object in a document: the document itself or an element of a list in it.
#[derive(Clone, Debug)]
pub struct Place<'d, 'a> {
    document: &'d Document<'a>,
    /// Steps from the document's root to the object.
    prefix: Vec<PathStep>,
    /// Where the object begins in the document's text, in bytes (JSON).
    offset: usize,
}

impl<'a> Document<'a> {
    /// The place of the document itself.
    pub const fn place(&self) -> Place<'_, 'a> {
        Place { document: self, prefix: Vec::new(), offset: 0 }
    }

    /// Where a list's elements begin in a JSON text, in bytes; empty for YAML.
    fn element_offsets(&self, place: &Place<'_, '_>, field: &str) -> Vec<usize> {
        match self.format {
            Format::Yaml => Vec::new(),
            Format::Json => {
                let text = self.text.get(place.offset..).unwrap_or_default();
                let offsets = json_position::element_offsets(text, field);
                offsets.into_iter().map(|offset| offset + place.offset).collect()
            }
        }
    }

    /// Line and column of an offset in the document's text.
    fn line_and_column(&self, offset: usize) -> Position {
        let starts = self.line_starts.get_or_init(|| {
            let ends = self.whole.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let offset = self.offset + offset;
        let line = starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| starts.get(index)).copied().unwrap_or(0);
        let column = self.whole.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        (line.max(1), column)
    }

    /// The first line that holds more than blanks, comments and markers.
    fn content_line(&self) -> usize {
        let is_content = |line: &&str| {
            let line = line.trim();
            !(line.is_empty() || line == "---" || line.starts_with('#') || line.starts_with('%'))
        };
        self.first_line + self.text.lines().take_while(|line| !is_content(line)).count()
    }
}

impl<'d, 'a> Place<'d, 'a> {
    /// The file's name.
    pub fn file(&self) -> Arc<str> {
        self.document.file.clone()
    }

    /// The places of the elements of the list in `field`, of which there are `count`.
    pub fn elements(&self, field: &str, count: usize) -> Vec<Place<'d, 'a>> {
        let offsets = self.document.element_offsets(self, field);
        (0..count)
            .map(|index| {
                let mut prefix = self.prefix.clone();
                prefix.extend([PathStep::Key(field.to_owned()), PathStep::Index(index)]);
                Place { document: self.document, prefix, offset: offsets.get(index).copied().unwrap_or(0) }
            })
            .collect()
    }

    /// Where the object begins.
    pub fn start(&self) -> Position {
        match self.document.format {
            Format::Yaml if self.prefix.is_empty() => (self.document.content_line(), 1),
            _ => self.position(""),
        }
    }

    /// Where a field of the object is written, or the last step on the way to it that exists.
    pub fn position(&self, field: &str) -> Position {
        let steps = parse_path(field);
        match self.document.format {
            Format::Json => {
                let text = self.document.text.get(self.offset..).unwrap_or_default();
                self.document.line_and_column(self.offset + json_position::offset_of(text, &steps))
            }
            Format::Yaml => {
                let spans = self.document.spans.get_or_init(|| SpanTree::parse(self.document.text));
                let all: Vec<PathStep> = self.prefix.iter().cloned().chain(steps).collect();
                match spans.as_ref().and_then(|spans| spans.position(&all)) {
                    Some((line, column)) => (self.document.first_line + line - 1, column),
                    None => (self.document.content_line(), 1),
                }
            }
        }
    }
}
