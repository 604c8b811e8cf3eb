//! The pods of CronJobs.

use super::job::convert_template;
use super::pod_validation::validate_bare_template;
use crate::api::{ObjectMeta, PodTemplate};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use std::sync::Arc;

/// A CronJob's identity and what its pods are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPods {
    /// Identity of the CronJob.
    pub meta: ObjectMeta,
    /// The pods.
    pub template: Arc<PodTemplate>,
}

/// Checks the template of a CronJob, whose pods may end. `path` leads to it.
pub fn validate_job_template(template: Option<&PodTemplateSpec>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    match template {
        Some(template) => validate_bare_template(template, path, errors),
        None => errors.push(path, "missing (expected a pod template)"),
    }
}

/// The pods of a CronJob. `path` leads to the template.
pub fn convert_job_template(
    meta: ObjectMeta,
    template: Option<&PodTemplateSpec>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> JobPods {
    let empty = PodTemplateSpec::default();
    let template = convert_template(&meta.name, template.unwrap_or(&empty), path, errors);
    JobPods { meta, template }
}
