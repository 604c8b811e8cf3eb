//! The mistakes that serde finds while a document is read, in the words of a scenario.

use super::super::field_path::FieldPathBuf;
use super::super::similar::{Tolerance, nearest};
use super::super::tree::Position;
use serde::de::{Expected, Unexpected};
use std::fmt;

/// Longest text of the input that a message repeats, in characters.
const MAX_QUOTED: usize = 60;

/// What sort of mistake it is.
#[derive(Debug)]
pub(super) enum ErrorKind {
    /// A value of the wrong type or form.
    Value,
    /// A key that the structure does not have.
    Unknown(String),
    /// A required field that is not given.
    Missing(&'static str),
    /// No mistake of the input: a stand-in does not fit.
    StandIn,
}

/// A mistake on its way from serde.
#[derive(Debug)]
pub(super) struct ReadError {
    pub kind: ErrorKind,
    pub message: String,
    pub hint: Option<String>,
    pub place: Option<Box<(FieldPathBuf, Position)>>,
}

impl ReadError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, place: None }
    }

    /// Names the place, unless a node further in has done so.
    pub fn at(mut self, path: &FieldPathBuf, position: &Position) -> Self {
        self.place.get_or_insert_with(|| Box::new((path.clone(), position.clone())));
        self
    }

    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// A text of the input, cut if it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let short: String = characters.by_ref().take(MAX_QUOTED).collect();
    if characters.next().is_some() { format!("`{short}...`") } else { format!("`{short}`") }
}

/// Names joined for a message.
pub(super) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// "did you mean", or all that is known.
fn suggestion(word: &str, known: &[&'static str], what: &str) -> Option<String> {
    match nearest(word, known.iter().copied(), Tolerance::Wide) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("{what}: {}", listed(known))),
    }
}

/// What was found, for a message.
fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        unnamed => unnamed.to_string(),
    }
}

/// What was expected, in the words of a scenario.
fn expectation(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" => "a whole number from 0 to 18446744073709551615".to_owned(),
        "a map" => "a mapping".to_owned(),
        "a sequence" => "a list".to_owned(),
        name if name.starts_with("struct ") => "a mapping".to_owned(),
        name => name.to_owned(),
    }
}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Value, message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expectation(expected);
        match unexpected {
            Unexpected::Unit | Unexpected::Option => {
                Self::new(ErrorKind::Value, format!("has no value (expected {expected})"))
            }
            value => Self::new(ErrorKind::Value, format!("{} is not {expected}", found(&value))),
        }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ErrorKind::Value, format!("{} is not {}", found(&unexpected), expectation(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ErrorKind::Value, format!("{} is unknown (expected one of {})", quoted(variant), listed(expected)))
            .hint(
                nearest(variant, expected.iter().copied(), Tolerance::Wide)
                    .map(|near| format!("did you mean `{near}`?")),
            )
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ErrorKind::Unknown(field.to_owned()), format!("unknown field {}", quoted(field))).hint(suggestion(
            field,
            expected,
            "known fields",
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ErrorKind::Missing(field), format!("`{field}` is missing"))
    }
}
