//! CapacityBuffers.

use super::common::validation::{Naming, not_negative, object_meta, quantities};
use super::common::{meta, resources};
use super::kind::Kind;
use crate::api::{self, ACTIVE_CAPACITY, BufferShape, Name, Object, ScalableReference};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `CapacityBuffer` of `autoscaling.x-k8s.io/v1beta1`.
pub struct CapacityBuffer;

/// The object as its CustomResourceDefinition has it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plain {
    #[serde(rename = "apiVersion")]
    version: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    metadata: ObjectMeta,
    spec: Option<Spec>,
    status: Option<serde_json::Value>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    provisioning_strategy: Option<String>,
    pod_template_ref: Option<ObjectReference>,
    scalable_ref: Option<PlainScalableReference>,
    replicas: Option<i32>,
    percentage: Option<i32>,
    limits: Option<BTreeMap<String, Quantity>>,
}

#[derive(Deserialize, Serialize)]
struct ObjectReference {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainScalableReference {
    #[serde(default)]
    api_group: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

impl Kind for CapacityBuffer {
    type Plain = Plain;
    type Converted = Object;
    const KIND: &'static str = "CapacityBuffer";
    const VERSIONS: &'static [&'static str] = &["autoscaling.x-k8s.io/v1beta1", "autoscaling.x-k8s.io/v1alpha1"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks what the CustomResourceDefinition checks (Cluster Autoscaler, August 2026).
    fn validate(buffer: &Plain, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&buffer.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &buffer.spec else {
            errors.push(path, "missing (expected a CapacityBuffer spec)");
            return;
        };
        if spec.pod_template_ref.is_some() && spec.scalable_ref.is_some() {
            errors.push(path, "podTemplateRef and scalableRef are both given (expected one of them)");
        }
        if spec.pod_template_ref.is_some() && spec.replicas.is_none() && spec.limits.is_none() {
            errors.push(path, "has podTemplateRef alone (expected replicas or limits with it)");
        }
        if let Some(reference) = &spec.pod_template_ref
            && reference.name.is_empty()
        {
            let reference_path = path.key("podTemplateRef");
            errors.push(reference_path.key("name"), "missing (expected the name of a PodTemplate)");
        }
        if let Some(reference) = &spec.scalable_ref {
            let reference_path = path.key("scalableRef");
            for (value, field) in [(&reference.kind, "kind"), (&reference.name, "name")] {
                if value.is_empty() {
                    errors.push(reference_path.key(field), "missing (expected the workload, such as Deployment `web`)");
                }
            }
        }
        not_negative(spec.replicas, path.key("replicas"), errors);
        not_negative(spec.percentage, path.key("percentage"), errors);
        quantities(spec.limits.as_ref(), path.key("limits"), errors);
    }

    fn convert(buffer: &Plain, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = Spec::default();
        let spec = buffer.spec.as_ref().unwrap_or(&empty);
        let of_template = spec.pod_template_ref.as_ref().map(|reference| Name::from(reference.name.as_str()));
        let of_workload = spec.scalable_ref.as_ref().map(|reference| ScalableReference {
            group: Name::from(reference.api_group.as_str()),
            kind: Name::from(reference.kind.as_str()),
            name: Name::from(reference.name.as_str()),
        });
        let strategy = spec.provisioning_strategy.as_deref().filter(|strategy| !strategy.is_empty());
        Object::CapacityBuffer(api::CapacityBuffer {
            meta: meta::convert(&buffer.metadata, start),
            shape: of_template.map(BufferShape::PodTemplate).or(of_workload.map(BufferShape::Scalable)),
            replicas: spec.replicas,
            percentage: spec.percentage,
            limits: spec.limits.as_ref().map(|limits| resources::convert(Some(limits), path.key("limits"), errors)),
            strategy: Name::from(strategy.unwrap_or(ACTIVE_CAPACITY)),
        })
    }
}
