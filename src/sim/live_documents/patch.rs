//! What the API server makes of a patch.
//!
//! Known deviations: of an object that no manifest holds and that is no node (a ReplicaSet that a controller made) only the
//! scale can be patched, since the rest of its document is not kept.

use super::{LiveDocuments, Merged, Refusal};
use crate::api::{Kind, Object};
use crate::cluster::{Cluster, ObjectId};
use crate::input::kinds::table::{Descriptor, KINDS};
use crate::input::scenario::{PatchAction, PatchType, Subresource};
use crate::patch::{PatchError, Schema, json_merge, json_patch, strategic};
use crate::sim::applied_object::ObjectKey;
use crate::units::SimTime;
use serde_json::{Map, Value, json};

/// What a JSON patch that cannot be applied is answered with: 422, and kubectl's words for an answer without a reason.
const INVALID_REQUEST: &str = "the server rejected our request due to an error in our request";

impl LiveDocuments {
    /// Patches an object that exists. Whether that changes anything. Adds to the remarks what is not simulated.
    pub fn patch(
        &mut self,
        key: &ObjectKey,
        id: ObjectId,
        patch: &PatchAction,
        cluster: &mut Cluster,
        now: SimTime,
        remarks: &mut Vec<String>,
    ) -> Result<bool, Refusal> {
        let stored = self.documents.get(key).and_then(|document| document.fields.get("apiVersion")?.as_str());
        if stored.is_none() && key.0 != Kind::Node {
            let kind = key.0.as_str();
            return Err(Refusal::of_kubectl(format!("no manifest holds this {kind}: only its scale can be patched")));
        }
        let described = match stored {
            Some(version) => Descriptor::named(version, key.0.as_str()),
            None => KINDS.iter().find(|known| known.kind == key.0.as_str()),
        };
        let Some(kind) = described else { return Err(Refusal::of_kubectl("its version is not known".to_owned())) };
        let version = stored.or(kind.versions.first().copied()).unwrap_or_default().to_owned();
        let live = self.live_fields(key, Some(id), &version, kind, cluster);
        let mut result = patched(&live, patch, Schema::of(&version, kind.kind))?;
        keep_other_part(&live, &mut result, patch.subresource);
        check_identity(&live, &result)?;
        if result == live {
            return Ok(false);
        }
        if patch.subresource == Some(Subresource::Resize) {
            self.resize(key, id, [live, result], kind, cluster, now)?;
            return Ok(true);
        }
        let merged: Merged = self.read(live, result, Some(id), kind, cluster).map_err(|refusal| Refusal {
            message: format!("The {} \"{}\" is invalid: {}", kind.kind, key.2, refusal.message),
            ..refusal
        })?;
        self.store(key, merged, cluster, now, remarks)?;
        Ok(true)
    }
}

impl LiveDocuments {
    /// Writes the `resize` subresource of a pod, from the document as it is and as it is to be.
    fn resize(
        &mut self,
        key: &ObjectKey,
        id: ObjectId,
        [live, result]: [Map<String, Value>; 2],
        kind: &Descriptor<Object>,
        cluster: &mut Cluster,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let ObjectId::Pod(pod) = id else { return Err(Refusal::of_kubectl("only pods can be resized".to_owned())) };
        let invalid = |problem: String| Refusal::invalid(format!("The Pod \"{}\" is invalid: {problem}", key.2));
        if without_resources(&live) != without_resources(&result) {
            return Err(invalid("spec: Forbidden: only cpu and memory resources are mutable".to_owned()));
        }
        let reading = kind.read(&Value::from(result.clone()), self.start);
        if let Some(error) = reading.errors.first() {
            return Err(invalid(format!("{}: {}", error.field, error.problem)));
        }
        let before = kind.read(&live.into(), self.start).object;
        let (Some(Object::Pod(before)), Some(Object::Pod(after))) = (before, reading.object) else {
            return Err(invalid("it is no pod".to_owned()));
        };
        cluster.resize_pod(pod, &before.template.spec, &after.template.spec, now)?;
        self.documents.entry(key.clone()).or_default().fields = result;
        Ok(())
    }
}

/// A pod without the resources of its containers.
fn without_resources(pod: &Map<String, Value>) -> Map<String, Value> {
    let mut pod = pod.clone();
    if let Some(spec) = pod.get_mut("spec") {
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                container.as_object_mut().map(|container| container.shift_remove("resources"));
            }
        }
    }
    pod
}

/// Patches the scale of an object that exists. Whether that changes anything.
pub fn patch_scale(key: &ObjectKey, id: ObjectId, patch: &PatchAction, cluster: &mut Cluster) -> Result<bool, Refusal> {
    let Some(scale) = cluster.scale_of(id) else { return Err(Refusal::of_kubectl("it has no scale".to_owned())) };
    let live = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": key.2.as_str(), "namespace": key.1.as_str()},
        "spec": {"replicas": scale.spec_replicas}, "status": {"replicas": scale.status_replicas},
    });
    let Value::Object(live) = live else { return Ok(false) };
    let result = patched(&live, patch, None)?;
    check_identity(&live, &result)?;
    let wanted = result.get("spec").and_then(|spec| spec.get("replicas"));
    let replicas = match wanted {
        // Without the field the number is Go's zero.
        None | Some(Value::Null) => Some(0),
        Some(wanted) => wanted.as_i64().and_then(|wanted| i32::try_from(wanted).ok()),
    };
    let Some(replicas) = replicas else {
        return Err(Refusal { code: Some(400), message: "spec.replicas: is not a whole number".to_owned() });
    };
    if replicas < 0 {
        let field = "spec.replicas: Invalid value";
        let message =
            format!("The Scale \"{}\" is invalid: {field}: {replicas}: must be greater than or equal to 0", key.2);
        return Err(Refusal::invalid(message));
    }
    cluster.scale(id, replicas);
    Ok(replicas != scale.spec_replicas)
}

/// Applies a patch to a document (`patchResource` of `k8s.io/apiserver` 1.36).
fn patched(
    live: &Map<String, Value>,
    PatchAction { patch, patch_type, .. }: &PatchAction,
    schema: Option<Schema>,
) -> Result<Map<String, Value>, Refusal> {
    let patch_type = patch_type.unwrap_or(if patch.0.is_array() { PatchType::Json } else { PatchType::Strategic });
    let bad_request = |error: PatchError| Refusal { code: Some(400), message: error.to_string() };
    let result = match (patch_type, schema, &patch.0) {
        (PatchType::Strategic, Some(schema), Value::Object(patch)) => {
            Value::from(strategic::apply(live.clone(), patch.clone(), schema).map_err(bad_request)?)
        }
        (PatchType::Json, _, patch) => {
            let mut result = Value::from(live.clone());
            json_patch::apply(&mut result, patch)
                .map_err(|error| Refusal::invalid(format!("{INVALID_REQUEST}: {error}")))?;
            result
        }
        (_, _, patch) => {
            let mut result = Value::from(live.clone());
            json_merge::apply(&mut result, patch.clone()).map_err(bad_request)?;
            result
        }
    };
    match result {
        Value::Object(result) => Ok(result),
        _ => Err(Refusal { code: Some(400), message: "the patch makes no object of it".to_owned() }),
    }
}

/// A write of the object leaves its status alone, and one of its status all else (`PrepareForUpdate` of the kinds' strategies).
fn keep_other_part(live: &Map<String, Value>, result: &mut Map<String, Value>, subresource: Option<Subresource>) {
    let (from, to) = match subresource {
        Some(Subresource::Status) => {
            let status = result.remove("status");
            result.clone_from(live);
            (status, result)
        }
        _ => (live.get("status").cloned(), result),
    };
    match from {
        Some(status) => _ = to.insert("status".to_owned(), status),
        None => _ = to.shift_remove("status"),
    }
}

/// A patch cannot make another object of it.
fn check_identity(live: &Map<String, Value>, result: &Map<String, Value>) -> Result<(), Refusal> {
    let of_metadata = |fields: &Map<String, Value>, field: &str| {
        let metadata = fields.get("metadata").and_then(Value::as_object);
        metadata.and_then(|metadata| metadata.get(field)?.as_str()).unwrap_or_default().to_owned()
    };
    for field in ["name", "namespace"] {
        let [before, after] = [live, result].map(|fields| of_metadata(fields, field));
        if before != after {
            let message =
                format!("the {field} of the object ({after}) does not match the {field} on the URL ({before})");
            return Err(Refusal { code: Some(400), message });
        }
    }
    for field in ["apiVersion", "kind"] {
        if live.get(field) != result.get(field) {
            let message = format!("{field} of the patched object does not match that of the request");
            return Err(Refusal { code: Some(400), message });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::AnyValue;

    fn live() -> Map<String, Value> {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"paused": true, "template": {"spec": {"containers": [
                {"name": "app", "image": "app:v1"}, {"name": "log", "image": "log:v1"},
            ]}}},
            "status": {"replicas": 3},
        });
        serde_json::from_value(object).unwrap()
    }

    fn apply(patch: Value, patch_type: Option<PatchType>, subresource: Option<Subresource>) -> Result<Value, Refusal> {
        let target = serde_json::from_value("deployment/shop/web".into()).unwrap();
        let action = PatchAction { target, patch: AnyValue(patch), patch_type, subresource };
        let live = live();
        let mut result = patched(&live, &action, Schema::of("apps/v1", "Deployment"))?;
        keep_other_part(&live, &mut result, subresource);
        check_identity(&live, &result)?;
        Ok(result.into())
    }

    #[test]
    fn each_type_merges_in_its_way() {
        let containers = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:v2"}]}}}});
        let images = |result: &Value| {
            let containers = result["spec"]["template"]["spec"]["containers"].as_array().unwrap().clone();
            containers.iter().map(|container| container["image"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let strategic = apply(containers.clone(), None, None).unwrap();
        assert_eq!(images(&strategic), ["app:v2", "log:v1"], "strategic is the default, and merges by name");
        let merged = apply(containers, Some(PatchType::Merge), None).unwrap();
        assert_eq!(images(&merged), ["app:v2"], "a JSON merge patch replaces lists");
        let removed = apply(json!([{"op": "remove", "path": "/spec/paused"}]), None, None).unwrap();
        assert!(removed["spec"].get("paused").is_none(), "a list is a JSON patch");
        let null = apply(json!({"spec": {"paused": null}}), None, None).unwrap();
        assert!(null["spec"].get("paused").is_none(), "null deletes");
    }

    #[test]
    fn the_status_and_the_rest_are_written_apart() {
        let both = json!({"spec": {"paused": false}, "status": {"replicas": 9}});
        let main = apply(both.clone(), None, None).unwrap();
        assert_eq!((&main["spec"]["paused"], &main["status"]["replicas"]), (&json!(false), &json!(3)));
        let status = apply(both, None, Some(Subresource::Status)).unwrap();
        assert_eq!((&status["spec"]["paused"], &status["status"]["replicas"]), (&json!(true), &json!(9)));
    }

    #[test]
    fn what_cannot_be_applied_is_refused() {
        let cases = [
            (json!([{"op": "remove", "path": "/spec/none"}]), 422, "error in our request"),
            (
                json!({"metadata": {"name": "api"}}),
                400,
                "the name of the object (api) does not match the name on the URL",
            ),
            (json!({"kind": "StatefulSet"}), 400, "kind of the patched object"),
            (json!({"spec": {"$patch": "merry"}}), 400, "unknown patch type"),
        ];
        for (patch, code, fragment) in cases {
            let refusal = apply(patch.clone(), None, None).unwrap_err();
            assert_eq!(refusal.code, Some(code), "{patch}");
            assert!(refusal.message.contains(fragment), "{patch}: {}", refusal.message);
        }
    }
}
