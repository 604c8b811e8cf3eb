//! PodTemplates: templates that stand by themselves, for others to refer to.

use super::common::meta;
use super::common::pod_template::convert_template;
use super::common::pod_validation::validate_bare_template;
use super::common::validation::{Naming, object_meta};
use super::common::workload::set_template_defaults;
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::sync::Arc;

/// `PodTemplate` of `v1`.
pub struct PodTemplate;

impl Kind for PodTemplate {
    type Plain = core::PodTemplate;
    type Converted = Object;
    const KIND: &'static str = "PodTemplate";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;

    fn set_defaults(object: &mut core::PodTemplate) {
        if let Some(template) = &mut object.template {
            set_template_defaults(template);
        }
    }

    /// Checks what the API server checks (`ValidatePodTemplate`, Kubernetes 1.36).
    fn validate(object: &core::PodTemplate, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&object.metadata, Self::NAMING, root.key("metadata"), errors);
        match &object.template {
            Some(template) => validate_bare_template(template, root.key("template"), errors),
            None => errors.push(root.key("template"), "missing (expected a pod template)"),
        }
    }

    fn convert(object: &core::PodTemplate, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let path = FieldPath::Root.key("template");
        let template = object.template.as_ref().map(|template| convert_template(template, path, errors));
        Object::PodTemplate(api::PodTemplateObject {
            meta: meta::convert(&object.metadata, start),
            template: Arc::new(template.unwrap_or_default()),
        })
    }
}
