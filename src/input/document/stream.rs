//! The documents of a file: telling JSON from YAML, splitting streams, and finding where a field is written.

use super::field_path::{FieldPathBuf, PathStep};
use super::json_position;
use super::source::SourceFile;
use super::tree::{self, Node};
use super::yaml::{self, Dialect, DocumentText, LineColumn, YamlError};
use crate::input::diagnostic::{Diagnostic, Diagnostics};
use serde_json::Value;
use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

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
    /// Where its fields are written (YAML), once that is asked.
    tree: OnceCell<Option<Node>>,
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
            tree: OnceCell::new(),
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
        match read_document(part) {
            Ok((Value::Null, _)) => {}
            Ok((value, tree)) => documents.push(Document {
                file: file.name.clone(),
                value,
                format: Format::Yaml,
                whole: &file.text,
                offset: 0,
                text: part.text,
                first_line: part.first_line,
                tree,
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

/// Reads one document. Hardly a dump of many objects has nothing to be warned about, so that the places of a list's
/// fields are read with it rather than afterwards.
fn read_document(part: DocumentText<'_>) -> Result<(Value, OnceCell<Option<Node>>), YamlError> {
    if !part.text.contains("\nitems:") {
        return yaml::parse(part.text, Dialect::Kubernetes).map(|value| (value, OnceCell::new()));
    }
    let mut tree = tree::parse(part.text, Dialect::Kubernetes)?;
    let value = tree.take_json();
    Ok((value, OnceCell::from(Some(tree))))
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
    fn line_and_column(&self, offset: usize) -> LineColumn {
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
    pub fn start(&self) -> LineColumn {
        match self.document.format {
            Format::Yaml if self.prefix.is_empty() => (self.document.content_line(), 1),
            _ => self.position(""),
        }
    }

    /// Where a field of the object is written, or the last step on the way to it that exists.
    pub fn position(&self, field: &str) -> LineColumn {
        let steps = FieldPathBuf::parse(field).0;
        match self.document.format {
            Format::Json => {
                let text = self.document.text.get(self.offset..).unwrap_or_default();
                self.document.line_and_column(self.offset + json_position::offset_of(text, &steps))
            }
            Format::Yaml => {
                let text = self.document.text;
                let tree = self.document.tree.get_or_init(|| tree::parse(text, Dialect::Kubernetes).ok());
                let all: Vec<PathStep> = self.prefix.iter().cloned().chain(steps).collect();
                match tree.as_ref().and_then(|tree| tree.find(&all)) {
                    Some((position, _)) => {
                        (self.document.first_line + position.line.max(1) - 1, position.column.max(1))
                    }
                    None => (self.document.content_line(), 1),
                }
            }
        }
    }
}
