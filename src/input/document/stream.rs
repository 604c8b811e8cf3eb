//! The documents of a file: telling JSON from YAML, splitting streams, and finding where a field is written.

use super::field_path::{FieldPathBuf, PathStep};
use super::json_list;
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

impl Format {
    /// How the places of the fields are read.
    const fn dialect(self) -> Dialect {
        match self {
            Self::Yaml => Dialect::Kubernetes,
            Self::Json => Dialect::Json,
        }
    }
}

/// A part of a file, and where it begins there.
#[derive(Clone, Copy, Debug)]
struct Text<'a> {
    text: &'a str,
    start: LineColumn,
}

impl Text<'_> {
    /// What follows the first `bytes` of this text.
    fn after(self, bytes: usize) -> Self {
        let (passed, text) = self.text.split_at_checked(bytes).unwrap_or((self.text, ""));
        let start = match passed.rsplit_once('\n') {
            Some((before, line)) => {
                (self.start.0 + before.bytes().filter(|byte| *byte == b'\n').count() + 1, line.chars().count() + 1)
            }
            None => (self.start.0, self.start.1 + passed.chars().count()),
        };
        Text { text, start }
    }

    /// The first `bytes` of this text.
    fn until(self, bytes: usize) -> Self {
        Text { text: self.text.get(..bytes).unwrap_or(self.text), ..self }
    }

    /// The place in the file of a place in this text.
    fn place(self, (line, column): LineColumn) -> LineColumn {
        (self.start.0 + line - 1, if line == 1 { self.start.1 + column - 1 } else { column })
    }

    /// Where there is more than blanks, comments and markers.
    fn content(self) -> LineColumn {
        let is_content = |line: &&str| {
            let line = line.trim();
            !(line.is_empty() || line == "---" || line.starts_with('#') || line.starts_with('%'))
        };
        let mut lines = self.text.split('\n');
        let line = lines.by_ref().take_while(|line| !is_content(line)).count();
        let column = self.text.split('\n').nth(line).map_or(0, |line| line.len() - line.trim_start().len());
        self.place((line + 1, column + 1))
    }
}

/// One document of a file.
#[derive(Debug)]
pub struct Document<'a> {
    /// The file's name.
    pub file: Arc<str>,
    /// What the document holds.
    pub value: Value,
    format: Format,
    text: Text<'a>,
    /// Where its fields are written, once that is asked.
    tree: OnceCell<Option<Node>>,
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
    let mut rest = Text { text: &file.text, start: (1, 1) };
    while let Some(value) = stream.next() {
        let value = value?;
        let length = stream.byte_offset() - (file.text.len() - rest.text.len());
        documents.push(Document {
            file: file.name.clone(),
            value,
            format: Format::Json,
            text: rest.until(length),
            tree: OnceCell::new(),
        });
        rest = rest.after(length);
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
                text: Text { text: part.text, start: (part.first_line, 1) },
                tree,
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
    /// The text of an element of a JSON list. It is read by itself: a tree of a whole dump takes far more than its values.
    element: Option<Text<'a>>,
    /// Steps to the object from the root of that element, or of the document.
    prefix: Vec<PathStep>,
}

impl<'a> Document<'a> {
    /// The place of the document itself.
    pub const fn place(&self) -> Place<'_, 'a> {
        Place { document: self, element: None, prefix: Vec::new() }
    }
}

impl<'d, 'a> Place<'d, 'a> {
    /// The file's name.
    pub fn file(&self) -> Arc<str> {
        self.document.file.clone()
    }

    fn text(&self) -> Text<'a> {
        self.element.unwrap_or(self.document.text)
    }

    /// The places of the elements of the list in `field`, of which there are `count`.
    pub fn elements(&self, field: &str, count: usize) -> Vec<Place<'d, 'a>> {
        match self.document.format {
            Format::Yaml => {
                let place = |index| {
                    let mut prefix = self.prefix.clone();
                    prefix.extend([PathStep::Key(field.to_owned()), PathStep::Index(index)]);
                    Place { prefix, ..self.clone() }
                };
                (0..count).map(place).collect()
            }
            Format::Json => {
                let text = self.text();
                let (mut rest, mut passed) = (text, 0);
                let elements = json_list::elements(text.text, field).into_iter().map(|element| {
                    rest = rest.after(element.start - passed);
                    passed = element.start;
                    Place { element: Some(rest.until(element.len())), ..self.clone() }
                });
                elements.chain(std::iter::repeat(self.clone())).take(count).collect()
            }
        }
    }

    /// Where the object begins.
    pub fn start(&self) -> LineColumn {
        if self.prefix.is_empty() { self.text().content() } else { self.position("") }
    }

    /// Where a field of the object is written, or the last step on the way to it that exists.
    pub fn position(&self, field: &str) -> LineColumn {
        let steps: Vec<PathStep> = self.prefix.iter().cloned().chain(FieldPathBuf::parse(field).0).collect();
        let find = |tree: &Node| tree.find(&steps).map(|(position, _)| (position.line.max(1), position.column.max(1)));
        let parse = |text: Text<'_>| tree::parse(text.text, self.document.format.dialect()).ok();
        let found = match self.element {
            Some(text) => parse(text).as_ref().and_then(find),
            None => self.document.tree.get_or_init(|| parse(self.document.text)).as_ref().and_then(find),
        };
        found.map_or_else(|| self.text().content(), |found| self.text().place(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile { name: "x".into(), text: text.to_owned() }
    }

    /// The place of a field in the only document of a text.
    fn position(text: &str, field: &str) -> LineColumn {
        let file = file(text);
        let documents = read_documents(&file, &mut Diagnostics::default());
        assert_eq!(documents.len(), 1, "{text}");
        documents[0].place().position(field)
    }

    #[test]
    fn fields_of_json_are_found() {
        let text = "\n {\n \"a\\u002fb\": 1, \"x\": {\"y\": \"}]\\\"\\/\", \"z\": [1, [2, {}], {\"k\": null}]},\n\t\"é\": {\"v\": 1},\n \"é\": \
                    {\"\\ud83d\\ude00\": 1,\n\t\t\"v\": \"\\ud83d\\ude00\"}}";
        let cases = [
            ("", (2, 2), "the object"),
            ("[a/b]", (3, 2), "a key with an escape"),
            ("x.y", (3, 23), "a key"),
            ("x.z[0]", (3, 44), "an element"),
            ("x.z[2].k", (3, 57), "a key in an element"),
            ("x.z[2].missing", (3, 56), "the last step that exists"),
            ("x.z[7]", (3, 38), "the same of a list"),
            ("é.v", (6, 3), "the key that counts of two"),
            ("nowhere", (2, 2), "the object"),
        ];
        for (path, expected, why) in cases {
            assert_eq!(position(text, path), expected, "{path}: {why}");
        }
    }

    #[test]
    fn elements_of_lists_are_found() {
        let cases = [
            ("kind: List\nitems:\n- a: 1\n-   a: 2\n    b: [3]\n", [(3, 3), (4, 5)], (5, 5), "YAML"),
            ("{\"items\": [{\"a\": 1},\n   {\"a\": 2, \"b\": [3]}]}", [(1, 12), (2, 4)], (2, 13), "JSON"),
            ("{\"é\": 1, \"items\": [{},\n{\n\n \"b\":\n[3]}]}", [(1, 20), (2, 1)], (4, 2), "JSON over lines"),
        ];
        for (text, starts, field, why) in cases {
            let file = file(text);
            let documents = read_documents(&file, &mut Diagnostics::default());
            let places = documents[0].place().elements("items", 2);
            assert_eq!(places.iter().map(Place::start).collect::<Vec<_>>(), starts, "{why}");
            assert_eq!(places[1].position("b"), field, "{why}");
        }
    }

    #[test]
    fn documents_begin_where_their_content_does() {
        let cases = [
            ("# comment\n\n---\nkind: a\n---\n  kind: b\n", vec![(4, 1), (6, 3)], "YAML"),
            ("{\"a\": 1}  {\"b\": 2}\n\n {}", vec![(1, 1), (1, 11), (3, 2)], "JSON, one after the other"),
        ];
        for (text, expected, why) in cases {
            let file = file(text);
            let documents = read_documents(&file, &mut Diagnostics::default());
            let starts: Vec<LineColumn> = documents.iter().map(|document| document.place().start()).collect();
            assert_eq!(starts, expected, "{why}");
        }
    }
}
