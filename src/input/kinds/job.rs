//! Jobs, read for their pods.

use super::common::job::{JobPods, convert_job_template, validate_job_template};
use super::common::meta;
use super::common::validation::Naming;
use super::common::workload::set_template_defaults;
use super::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// `Job` of `batch/v1`.
pub struct Job;

impl Kind for Job {
    type Plain = batch::Job;
    type Converted = JobPods;
    const KIND: &'static str = "Job";
    const VERSIONS: &'static [&'static str] = &["batch/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(job: &mut batch::Job) {
        if let Some(spec) = &mut job.spec {
            set_template_defaults(&mut spec.template);
        }
    }

    fn validate(job: &batch::Job, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let spec_path = root.key("spec");
        validate_job_template(template(job), spec_path.key("template"), errors);
    }

    fn convert(job: &batch::Job, start: Timestamp, errors: &mut FieldErrors) -> JobPods {
        let root = FieldPath::Root;
        let spec_path = root.key("spec");
        convert_job_template(meta::convert(&job.metadata, start), template(job), spec_path.key("template"), errors)
    }
}

/// The pods' template.
fn template(job: &batch::Job) -> Option<&PodTemplateSpec> {
    job.spec.as_ref().map(|spec| &spec.template)
}
