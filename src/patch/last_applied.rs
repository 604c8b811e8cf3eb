//! The annotation in which `kubectl apply` keeps what was applied last.

use super::PatchError;
use serde_json::{Map, Value};

/// The annotation's name (`LastAppliedConfigAnnotation`).
pub const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

const METADATA: &str = "metadata";
const ANNOTATIONS: &str = "annotations";

/// The configuration that was applied last; empty where the object has none, because it was made in another way.
///
/// # Errors
/// [`PatchError`] if the annotation is not a JSON object.
pub fn of(object: &Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
    let metadata = object.get(METADATA).and_then(Value::as_object);
    let annotations = metadata.and_then(|metadata| metadata.get(ANNOTATIONS)).and_then(Value::as_object);
    let text = annotations.and_then(|annotations| annotations.get(ANNOTATION)).and_then(Value::as_str);
    match text {
        None | Some("") => Ok(Map::new()),
        Some(text) => serde_json::from_str(text).map_err(|_| PatchError::BadDocument),
    }
}

/// A manifest with itself as its last applied configuration (kubectl's `GetModifiedConfiguration`).
pub fn annotated(manifest: &Map<String, Value>) -> Map<String, Value> {
    let mut object = manifest.clone();
    let annotations = annotations_of(&mut object);
    annotations.shift_remove(ANNOTATION);
    let text = text_of(&object);
    annotations_of(&mut object).insert(ANNOTATION.to_owned(), text.into());
    object
}

/// The annotations of an object, which has some from now on. As kubectl reads them: null is the empty text, and where one
/// of them is no text at all, there are none.
fn annotations_of(object: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let annotations = object_at(object_at(object, METADATA), ANNOTATIONS);
    if annotations.values().any(|value| !value.is_string() && !value.is_null()) {
        annotations.clear();
    }
    annotations.values_mut().filter(|value| value.is_null()).for_each(|value| *value = "".into());
    annotations
}

fn object_at<'a>(parent: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = parent.entry(key).or_insert(Value::Null);
    if !value.is_object() {
        *value = Map::new().into();
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made an object above"),
    }
}

/// Compact JSON as Go's encoder writes it: sorted keys, the characters of HTML escaped, a newline at the end.
fn text_of(object: &Map<String, Value>) -> String {
    let mut object = Value::from(object.clone());
    object.sort_all_objects();
    let mut text = object.to_string();
    // These characters stand in strings alone.
    for (plain, escaped) in
        [("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")]
    {
        text = text.replace(plain, escaped);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_annotation_holds_the_manifest_without_itself() {
        let manifest = json!({"kind": "A", "data": {"z": "<&>", "a": null}, "metadata": {"name": "x"}});
        let manifest: Map<String, Value> = serde_json::from_value(manifest).unwrap();
        let text = "{\"data\":{\"a\":null,\"z\":\"\\u003c\\u0026\\u003e\"},\"kind\":\"A\",\"metadata\":{\"annotations\":{},\
                    \"name\":\"x\"}}\n";
        let once = annotated(&manifest);
        assert_eq!(once["metadata"]["annotations"][ANNOTATION], text);
        assert_eq!(annotated(&once), once, "an annotation of the manifest itself does not count");
        assert_eq!(Value::from(of(&once).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }
}
