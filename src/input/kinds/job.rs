//! Jobs.

use super::common::job::{convert_spec, convert_template, set_defaults};
use super::common::job_validation::{validate_manual_selector, validate_pod_names, validate_spec};
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;

/// `Job` of `batch/v1`.
pub struct Job;

impl Kind for Job {
    type Plain = batch::Job;
    type Converted = Object;
    const KIND: &'static str = "Job";
    const VERSIONS: &'static [&'static str] = &["batch/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(job: &mut batch::Job) {
        if let Some(spec) = &mut job.spec {
            set_defaults(spec);
        }
    }

    /// Checks what the API server checks (`ValidateJob`, Kubernetes 1.36).
    fn validate(job: &batch::Job, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let meta_path = root.key("metadata");
        object_meta(&job.metadata, Self::NAMING, meta_path, errors);
        let path = root.key("spec");
        let Some(spec) = &job.spec else {
            errors.push(path, "missing (expected a Job spec)");
            return;
        };
        validate_pod_names(job.metadata.name.as_deref().unwrap_or_default(), spec, meta_path.key("name"), errors);
        validate_manual_selector(spec, path, errors);
        validate_spec(spec, path, errors);
    }

    fn convert(job: &batch::Job, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = batch::JobSpec::default();
        let spec = job.spec.as_ref().unwrap_or(&empty);
        let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let mut met = conditions.filter(|condition| condition.status == "True");
        Object::Job(api::Job {
            meta: meta::convert(&job.metadata, start),
            spec: convert_spec(spec, path, errors),
            template: convert_template(name, &spec.template, path.key("template"), errors),
            is_finished: met.any(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed")),
        })
    }
}
