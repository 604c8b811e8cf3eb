//! YAML text to values: the options that Kubernetes' own reader amounts to, and the place of each field.

use super::field_path::PathStep;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Options, Spanned};
use std::fmt;

/// A place in a text: line and column, both from 1.
pub type Position = (usize, usize);

/// Options for manifests: YAML 1.1 numbers and merge keys as Kubernetes reads them. The limits bound what aliases can
/// expand to; the size of the text itself is not limited, since the user chose the file.
fn options() -> Options {
    let unlimited = usize::MAX;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: unlimited,
            max_nodes: unlimited,
            max_documents: unlimited,
            max_total_scalar_bytes: unlimited,
            max_total_comment_bytes: unlimited,
            max_buffered_comment_events: unlimited,
            max_merge_keys: unlimited,
        },
        emit_comments: false,
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

/// Why a text is not YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong.
    pub problem: String,
    /// Where in the text, if known.
    pub position: Option<Position>,
}

/// Reads one document.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| YamlError { position: error.location().map(position), problem: one_line(&error) })
}

/// The first line of an error, without its place, which is told apart.
fn one_line(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.rsplit_once(" at line ").map_or(line, |(problem, _)| problem);
    let line = line.strip_prefix("error: ").unwrap_or(line).trim();
    line.to_owned()
}

/// The place that a location of serde-saphyr stands for.
fn position(location: Location) -> Position {
    (usize::try_from(location.line()).unwrap_or(0).max(1), usize::try_from(location.column()).unwrap_or(0).max(1))
}

/// Where each field of a document is written.
#[derive(Clone, Debug)]
pub enum SpanTree {
    /// A scalar or nothing.
    Leaf,
    /// An object: key, the key's place, value.
    Map(Vec<(String, Position, SpanTree)>),
    /// A list: place and element.
    List(Vec<(Position, SpanTree)>),
}

impl SpanTree {
    /// Reads the places of a document's fields; `None` where the text cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).ok()
    }

    /// The place of the field, or of the last step on the way to it that exists: of a key where the key stands, of a
    /// list's element where the element begins.
    pub fn position(&self, steps: &[PathStep]) -> Option<Position> {
        let mut tree = self;
        let mut found = None;
        for step in steps {
            let next = match (tree, step) {
                (Self::Map(fields), step) => {
                    let number;
                    let wanted = match step {
                        PathStep::Key(key) => key.as_str(),
                        PathStep::Index(index) => {
                            number = index.to_string();
                            &number
                        }
                    };
                    fields.iter().find(|(key, _, _)| key == wanted).map(|(_, position, tree)| (*position, tree))
                }
                (Self::List(elements), PathStep::Index(index)) => {
                    elements.get(*index).map(|(position, tree)| (*position, tree))
                }
                _ => None,
            };
            let Some((position, next)) = next else { break };
            found = Some(position);
            tree = next;
        }
        found
    }
}

impl<'de> Deserialize<'de> for SpanTree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

/// Builds a [`SpanTree`].
struct SpanVisitor;

impl<'de> Visitor<'de> for SpanVisitor {
    type Value = SpanTree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_unit<E>(self) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_none<E>(self) -> Result<SpanTree, E> {
        Ok(SpanTree::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<SpanTree, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element::<Spanned<SpanTree>>()? {
            list.push((position(element.referenced), element.value));
        }
        Ok(SpanTree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<SpanTree, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = fields.next_key::<Spanned<String>>()? {
            map.push((key.value, position(key.referenced), fields.next_value()?));
        }
        Ok(SpanTree::Map(map))
    }
}

/// A document of a stream: where it begins and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentText<'a> {
    /// Line of the stream on which the text begins, from 1.
    pub first_line: usize,
    /// The text, its `---` line included.
    pub text: &'a str,
}

/// Splits a stream at its `---` lines. A line that begins so ends a document whatever comes before it, even inside a
/// block scalar (YAML 1.2, 9.1.2), so that the split needs no parser and a broken document does not spoil the others.
/// Documents without content are left out.
pub fn split_documents(stream: &str) -> Vec<DocumentText<'_>> {
    let mut documents = Vec::new();
    let (mut begin, mut begin_line) = (0, 1);
    let (mut offset, mut line_number) = (0, 1);
    for line in stream.split_inclusive('\n') {
        let ends = is_marker(line, "...");
        if is_marker(line, "---") && offset > begin {
            // Directives (`%YAML 1.2`) belong to the document that follows them.
            if has_content(&stream[begin..offset]) {
                documents.push(DocumentText { first_line: begin_line, text: &stream[begin..offset] });
            }
            (begin, begin_line) = (offset, line_number);
        }
        offset += line.len();
        line_number += 1;
        if ends {
            if has_content(&stream[begin..offset]) {
                documents.push(DocumentText { first_line: begin_line, text: &stream[begin..offset] });
            }
            (begin, begin_line) = (offset, line_number);
        }
    }
    if has_content(&stream[begin..]) {
        documents.push(DocumentText { first_line: begin_line, text: &stream[begin..] });
    }
    documents
}

/// Whether a line is a document marker.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Whether a text holds more than comments, blanks, markers and directives.
fn has_content(text: &str) -> bool {
    text.lines().any(|line| {
        let line = if is_marker(line, "---") || is_marker(line, "...") { &line[3..] } else { line };
        let line = line.trim_start_matches('\u{feff}').trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with('%')
    })
}

#[cfg(test)]
mod tests {
    use super::super::field_path::parse_path;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn values_are_read_as_kubernetes_reads_them() {
        let cases = [
            ("a: 0644", json!({"a": 420}), "octal numbers of YAML 1.1"),
            ("a: 1.5", json!({"a": 1.5}), "number"),
            ("a: '1'", json!({"a": "1"}), "quoted text"),
            ("a: 100m", json!({"a": "100m"}), "text"),
            ("a: ~", json!({"a": null}), "null"),
            ("a:", json!({"a": null}), "nothing"),
            ("a: yes", json!({"a": true}), "booleans of YAML 1.1"),
            ("b: &b {x: 1}\na: {<<: *b, y: 2}", json!({"b": {"x": 1}, "a": {"x": 1, "y": 2}}), "merge key"),
            ("{\"a\": [1, 2]}", json!({"a": [1, 2]}), "JSON"),
            ("8080: x", json!({"8080": "x"}), "a key that is a number"),
        ];
        for (text, expected, why) in cases {
            assert_eq!(parse::<Value>(text).as_ref(), Ok(&expected), "{why}");
        }
    }

    #[test]
    fn fields_are_found() {
        let text = "# comment\nspec:\n  containers:\n  - name: a\n  - name: b\n    limits: {cpu: 1, \"x.y/z\": 2}\n";
        let tree = SpanTree::parse(text).unwrap();
        let cases = [
            ("spec", Some((2, 1))),
            ("spec.containers", Some((3, 3))),
            ("spec.containers[1]", Some((5, 5))),
            ("spec.containers[1].limits.cpu", Some((6, 14))),
            ("spec.containers[1].limits[x.y/z]", Some((6, 22))),
            ("spec.containers[1].image", Some((5, 5))),
            ("missing", None),
        ];
        for (path, expected) in cases {
            assert_eq!(tree.position(&parse_path(path)), expected, "{path}");
        }
    }

    #[test]
    fn streams_are_split() {
        let stream = "# head\n---\na: 1\n--- # note\n---\nb: |\n  x\n---\nc: 1\n...\n%YAML 1.2\n---\nd: 1";
        let found: Vec<_> = split_documents(stream).iter().map(|own| (own.first_line, own.text)).collect();
        let expected = [(2, "---\na: 1\n"), (5, "---\nb: |\n  x\n"), (8, "---\nc: 1\n...\n"), (12, "---\nd: 1")];
        assert_eq!(found, expected);
        for document in split_documents(stream) {
            assert!(parse::<Value>(document.text).is_ok(), "{}", document.text);
        }
    }

    #[test]
    fn errors_say_where() {
        let error = parse::<Value>("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.position.is_some(), "{error:?}");
        let error = parse::<Value>("a: 1\na: 2\n").unwrap_err();
        assert_eq!(error.position.map(|(line, _)| line), Some(2), "{error:?}");
    }
}
