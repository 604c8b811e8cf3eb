//! JSON patch (RFC 6902) as `evanphx/json-patch` v4 does it, with its texts of errors.
//!
//! The library leaves the RFC in places, and so does this: `replace` of a key that an object does not have adds it, a
//! negative index counts from the end of a list, and `test` takes an absent key for null.

use super::PatchError;
use serde_json::{Map, Value};

const TEST_FAILED: &str = "test failed";
const MISSING: &str = "missing value";
const INVALID_INDEX: &str = "invalid index referenced";

/// Applies a JSON patch.
///
/// # Errors
/// [`PatchError`] if the patch is not a list of operations, or one of them fails.
pub fn apply(document: &mut Value, patch: &Value) -> Result<(), PatchError> {
    let operations = patch.as_array().ok_or(PatchError::BadOperations)?;
    for operation in operations {
        let operation = operation.as_object().ok_or(PatchError::BadOperations)?;
        perform(document, operation).map_err(PatchError::Operation)?;
    }
    Ok(())
}

fn perform(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    match operation.get("op").and_then(Value::as_str).unwrap_or("unknown") {
        "add" => add(document, operation),
        "remove" => remove(document, operation),
        "replace" => replace(document, operation),
        "move" => move_value(document, operation),
        "test" => test(document, operation),
        "copy" => copy(document, operation),
        kind => Err(format!("Unexpected kind: {kind}")),
    }
}

fn path(operation: &Map<String, Value>) -> Option<&str> {
    operation.get("path").and_then(Value::as_str)
}

fn value(operation: &Map<String, Value>) -> Value {
    operation.get("value").cloned().unwrap_or_default()
}

fn no_path() -> String {
    format!("operation missing path field: {MISSING}")
}

fn from_of(operation: &Map<String, Value>) -> Result<&str, String> {
    operation.get("from").and_then(Value::as_str).ok_or_else(|| format!("operation, missing from field: {MISSING}"))
}

fn add(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let path = path(operation).ok_or_else(|| format!("add operation failed to decode path: {MISSING}"))?;
    let place = Place::find(document, path)
        .ok_or_else(|| format!("add operation does not apply: doc is missing path: {path:?}: {MISSING}"))?;
    place.add(value(operation)).map_err(|error| format!("error in add for path: '{path}': {error}"))
}

fn remove(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let path = path(operation).ok_or_else(|| format!("remove operation failed to decode path: {MISSING}"))?;
    let place = Place::find(document, path)
        .ok_or_else(|| format!("remove operation does not apply: doc is missing path: {path:?}: {MISSING}"))?;
    place.remove().map_err(|error| format!("error in remove for path: '{path}': {error}"))
}

fn replace(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let path = path(operation).ok_or_else(|| format!("replace operation failed to decode path: {}", no_path()))?;
    if path.is_empty() {
        let value = value(operation);
        if !value.is_object() && !value.is_array() {
            return Err("replace operation value must be object or array: %!w(<nil>)".to_owned());
        }
        *document = value;
        return Ok(());
    }
    let place = Place::find(document, path)
        .ok_or_else(|| format!("replace operation does not apply: doc is missing path: {path}: {MISSING}"))?;
    place.get().map_err(|_| format!("replace operation does not apply: doc is missing key: {path}: {MISSING}"))?;
    place.set(value(operation)).map_err(|error| format!("error in remove for path: '{path}': {error}"))
}

fn move_value(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let from = from_of(operation).map_err(|error| format!("move operation failed to decode from: {error}"))?;
    let source = Place::find(document, from)
        .ok_or_else(|| format!("move operation does not apply: doc is missing from path: {from}: {MISSING}"))?;
    let key = source.key.clone();
    let in_key = |error| format!("error in move for path: '{key}': {error}");
    let value = source.get().map_err(in_key)?.cloned().unwrap_or_default();
    source.remove().map_err(in_key)?;
    let path = path(operation).ok_or_else(|| format!("move operation failed to decode path: {}", no_path()))?;
    let place = Place::find(document, path)
        .ok_or_else(|| format!("move operation does not apply: doc is missing destination path: {path}: {MISSING}"))?;
    place.add(value).map_err(|error| format!("error in move for path: '{path}': {error}"))
}

fn test(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let path = path(operation).ok_or_else(|| format!("test operation failed to decode path: {}", no_path()))?;
    let failed = || format!("testing value {path} failed: {TEST_FAILED}");
    let expected = operation.get("value");
    if path.is_empty() {
        return if expected == Some(&*document) { Ok(()) } else { Err(failed()) };
    }
    let place = Place::find(document, path)
        .ok_or_else(|| format!("test operation does not apply: is missing path: {path}: {MISSING}"))?;
    let found = place.get().map_err(|error| format!("error in test for path: '{path}': {error}"))?;
    let is_equal = found.unwrap_or(&Value::Null) == expected.unwrap_or(&Value::Null);
    if is_equal { Ok(()) } else { Err(failed()) }
}

fn copy(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let from = from_of(operation).map_err(|error| format!("copy operation failed to decode from: {error}"))?;
    let source = Place::find(document, from)
        .ok_or_else(|| format!("copy operation does not apply: doc is missing from path: {from}: {MISSING}"))?;
    let found = source.get().map_err(|error| format!("error in copy for from: '{from}': {error}"))?;
    let value = found.cloned().unwrap_or_default();
    let path = path(operation).ok_or_else(|| format!("copy operation failed to decode path: {MISSING}"))?;
    let place = Place::find(document, path)
        .ok_or_else(|| format!("copy operation does not apply: doc is missing destination path: {path}: {MISSING}"))?;
    place.add(value).map_err(|error| format!("error while adding value during copy: {error}"))
}

/// A key in an object, or an index in a list.
struct Place<'a> {
    container: Container<'a>,
    key: String,
}

enum Container<'a> {
    Object(&'a mut Map<String, Value>),
    List(&'a mut Vec<Value>),
}

impl<'a> Place<'a> {
    /// The place that a JSON pointer (RFC 6901) names; `None` if what should hold it is missing.
    fn find(document: &'a mut Value, path: &str) -> Option<Self> {
        let (parent, key) = path.rsplit_once('/')?;
        let mut container = Container::of(document)?;
        for part in parent.split('/').skip(1) {
            container = Container::of(container.into_child(&decode(part))?)?;
        }
        Some(Self { container, key: decode(key) })
    }

    /// The value; `None` for a key that an object does not have.
    fn get(&self) -> Result<Option<&Value>, String> {
        match &self.container {
            Container::Object(fields) => Ok(fields.get(&self.key)),
            Container::List(items) => {
                let index = existing_index(&self.key, items.len())?;
                Ok(items.get(index))
            }
        }
    }

    fn set(self, value: Value) -> Result<(), String> {
        match self.container {
            Container::Object(fields) => _ = fields.insert(self.key, value),
            Container::List(items) => {
                let index = existing_index(&self.key, items.len())?;
                items[index] = value;
            }
        }
        Ok(())
    }

    fn add(self, value: Value) -> Result<(), String> {
        match self.container {
            Container::Object(fields) => _ = fields.insert(self.key, value),
            Container::List(items) if self.key == "-" => items.push(value),
            Container::List(items) => {
                // The end of the list counts as an index too.
                let length = items.len() + 1;
                let number = number(&self.key)
                    .map_err(|error| format!("value was not a proper array index: '{}': {error}", self.key))?;
                let index = index(number, length).ok_or_else(|| invalid_index(number))?;
                items.insert(index, value);
            }
        }
        Ok(())
    }

    fn remove(self) -> Result<(), String> {
        match self.container {
            Container::Object(fields) => match fields.shift_remove(&self.key) {
                Some(_) => Ok(()),
                None => Err(format!("Unable to remove nonexistent key: {}: {MISSING}", self.key)),
            },
            Container::List(items) => {
                let index = existing_index(&self.key, items.len())?;
                items.remove(index);
                Ok(())
            }
        }
    }
}

impl<'a> Container<'a> {
    fn of(value: &'a mut Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self::Object(fields)),
            Value::Array(items) => Some(Self::List(items)),
            _ => None,
        }
    }

    fn into_child(self, key: &str) -> Option<&'a mut Value> {
        match self {
            Self::Object(fields) => fields.get_mut(key),
            Self::List(items) => {
                let index = existing_index(key, items.len()).ok()?;
                items.get_mut(index)
            }
        }
    }
}

/// A part of a JSON pointer as the key that it means.
fn decode(part: &str) -> String {
    // `~01` is `~1`: what the first replacement makes is not replaced again.
    part.split("~1").map(|piece| piece.replace("~0", "~")).collect::<Vec<_>>().join("/")
}

fn number(key: &str) -> Result<i64, String> {
    let digits = key.strip_prefix(['+', '-']).unwrap_or(key);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {key:?}: invalid syntax"));
    }
    key.parse().map_err(|_| format!("strconv.Atoi: parsing {key:?}: value out of range"))
}

/// The index that a number means in a list; negative ones count from its end.
fn index(number: i64, length: usize) -> Option<usize> {
    let index = match usize::try_from(number) {
        Ok(index) => index,
        Err(_) => length.checked_sub(usize::try_from(number.unsigned_abs()).ok()?)?,
    };
    (index < length).then_some(index)
}

fn existing_index(key: &str, length: usize) -> Result<usize, String> {
    let number = number(key)?;
    index(number, length).ok_or_else(|| invalid_index(number))
}

fn invalid_index(number: i64) -> String {
    format!("Unable to access invalid index: {number}: {INVALID_INDEX}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_end_as_in_the_library() {
        let document = json!({"a": {"b/c": 1, "l": [1, 2]}, "n": null});
        let cases = [
            (
                json!({"op": "replace", "path": "/a/new", "value": 3}),
                Ok(json!({"a": {"b/c": 1, "l": [1, 2], "new": 3}, "n": null})),
            ),
            (json!({"op": "remove", "path": "/a/b~1c"}), Ok(json!({"a": {"l": [1, 2]}, "n": null}))),
            (
                json!({"op": "add", "path": "/a/l/-1", "value": 3}),
                Ok(json!({"a": {"b/c": 1, "l": [1, 2, 3]}, "n": null})),
            ),
            (json!({"op": "test", "path": "/absent"}), Ok(document.clone())),
            (
                json!({"op": "add", "path": "/a/l/x", "value": 3}),
                Err(
                    "error in add for path: '/a/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
                ),
            ),
            (
                json!({"op": "remove", "path": "/a/l/2"}),
                Err("error in remove for path: '/a/l/2': Unable to access invalid index: 2: invalid index referenced"),
            ),
            (
                json!({"op": "move", "path": "/x"}),
                Err("move operation failed to decode from: operation, missing from field: missing value"),
            ),
            (json!({"path": "/x"}), Err("Unexpected kind: unknown")),
        ];
        for (operation, expected) in cases {
            let mut patched = document.clone();
            let result = apply(&mut patched, &json!([operation])).map(|()| patched).map_err(|error| error.to_string());
            assert_eq!(result, expected.map_err(str::to_owned), "{operation}");
        }
    }
}
