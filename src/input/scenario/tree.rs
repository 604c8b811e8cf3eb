//! A YAML document as a tree that keeps positions and the text of numbers, and the overrides that change it.

use super::path::{FieldPath, Step, split_dotted};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::sync::Arc;

/// Largest depth of a document; scenarios need about ten levels, manifests in them about twenty.
const MAX_DEPTH: usize = 64;

/// Where a node was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Line from 1, or 0.
    pub line: usize,
    /// Column from 1, or 0.
    pub column: usize,
    /// What the text is part of, if it is not the file: `--set spec.seed`.
    pub origin: Option<Arc<str>>,
}

/// A value and its position.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The value.
    pub value: Value,
    /// Where it starts.
    pub position: Position,
}

/// A key, its position and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key starts.
    pub position: Position,
    /// The value.
    pub value: Node,
}

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number and its text, which keeps `1.10` apart from `1.1`.
    Number(Number, String),
    /// Text.
    Text(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text.
    Mapping(Vec<Entry>),
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// A whole number.
    Integer(i128),
    /// A number with a fraction or exponent; may be infinite or not a number.
    Float(f64),
}

/// Why a text is no document: message, line, column.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Line from 1, or 0.
    pub line: usize,
    /// Column from 1, or 0.
    pub column: usize,
}

/// A value as the YAML reader delivers it.
enum Raw {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Sequence(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a YAML value")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Number(Number::Integer(value.into())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Number(Number::Integer(value.into())))
            }
            fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
                Ok(Raw::Number(Number::Integer(value)))
            }
            fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Raw, E> {
                Ok(Raw::Number(Number::Integer(i128::try_from(value).unwrap_or(i128::MAX))))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Number(Number::Float(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }
            fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Raw, E> {
                Err(E::custom("binary data has no meaning here"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Raw::Sequence(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut entries: Vec<(Spanned<String>, Spanned<Raw>)> = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                    if entries.len() > 100_000 {
                        return Err(A::Error::custom("a mapping has more than 100,000 keys"));
                    }
                }
                Ok(Raw::Mapping(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The position of something that the YAML reader delivered.
fn position<T>(spanned: &Spanned<T>) -> Position {
    Position {
        line: usize::try_from(spanned.referenced.line()).unwrap_or(0),
        column: usize::try_from(spanned.referenced.column()).unwrap_or(0),
        origin: None,
    }
}

/// The node of a delivered value; numbers take their text from the source.
fn node(source: &str, spanned: Spanned<Raw>) -> Node {
    let position = position(&spanned);
    let span = spanned.defined.span();
    let text = |fallback: &Number| {
        span.byte_offset()
            .zip(span.byte_len())
            .and_then(|(offset, length)| {
                let start = usize::try_from(offset).ok()?;
                let end = start.checked_add(usize::try_from(length).ok()?)?;
                Some(source.get(start..end)?.trim().to_owned())
            })
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| match fallback {
                Number::Integer(value) => value.to_string(),
                Number::Float(value) => value.to_string(),
            })
    };
    let value = match spanned.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Number(number) => Value::Number(number, text(&number)),
        Raw::Text(value) => Value::Text(value),
        Raw::Sequence(items) => Value::Sequence(items.into_iter().map(|item| node(source, item)).collect()),
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    position: self::position(&key),
                    key: key.value,
                    value: node(source, value),
                })
                .collect(),
        ),
    };
    Node { value, position }
}

/// Reads one YAML (or JSON) document.
pub(super) fn parse(source: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_documents: 1024 },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(source, options) {
        Ok(spanned) => Ok(node(source, spanned)),
        Err(error) => {
            let place = error.location();
            let number = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok()).unwrap_or(0);
            let (line, column) = (number(place.map(|place| place.line())), number(place.map(|place| place.column())));
            let message = error.without_snippet().to_string();
            let message = message.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&message);
            let message = if message.starts_with("multiple YAML documents") {
                "more than one YAML document (expected one scenario)".to_owned()
            } else if let Some(rest) = message.strip_prefix("duplicate mapping key: ") {
                format!("key `{}` is given twice", rest.split(',').next().unwrap_or(rest))
            } else {
                message.to_owned()
            };
            Err(SyntaxError { message, line, column })
        }
    }
}

/// Why an override cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OverrideError {
    /// What was found and what was expected.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Node {
    /// A node of a JSON value, all at one position.
    pub fn from_json(json: &serde_json::Value, position: &Position) -> Self {
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => {
                let value = match (number.as_i64(), number.as_u64()) {
                    (Some(value), _) => Number::Integer(value.into()),
                    (None, Some(value)) => Number::Integer(value.into()),
                    (None, None) => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
                };
                Value::Number(value, number.to_string())
            }
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => {
                Value::Sequence(items.iter().map(|item| Self::from_json(item, position)).collect())
            }
            serde_json::Value::Object(fields) => Value::Mapping(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        position: position.clone(),
                        value: Self::from_json(value, position),
                    })
                    .collect(),
            ),
        };
        Self { value, position: position.clone() }
    }

    /// Marks this node and all below it as part of something that is not the file.
    pub fn set_origin(&mut self, origin: &Arc<str>) {
        self.position.origin = Some(origin.clone());
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.set_origin(origin)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.position.origin = Some(origin.clone());
                    entry.value.set_origin(origin);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(..) | Value::Text(_) => {}
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The position of a field: of its key in a mapping, of its start in a list; of the nearest node that exists above it
    /// where it does not exist itself.
    pub fn locate(&self, path: &FieldPath) -> &Position {
        let mut node = self;
        let mut position = &self.position;
        for step in &path.0 {
            let next = match (&node.value, step) {
                (Value::Mapping(entries), Step::Key(key)) => {
                    entries.iter().find(|entry| entry.key == *key).map(|entry| (&entry.position, &entry.value))
                }
                (Value::Sequence(items), Step::Index(index)) => items.get(*index).map(|item| (&item.position, item)),
                _ => None,
            };
            let Some((at, below)) = next else { break };
            (position, node) = (at, below);
        }
        // A scalar is best shown where it stands, a mapping or list where its key stands.
        match node.value {
            Value::Sequence(_) | Value::Mapping(_) => position,
            _ => &node.position,
        }
    }

    /// Puts a value at a dotted path (`spec.nodePools.general.count`). Elements of lists are named by their `name` or by
    /// index; keys of mappings that do not exist are added, so that a field with a default can be set.
    pub fn apply_override(&mut self, path: &str, value: Node) -> Result<(), OverrideError> {
        let parts = split_dotted(path);
        if parts.iter().any(String::is_empty) {
            return Err(OverrideError {
                message: format!("`{path}` is not a path (expected a form such as `spec.nodePools.general.count`)"),
                hint: None,
            });
        }
        if parts.len() > MAX_DEPTH {
            let message = format!("the path has {} parts (expected at most {MAX_DEPTH})", parts.len());
            return Err(OverrideError { message, hint: None });
        }
        let mut node = self;
        let mut done: Vec<&str> = Vec::new();
        for part in &parts {
            let above = if done.is_empty() { "the document".to_owned() } else { format!("`{}`", done.join(".")) };
            if node.value == Value::Null {
                node.value = Value::Mapping(Vec::new());
            }
            node = match &mut node.value {
                Value::Mapping(entries) => {
                    let at = entries.iter().position(|entry| entry.key == *part);
                    let at = at.unwrap_or_else(|| {
                        let position = value.position.clone();
                        let empty = Node { value: Value::Null, position: position.clone() };
                        entries.push(Entry { key: part.clone(), position, value: empty });
                        entries.len() - 1
                    });
                    match entries.get_mut(at) {
                        Some(entry) => &mut entry.value,
                        None => return Err(OverrideError { message: format!("`{path}` does not exist"), hint: None }),
                    }
                }
                Value::Sequence(items) => {
                    let names: Vec<String> = items.iter().filter_map(|item| item.name().map(str::to_owned)).collect();
                    let length = items.len();
                    let at = items
                        .iter()
                        .position(|item| item.name() == Some(part))
                        .or_else(|| part.parse().ok().filter(|index| *index < length));
                    match at.and_then(|index| items.get_mut(index)) {
                        Some(item) => item,
                        None => {
                            return Err(OverrideError {
                                message: format!("`{path}` does not exist: {above} has no element `{part}`"),
                                hint: Some(if names.is_empty() {
                                    format!("name the element by its index; the list has {length} elements")
                                } else {
                                    format!("elements of the list: {}", names.join(", "))
                                }),
                            });
                        }
                    }
                }
                Value::Bool(_) | Value::Number(..) | Value::Text(_) | Value::Null => {
                    return Err(OverrideError {
                        message: format!(
                            "`{path}` does not exist: {above} is a single value and has no field `{part}`"
                        ),
                        hint: None,
                    });
                }
            };
            done.push(part);
        }
        *node = value;
        Ok(())
    }

    /// The text of this mapping's `name`.
    fn name(&self) -> Option<&str> {
        match &self.get("name")?.value {
            Value::Text(name) => Some(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(node: Option<&Node>) -> Option<&Value> {
        node.map(|node| &node.value)
    }

    #[test]
    fn numbers_keep_their_text() {
        let document = parse("a: 1.10\nb: '1.10'\nc: 12\nü: 0x10\nd: 1e3\n").unwrap();
        assert!(matches!(text(document.get("a")), Some(Value::Number(_, raw)) if raw == "1.10"));
        assert!(matches!(text(document.get("b")), Some(Value::Text(raw)) if raw == "1.10"));
        assert!(matches!(text(document.get("c")), Some(Value::Number(Number::Integer(12), raw)) if raw == "12"));
        assert!(matches!(text(document.get("d")), Some(Value::Number(Number::Float(_), raw)) if raw == "1e3"));
    }

    #[test]
    fn fields_are_located() {
        let document = parse("spec:\n  pools:\n    - name: a\n      count: 3\n").unwrap();
        let cases = [
            ("spec.pools[0].count", 4, 14, "a scalar, where it stands"),
            ("spec.pools", 2, 3, "a list, where its key stands"),
            ("spec.pools[0].zones", 3, 7, "the nearest node above a missing field"),
            ("nothing", 1, 1, "the document"),
        ];
        for (path, line, column, why) in cases {
            let position = document.locate(&FieldPath::parse(path));
            assert_eq!((position.line, position.column), (line, column), "{path}: {why}");
        }
    }

    #[test]
    fn overrides_reach_lists_by_name_and_index() {
        let source = "spec:\n  pools:\n    - {name: a, count: 1}\n    - {name: b, count: 1}\n  seed: 1\n  empty:\n";
        let cases: [(&str, Result<&str, &str>, &str); 8] = [
            ("spec.pools.b.count", Ok("spec.pools[1].count"), "by name"),
            ("spec.pools.0.count", Ok("spec.pools[0].count"), "by index"),
            ("spec.new.deep", Ok("spec.new.deep"), "missing mappings are made"),
            ("spec.empty.x", Ok("spec.empty.x"), "a key without value becomes a mapping"),
            ("spec.pools.c.count", Err("no element `c`"), "unknown element"),
            ("spec.pools.7.count", Err("no element `7`"), "index beyond the end"),
            ("spec.seed.x", Err("single value"), "below a scalar"),
            ("spec..x", Err("is not a path"), "empty part"),
        ];
        for (path, expected, why) in cases {
            let mut document = parse(source).unwrap();
            let value = parse("41").unwrap();
            match (document.apply_override(path, value), expected) {
                (Ok(()), Ok(field)) => {
                    let mut node = &document;
                    for step in FieldPath::parse(field).0 {
                        node = match (&node.value, step) {
                            (_, Step::Key(key)) => node.get(&key).unwrap(),
                            (Value::Sequence(items), Step::Index(index)) => &items[index],
                            other => panic!("{other:?}"),
                        };
                    }
                    assert!(matches!(node.value, Value::Number(Number::Integer(41), _)), "{path}: {why}");
                }
                (Err(error), Err(fragment)) => assert!(error.message.contains(fragment), "{path}: {error:?}"),
                (outcome, _) => panic!("{path}: {why}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn broken_text_is_an_error_with_a_place() {
        for text in ["a: [1", "a: 1\n\tb: 2", "a: 1\na: 2", "--- 1\n--- 2", "a: b: c", "\"", "{", "*x", "\u{0}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let nested = "[".repeat(1000);
        assert!(parse(&nested).is_err());
    }
}
