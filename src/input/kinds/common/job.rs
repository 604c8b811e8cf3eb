//! The pods of Jobs and CronJobs.

use super::pod_template;
use super::pod_validation::validate_bare_template;
use crate::api::{ObjectMeta, PodTemplate};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use std::sync::Arc;

/// The labels with the Job's name that the Job controller adds.
const JOB_NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// A Job's identity and what its pods are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPods {
    /// Identity of the Job or CronJob.
    pub meta: ObjectMeta,
    /// The pods.
    pub template: Arc<PodTemplate>,
}

/// Checks the template of a Job, whose pods may end. `path` leads to it.
pub fn validate_job_template(template: Option<&PodTemplateSpec>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    match template {
        Some(template) => validate_bare_template(template, path, errors),
        None => errors.push(path, "missing (expected a pod template)"),
    }
}

/// The pods of a Job or CronJob, with the labels that the Job controller adds. `path` leads to the template.
pub fn convert_job_template(
    meta: ObjectMeta,
    template: Option<&PodTemplateSpec>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> JobPods {
    let empty = PodTemplateSpec::default();
    let mut template = pod_template::convert_template(template.unwrap_or(&empty), path, errors);
    for key in JOB_NAME_LABELS {
        template.labels = template.labels.with(key, &meta.name);
    }
    JobPods { meta, template: Arc::new(template) }
}
