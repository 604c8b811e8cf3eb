//! ReplicaSets.

use super::common::meta;
use super::common::validation::{Naming, not_negative, object_meta};
use super::common::workload::{
    convert_selector, convert_template, seconds, set_template_defaults, validate_selector_and_template,
};
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// `ReplicaSet` of `apps/v1`.
pub struct ReplicaSet;

impl Kind for ReplicaSet {
    type Plain = apps::ReplicaSet;
    type Converted = Object;
    const KIND: &'static str = "ReplicaSet";
    const VERSIONS: &'static [&'static str] = &["apps/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(replica_set: &mut apps::ReplicaSet) {
        if let Some(template) = replica_set.spec.as_mut().and_then(|spec| spec.template.as_mut()) {
            set_template_defaults(template);
        }
    }

    /// Checks what the API server checks (`ValidateReplicaSet`, Kubernetes 1.36).
    fn validate(replica_set: &apps::ReplicaSet, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&replica_set.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &replica_set.spec else {
            errors.push(path, "missing (expected a ReplicaSet spec)");
            return;
        };
        not_negative(spec.replicas, path.key("replicas"), errors);
        not_negative(spec.min_ready_seconds, path.key("minReadySeconds"), errors);
        let empty = PodTemplateSpec::default();
        validate_selector_and_template(&spec.selector, spec.template.as_ref().unwrap_or(&empty), errors);
    }

    fn convert(replica_set: &apps::ReplicaSet, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let empty = apps::ReplicaSetSpec::default();
        let empty_template = PodTemplateSpec::default();
        let spec = replica_set.spec.as_ref().unwrap_or(&empty);
        Object::ReplicaSet(api::ReplicaSet {
            kind: api::Kind::ReplicaSet,
            meta: meta::convert(&replica_set.metadata, start),
            replicas: spec.replicas.unwrap_or(1),
            selector: convert_selector(&spec.selector, errors),
            template: convert_template(spec.template.as_ref().unwrap_or(&empty_template), errors),
            min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
        })
    }
}
