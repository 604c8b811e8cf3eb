//! YAML text: how it is read, what is wrong with it, and where the documents of a stream begin.

use serde::de::DeserializeOwned;
use serde_saphyr::{DuplicateKeyPolicy, Location, Options};

/// A place in a text: line and column, both from 1.
pub type LineColumn = (usize, usize);

/// Largest depth of a [`Dialect::Core`] document; scenarios need about ten levels, manifests in them about twenty.
pub const MAX_DEPTH: usize = 64;

/// How YAML is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// YAML 1.1 numbers and booleans and merge keys, as Kubernetes reads manifests. The limits bound what aliases can
    /// expand to; the size of the text itself is not limited, since the user chose the file.
    Kubernetes,
    /// The core schema of YAML 1.2, in which `yes` is text, and numbers of any size; one document of limited depth.
    Core,
    /// JSON, which YAML contains, for the places of its fields. Of a key that is given twice the last counts.
    Json,
}

impl Dialect {
    fn options(self) -> Options {
        let unlimited = usize::MAX;
        match self {
            Self::Json => {
                let mut options = Self::Kubernetes.options();
                options.duplicate_keys = DuplicateKeyPolicy::LastWins;
                options
            }
            Self::Kubernetes => serde_saphyr::options! {
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
            },
            Self::Core => serde_saphyr::options! {
                strict_booleans: true,
                with_snippet: false,
                non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
                budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_documents: 1024 },
            },
        }
    }
}

/// Why a text is not YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong.
    pub problem: String,
    /// Where in the text, if known.
    pub position: Option<LineColumn>,
}

/// Reads one document.
pub fn parse<T: DeserializeOwned>(text: &str, dialect: Dialect) -> Result<T, YamlError> {
    serde_saphyr::from_str_with_options(text, dialect.options())
        .map_err(|error| YamlError { position: error.location().map(line_column), problem: problem(&error) })
}

/// What an error says: its first line, without its place, which is told apart.
fn problem(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.rsplit_once(" at line ").map_or(line, |(problem, _)| problem);
    let line = line.strip_prefix("error: ").unwrap_or(line).trim();
    match line.strip_prefix("duplicate mapping key: ") {
        // What follows the key is advice for programmers.
        Some(rest) => format!("key `{}` is given twice", rest.rsplit_once(", set ").map_or(rest, |(key, _)| key)),
        None => line.to_owned(),
    }
}

/// The place that a location of serde-saphyr stands for.
pub fn line_column(location: Location) -> LineColumn {
    (usize::try_from(location.line()).unwrap_or(0).max(1), usize::try_from(location.column()).unwrap_or(0).max(1))
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
            assert_eq!(parse::<Value>(text, Dialect::Kubernetes).as_ref(), Ok(&expected), "{why}");
        }
    }

    #[test]
    fn streams_are_split() {
        let stream = "# head\n---\na: 1\n--- # note\n---\nb: |\n  x\n---\nc: 1\n...\n%YAML 1.2\n---\nd: 1";
        let found: Vec<_> =
            split_documents(stream).iter().map(|document| (document.first_line, document.text)).collect();
        let expected = [(2, "---\na: 1\n"), (5, "---\nb: |\n  x\n"), (8, "---\nc: 1\n...\n"), (12, "---\nd: 1")];
        assert_eq!(found, expected);
        for document in split_documents(stream) {
            assert!(parse::<Value>(document.text, Dialect::Kubernetes).is_ok(), "{}", document.text);
        }
    }

    #[test]
    fn errors_say_where() {
        let error = parse::<Value>("a: 1\nb: [1, 2\nc: 3\n", Dialect::Kubernetes).unwrap_err();
        assert!(error.position.is_some(), "{error:?}");
        let error = parse::<Value>("a: 1\na: 2\n", Dialect::Kubernetes).unwrap_err();
        assert_eq!(error.position.map(|(line, _)| line), Some(2), "{error:?}");
        for (text, expected) in
            [("a: 1\na: 2\n", "key `a` is given twice"), ("'a, b': 1\n'a, b': 2\n", "key `a, b` is given twice")]
        {
            assert_eq!(parse::<Value>(text, Dialect::Kubernetes).unwrap_err().problem, expected, "{text}");
        }
    }
}
