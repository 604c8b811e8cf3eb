//! `kubectl apply` on one object.

use super::{PatchError, Schema, json_merge, last_applied, strategic};
use serde_json::{Map, Value};

/// What `kubectl apply` does to a live object.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The patch that is sent. Without a key nothing is: kubectl says "unchanged".
    pub patch: Map<String, Value>,
    /// The object that results, before the server's defaulting and validation.
    pub result: Map<String, Value>,
}

/// Applies a manifest to the live object of the same kind and name.
///
/// What the manifest states is set; what the last applied configuration (the annotation of `live`) stated and the
/// manifest no longer does is removed; all else stays as it is. The result carries the manifest as its last applied
/// configuration. `overwrite` is kubectl's flag: without it, what others have changed is not overwritten.
///
/// # Errors
/// [`PatchError`] if a document does not fit the kind, or `overwrite` is off and others have changed the same.
pub fn apply(live: &Map<String, Value>, manifest: &Map<String, Value>, overwrite: bool) -> Result<Applied, PatchError> {
    let original = last_applied::of(live)?;
    let modified = last_applied::annotated(manifest);
    let text = |key: &str| live.get(key).and_then(Value::as_str).unwrap_or_default();
    let (patch, result) = if let Some(schema) = Schema::of(text("apiVersion"), text("kind")) {
        let patch = strategic::create_three_way(original, &modified, live.clone(), schema, overwrite)?;
        let result = strategic::apply(live.clone(), patch.clone(), schema)?;
        (patch, result)
    } else {
        let patch = json_merge::create_three_way(&original, &modified, live)?;
        let mut result = Value::from(live.clone());
        json_merge::apply(&mut result, patch.clone().into())?;
        let Value::Object(result) = result else { return Err(PatchError::BadDocument) };
        (patch, result)
    };
    Ok(Applied { patch, result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn deployment(replicas: Option<u32>, image: &str) -> Value {
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}
        });
        if let Some(replicas) = replicas {
            object["spec"]["replicas"] = json!(replicas);
        }
        object
    }

    #[test]
    fn what_neither_manifest_states_stays() {
        let mut live = last_applied::annotated(&map(deployment(None, "a")));
        live["spec"]["replicas"] = json!(7);
        let applied = apply(&live, &map(deployment(None, "a")), true).unwrap();
        assert!(applied.patch.is_empty(), "kubectl says unchanged: {:?}", applied.patch);
        let applied = apply(&live, &map(deployment(None, "b")), true).unwrap();
        assert_eq!(applied.result["spec"]["replicas"], 7);
        assert_eq!(applied.result["spec"]["template"]["spec"]["containers"][0]["image"], "b");
    }

    #[test]
    fn what_was_dropped_from_the_manifest_is_removed() {
        let mut live = last_applied::annotated(&map(deployment(Some(3), "a")));
        live["spec"]["replicas"] = json!(7);
        let applied = apply(&live, &map(deployment(None, "a")), true).unwrap();
        assert_eq!(applied.patch["spec"], json!({"replicas": null}));
        assert!(applied.result["spec"].get("replicas").is_none(), "the server sets its default then");
    }

    #[test]
    fn without_overwrite_the_change_of_somebody_else_is_a_conflict() {
        let mut live = last_applied::annotated(&map(deployment(Some(3), "a")));
        live["spec"]["replicas"] = json!(7);
        let error = apply(&live, &map(deployment(Some(4), "a")), false).unwrap_err().to_string();
        assert!(
            error.contains("spec:\n  replicas: 4\n\nconflicts with changes made from original to current:"),
            "{error}"
        );
    }
}
