//! CronJobs, read for their pods.

use super::common::job_pods::{JobPods, convert_job_template, validate_job_template};
use super::common::meta;
use super::common::validation::Naming;
use super::common::workload::set_template_defaults;
use super::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// `CronJob` of `batch/v1`.
pub struct CronJob;

impl Kind for CronJob {
    type Plain = batch::CronJob;
    type Converted = JobPods;
    const KIND: &'static str = "CronJob";
    const VERSIONS: &'static [&'static str] = &["batch/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(job: &mut batch::CronJob) {
        if let Some(spec) = &mut job.spec.job_template.spec {
            set_template_defaults(&mut spec.template);
        }
    }

    fn validate(job: &batch::CronJob, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let spec_path = root.key("spec");
        let job_template_path = spec_path.key("jobTemplate");
        let job_spec_path = job_template_path.key("spec");
        validate_job_template(template(job), job_spec_path.key("template"), errors);
    }

    fn convert(job: &batch::CronJob, start: Timestamp, errors: &mut FieldErrors) -> JobPods {
        let root = FieldPath::Root;
        let spec_path = root.key("spec");
        let job_template_path = spec_path.key("jobTemplate");
        let job_spec_path = job_template_path.key("spec");
        convert_job_template(meta::convert(&job.metadata, start), template(job), job_spec_path.key("template"), errors)
    }
}

/// The pods' template.
fn template(job: &batch::CronJob) -> Option<&PodTemplateSpec> {
    job.spec.job_template.spec.as_ref().map(|spec| &spec.template)
}
