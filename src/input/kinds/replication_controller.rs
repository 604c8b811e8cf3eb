//! ReplicationControllers.
//!
//! Their controller is that of ReplicaSets behind an adapter, which converts each to a ReplicaSet
//! (`pkg/controller/replication/conversion.go`, Kubernetes 1.36). The simulation does the same.

use super::common::meta;
use super::common::pod_validation::validate_template;
use super::common::validation::{Naming, labels, not_negative, object_meta};
use super::common::workload::{convert_selector, convert_template, seconds, set_template_defaults};
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::collections::BTreeMap;

/// `ReplicationController` of `v1`.
pub struct ReplicationController;

impl Kind for ReplicationController {
    type Plain = core::ReplicationController;
    type Converted = Object;
    const KIND: &'static str = "ReplicationController";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    /// Fills in the template, and takes its labels as the selector and as labels of the object where those are missing
    /// (`SetDefaults_ReplicationController`).
    fn set_defaults(controller: &mut core::ReplicationController) {
        let Some(spec) = &mut controller.spec else { return };
        let Some(template) = &mut spec.template else { return };
        set_template_defaults(template);
        let Some(labels) = template.metadata.as_ref().and_then(|meta| meta.labels.clone()) else { return };
        let is_missing = |map: &Option<BTreeMap<String, String>>| map.as_ref().is_none_or(BTreeMap::is_empty);
        if is_missing(&spec.selector) {
            spec.selector = Some(labels.clone());
        }
        if is_missing(&controller.metadata.labels) {
            controller.metadata.labels = Some(labels);
        }
    }

    /// Checks what the API server checks (`ValidateReplicationController`, Kubernetes 1.36).
    fn validate(controller: &core::ReplicationController, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&controller.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &controller.spec else {
            errors.push(path, "missing (expected a ReplicationController spec)");
            return;
        };
        not_negative(spec.replicas, path.key("replicas"), errors);
        not_negative(spec.min_ready_seconds, path.key("minReadySeconds"), errors);
        let selector_path = path.key("selector");
        labels(spec.selector.as_ref(), selector_path, errors);
        let Some(template) = &spec.template else {
            errors.push(path.key("template"), "missing (expected a pod template)");
            return;
        };
        validate_template(template, path.key("template"), errors);
        let template_labels = template.metadata.as_ref().and_then(|meta| meta.labels.as_ref());
        let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty()).or(template_labels);
        let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
            errors.push(selector_path, "missing (expected labels, here or in spec.template.metadata.labels)");
            return;
        };
        let has = |(key, value): (&String, &String)| template_labels.and_then(|labels| labels.get(key)) == Some(value);
        if !selector.iter().all(has) {
            errors.push(selector_path, "does not match spec.template.metadata.labels (expected to match them)");
        }
    }

    fn convert(controller: &core::ReplicationController, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let empty = core::ReplicationControllerSpec::default();
        let empty_template = core::PodTemplateSpec::default();
        let spec = controller.spec.as_ref().unwrap_or(&empty);
        let selector = LabelSelector { match_labels: spec.selector.clone(), ..LabelSelector::default() };
        Object::ReplicaSet(api::ReplicaSet {
            kind: api::Kind::ReplicationController,
            meta: meta::convert(&controller.metadata, start),
            replicas: spec.replicas.unwrap_or(1),
            selector: convert_selector(&selector, errors),
            template: convert_template(spec.template.as_ref().unwrap_or(&empty_template), errors),
            min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::kinds::table::KINDS;
    use serde_json::{Value, json};

    /// What reading a ReplicationController of this spec gives: the object, or the fields with errors.
    fn read(spec: &Value) -> Result<api::ReplicaSet, Vec<String>> {
        let document =
            json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"}, "spec": spec});
        let kind = KINDS.iter().find(|kind| kind.kind == "ReplicationController").unwrap();
        let reading = kind.read(&document, Timestamp::UNIX_EPOCH);
        match reading.object {
            Some(Object::ReplicaSet(set)) => Ok(set),
            _ => Err(reading.errors.into_iter().map(|error| error.field).collect()),
        }
    }

    fn template(labels: &Value) -> Value {
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "app:v1"}]}})
    }

    #[test]
    fn defaults_come_from_the_template() {
        let set = read(&json!({"template": template(&json!({"app": "web"}))})).unwrap();
        assert_eq!((set.kind, set.replicas), (api::Kind::ReplicationController, 1));
        assert!(set.selector.matches(&set.template.labels));
        assert_eq!(set.meta.labels, set.template.labels);
    }

    #[test]
    fn what_the_api_server_refuses() {
        let labelled = template(&json!({"app": "web"}));
        let cases = [
            (json!({}), "spec.template", "no template"),
            (json!({"template": template(&json!({}))}), "spec.selector", "nothing to select by"),
            (json!({"template": labelled, "selector": {"app": "db"}}), "spec.selector", "another selector"),
            (json!({"template": labelled, "replicas": -1}), "spec.replicas", "a negative number"),
            (json!({"template": labelled, "minReadySeconds": -1}), "spec.minReadySeconds", "a negative time"),
        ];
        for (spec, field, why) in cases {
            assert_eq!(read(&spec), Err(vec![field.to_owned()]), "{why}");
        }
    }
}
