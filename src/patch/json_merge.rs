//! JSON merge patch (RFC 7386) as `evanphx/json-patch` v4 does it, and the three-way merge that kubectl builds on it for
//! custom resources (`jsonmergepatch`).
//!
//! Known deviation of the library from the RFC, followed here: a null within a list of the patch stays.

use super::{PatchError, go_text};
use serde_json::{Map, Number, Value};

/// Applies a merge patch.
///
/// # Errors
/// [`PatchError`] if the document is no object, or the patch neither object nor list.
pub fn apply(document: &mut Value, patch: Value) -> Result<(), PatchError> {
    let Value::Object(document_fields) = document else { return Err(PatchError::BadDocument) };
    match patch {
        Value::Object(patch) => merge_fields(document_fields, patch),
        Value::Array(mut items) => {
            prune_items(&mut items);
            *document = items.into();
        }
        _ => return Err(PatchError::BadMergePatch),
    }
    Ok(())
}

/// The merge patch that `kubectl apply` sends for a custom resource (`CreateThreeWayJSONMergePatch`).
///
/// # Errors
/// [`PatchError`] if the patch would change `apiVersion`, `kind` or the name (kubectl's preconditions), or what is set and
/// what is deleted contradict each other.
pub fn create_three_way(
    original: &Map<String, Value>,
    modified: &Map<String, Value>,
    current: &Map<String, Value>,
) -> Result<Map<String, Value>, PatchError> {
    let additions = without_deletions(diff(current, modified));
    let deletions = deletions_alone(diff(original, modified));
    if maps_conflict(&additions, &deletions) {
        let (patch, changed) = (super::yaml_text::of(&additions), super::yaml_text::of(&deletions));
        return Err(PatchError::Conflict { patch, changed });
    }
    let mut patch = deletions;
    merge_fields(&mut patch, additions);
    let metadata = patch.get("metadata").and_then(Value::as_object);
    let is_identity_changed = ["apiVersion", "kind"].iter().any(|key| patch.contains_key(*key))
        || metadata.is_some_and(|metadata| metadata.contains_key("name"));
    if is_identity_changed {
        return Err(PatchError::PreconditionFailed { patch: go_text::map(&patch) });
    }
    Ok(patch)
}

fn merge_fields(document: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, mut value) in patch {
        if value.is_null() {
            document.shift_remove(&key);
            continue;
        }
        match document.get_mut(&key) {
            None | Some(Value::Null) => {
                prune_nulls(&mut value);
                document.insert(key, value);
            }
            Some(Value::Object(existing)) => match value {
                Value::Object(fields) => merge_fields(existing, fields),
                value => _ = document.insert(key, value),
            },
            Some(existing) => {
                prune_nulls(&mut value);
                *existing = value;
            }
        }
    }
}

fn prune_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(prune_nulls);
        }
        Value::Array(items) => prune_items(items),
        _ => {}
    }
}

fn prune_items(items: &mut [Value]) {
    items.iter_mut().for_each(prune_nulls);
}

/// The merge patch from one object to another (`CreateMergePatch`).
fn diff(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, new) in to {
        match (from.get(key), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let changed = diff(old, new);
                if !changed.is_empty() {
                    patch.insert(key.clone(), changed.into());
                }
            }
            (Some(old), new) if is_equal(old, new) => {}
            (_, new) => _ = patch.insert(key.clone(), as_decoded(new)),
        }
    }
    let gone = from.keys().filter(|key| !to.contains_key(*key));
    patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    patch
}

/// Whether two values are equal; every number is a float to the library.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let has_equal = |(key, value): (&String, &Value)| left.get(key).is_some_and(|left| is_equal(left, value));
            left.len() == right.len() && right.iter().all(has_equal)
        }
        (left, right) => left == right,
    }
}

/// A value once it has been through the library: a whole number that was written with a fraction is whole.
fn as_decoded(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().and_then(whole).map_or_else(|| value.clone(), Value::Number),
        Value::Array(items) => items.iter().map(as_decoded).collect(),
        Value::Object(fields) => fields.iter().map(|(key, field)| (key.clone(), as_decoded(field))).collect(),
        value => value.clone(),
    }
}

fn whole(number: f64) -> Option<Number> {
    // Go writes a float without an exponent up to 1e21; what is larger than an integer is decoded as a float again.
    (number.fract() == 0.0).then(|| format!("{number:.0}").parse::<i64>().ok()).flatten().map(Number::from)
}

/// Additions and changes of a patch alone.
fn without_deletions(patch: Map<String, Value>) -> Map<String, Value> {
    let kept = patch.into_iter().filter_map(|(key, value)| match value {
        Value::Null => None,
        // An empty object is a value; one that holds deletions alone is none.
        Value::Object(fields) if !fields.is_empty() => {
            let fields = without_deletions(fields);
            (!fields.is_empty()).then(|| (key, fields.into()))
        }
        value => Some((key, value)),
    });
    kept.collect()
}

/// Deletions of a patch alone.
fn deletions_alone(patch: Map<String, Value>) -> Map<String, Value> {
    let kept = patch.into_iter().filter_map(|(key, value)| match value {
        Value::Null => Some((key, Value::Null)),
        Value::Object(fields) => {
            let fields = deletions_alone(fields);
            (!fields.is_empty()).then(|| (key, fields.into()))
        }
        _ => None,
    });
    kept.collect()
}

fn maps_conflict(left: &Map<String, Value>, right: &Map<String, Value>) -> bool {
    left.iter().any(|(key, left)| right.get(key).is_some_and(|right| values_conflict(left, right)))
}

fn values_conflict(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => maps_conflict(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() != right.len() || left.iter().zip(right).any(|(left, right)| values_conflict(left, right))
        }
        (left, right) => left != right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_library_is_followed_where_it_leaves_the_rfc() {
        let cases = [
            (json!({"a": {"b": 1}}), json!({"a": {"b": null, "c": 2}}), json!({"a": {"c": 2}}), "null removes"),
            (
                json!({}),
                json!({"a": {"b": null, "c": [null, {"d": null}]}}),
                json!({"a": {"c": [null, {}]}}),
                "new object",
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": [null, {"d": null}]}),
                json!({"a": [null, {"d": null}]}),
                "list over object",
            ),
            (json!({"a": 1}), json!({"a": {"b": null}}), json!({"a": {}}), "object over number"),
        ];
        for (mut document, patch, expected, why) in cases {
            apply(&mut document, patch).unwrap();
            assert_eq!(document, expected, "{why}");
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let map = |value: Value| serde_json::from_value::<Map<String, Value>>(value).unwrap();
        assert!(diff(&map(json!({"a": 1.0})), &map(json!({"a": 1}))).is_empty());
        assert_eq!(Value::from(diff(&map(json!({})), &map(json!({"a": [2.0]})))), json!({"a": [2]}));
    }
}
