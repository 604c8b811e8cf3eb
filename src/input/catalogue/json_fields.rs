//! A JSON file of which every mistake is reported with its line and field.

use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::tree;
use crate::input::document::yaml::Dialect;
use crate::input::{Diagnostic, FieldErrors, FieldPath};
use serde_json::{Map, Value};
use std::path::Path;

/// Reads a JSON file with `read`, and turns what it finds wrong into diagnostics with lines.
pub(super) fn checked<T>(
    file: &Path,
    text: &str,
    root: &Value,
    read: impl FnOnce(&Value, &mut FieldErrors) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let mut errors = FieldErrors::default();
    let value = read(root, &mut errors);
    if errors.is_empty() {
        return Ok(value);
    }
    // The places of fields are found only when one is wrong: price lists are large.
    let document = tree::parse(text, Dialect::Json).ok();
    let diagnostic = |error: crate::input::FieldError| {
        let place = document.as_ref().map(|root| root.locate(&FieldPathBuf::parse(&error.field)));
        let diagnostic = Diagnostic::error(file.display().to_string(), error.problem).in_field(error.field);
        match place {
            Some(place) if place.line > 0 => diagnostic.at((place.line, place.column)),
            _ => diagnostic,
        }
    };
    Err(errors.into_vec().into_iter().map(diagnostic).collect())
}

/// An object that must be one.
pub(super) fn object<'a>(
    value: Option<&'a Value>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<&'a Map<String, Value>> {
    required(value, path, "an object", errors)
        .and_then(|value| expect(value.as_object(), value, path, "an object", errors))
}

/// A list that must be one.
pub(super) fn list<'a>(value: Option<&'a Value>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<&'a [Value]> {
    let value = required(value, path, "a list", errors)?;
    expect(value.as_array().map(Vec::as_slice), value, path, "a list", errors)
}

/// A text that must be there and not empty.
pub(super) fn text<'a>(value: Option<&'a Value>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<&'a str> {
    let value = required(value, path, "text", errors)?;
    expect(value.as_str().filter(|text| !text.is_empty()), value, path, "text that is not empty", errors)
}

/// A price in dollars.
pub(super) fn dollars(value: Option<&Value>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<f64> {
    let value = required(value, path, "a price in dollars", errors)?;
    let price = value.as_f64().filter(|price| (0.0..=1e6).contains(price));
    expect(price, value, path, "a price in dollars, at least 0 and at most 1000000", errors)
}

fn required<'a>(
    value: Option<&'a Value>,
    path: FieldPath<'_>,
    expected: &str,
    errors: &mut FieldErrors,
) -> Option<&'a Value> {
    if value.is_none() {
        errors.push(path, format_args!("is missing (expected {expected})"));
    }
    value
}

fn expect<T>(
    read: Option<T>,
    found: &Value,
    path: FieldPath<'_>,
    expected: &str,
    errors: &mut FieldErrors,
) -> Option<T> {
    if read.is_none() {
        let found = match found {
            Value::Object(_) => "an object".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            scalar => format!("`{scalar}`"),
        };
        errors.push(path, format_args!("found {found} (expected {expected})"));
    }
    read
}
