//! A YAML document as a tree that keeps positions and the text of numbers: where each field is written.

use super::field_path::{FieldPathBuf, PathStep};
use super::yaml::{self, Dialect, YamlError};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::sync::Arc;

/// Where a node was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line from 1, or 0.
    pub line: usize,
    /// Column from 1, or 0.
    pub column: usize,
    /// What the text is part of, if it is not the file: `--set spec.seed`.
    pub origin: Option<Arc<str>>,
}

/// A value and its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it starts.
    pub position: Position,
}

/// A key, its position and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key starts.
    pub position: Position,
    /// The value.
    pub value: Node,
}

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
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
pub enum Number {
    /// A whole number.
    Integer(i128),
    /// A number with a fraction or exponent; may be infinite or not a number.
    Float(f64),
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
///
/// # Errors
/// [`YamlError`] where the text is no document of the dialect.
pub fn parse(source: &str, dialect: Dialect) -> Result<Node, YamlError> {
    yaml::parse::<Spanned<Raw>>(source, dialect).map(|spanned| node(source, spanned))
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

    /// Walks down a path as far as it exists: the position of the last step that does, and its node; `None` where not
    /// even the first exists. A step's position is that of its key in a mapping, of its start in a list.
    pub fn find(&self, path: &[PathStep]) -> Option<(&Position, &Node)> {
        let mut found = None;
        let mut node = self;
        for step in path {
            let next = match (&node.value, step) {
                (Value::Mapping(entries), PathStep::Key(key)) => entry(entries, key),
                // A field whose name is a number.
                (Value::Mapping(entries), PathStep::Index(index)) => entry(entries, &index.to_string()),
                (Value::Sequence(items), PathStep::Index(index)) => {
                    items.get(*index).map(|item| (&item.position, item))
                }
                _ => None,
            };
            let Some((position, below)) = next else { break };
            node = below;
            found = Some((position, below));
        }
        found
    }

    /// The best place to show a problem of a field: a scalar where it stands, a mapping or list where its key stands; of
    /// the nearest node that exists above it where it does not exist itself.
    pub fn locate(&self, path: &FieldPathBuf) -> &Position {
        match self.find(&path.0) {
            Some((position, Node { value: Value::Sequence(_) | Value::Mapping(_), .. })) => position,
            Some((_, node)) => &node.position,
            None => &self.position,
        }
    }

    /// The value as JSON has it. It is taken out of the tree: of scalars only the places stay.
    pub fn take_json(&mut self) -> serde_json::Value {
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().map(Self::take_json).collect::<Vec<_>>().into(),
            Value::Mapping(entries) => {
                let fields = entries.iter_mut().map(|entry| (entry.key.clone(), entry.value.take_json()));
                serde_json::Value::Object(fields.collect())
            }
            scalar => match std::mem::replace(scalar, Value::Null) {
                Value::Bool(value) => value.into(),
                Value::Number(number, _) => number.to_json(),
                Value::Text(text) => text.into(),
                Value::Null | Value::Sequence(_) | Value::Mapping(_) => serde_json::Value::Null,
            },
        }
    }
}

/// The entry of a key: where the key stands, and the value. Of a key that is given twice the last counts.
fn entry<'a>(entries: &'a [Entry], key: &str) -> Option<(&'a Position, &'a Node)> {
    entries.iter().rfind(|entry| entry.key == key).map(|entry| (&entry.position, &entry.value))
}

impl Number {
    /// The number as JSON has it; one that JSON cannot hold is null.
    fn to_json(self) -> serde_json::Value {
        match self {
            Self::Integer(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                #[expect(clippy::cast_precision_loss, reason = "JSON has no larger integers")]
                _ => (value as f64).into(),
            },
            Self::Float(value) => value.into(),
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
        let document = parse("a: 1.10\nb: '1.10'\nc: 12\nü: 0x10\nd: 1e3\n", Dialect::Core).unwrap();
        assert!(matches!(text(document.get("a")), Some(Value::Number(_, raw)) if raw == "1.10"));
        assert!(matches!(text(document.get("b")), Some(Value::Text(raw)) if raw == "1.10"));
        assert!(matches!(text(document.get("c")), Some(Value::Number(Number::Integer(12), raw)) if raw == "12"));
        assert!(matches!(text(document.get("d")), Some(Value::Number(Number::Float(_), raw)) if raw == "1e3"));
    }

    #[test]
    fn fields_are_located() {
        let document = parse("spec:\n  pools:\n    - name: a\n      count: 3\n", Dialect::Core).unwrap();
        let cases = [
            ("spec.pools[0].count", 4, 14, "a scalar, where it stands"),
            ("spec.pools", 2, 3, "a list, where its key stands"),
            ("spec.pools[0].zones", 3, 7, "the nearest node above a missing field"),
            ("nothing", 1, 1, "the document"),
        ];
        for (path, line, column, why) in cases {
            let position = document.locate(&FieldPathBuf::parse(path));
            assert_eq!((position.line, position.column), (line, column), "{path}: {why}");
        }
    }

    #[test]
    fn broken_text_is_an_error_with_a_place() {
        for text in ["a: [1", "a: 1\n\tb: 2", "a: 1\na: 2", "--- 1\n--- 2", "a: b: c", "\"", "{", "*x", "\u{0}"] {
            assert!(parse(text, Dialect::Core).is_err(), "{text:?}");
        }
        let nested = "[".repeat(1000);
        assert!(parse(&nested, Dialect::Core).is_err());
    }

    #[test]
    fn keys_and_elements_are_found() {
        let text =
            "# comment\nspec:\n  containers:\n  - name: a\n  - name: b\n    limits: {cpu: 1, \"x.y/z\": 2, 7: 3}\n";
        let tree = parse(text, Dialect::Kubernetes).unwrap();
        let cases = [
            ("spec", Some((2, 1))),
            ("spec.containers", Some((3, 3))),
            ("spec.containers[1]", Some((5, 5))),
            ("spec.containers[1].limits.cpu", Some((6, 14))),
            ("spec.containers[1].limits[x.y/z]", Some((6, 22))),
            ("spec.containers[1].limits[7]", Some((6, 34))),
            ("spec.containers[1].image", Some((5, 5))),
            ("missing", None),
        ];
        for (path, expected) in cases {
            let found = tree.find(&FieldPathBuf::parse(path).0).map(|(position, _)| (position.line, position.column));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn values_are_taken_as_json() {
        let text = "a: 1.5\nb: [1, -2, 18446744073709551615, ~]\nc: {x: yes, y: 0644}\nd: '1'\n";
        let mut tree = parse(text, Dialect::Kubernetes).unwrap();
        let direct: serde_json::Value = yaml::parse(text, Dialect::Kubernetes).unwrap();
        assert_eq!(tree.take_json(), direct);
        let path = FieldPathBuf::parse("c.y");
        assert_eq!(tree.find(&path.0).map(|(position, _)| position.line), Some(3), "the places stay");
    }
}
