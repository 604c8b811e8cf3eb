//! CronJobs.

use super::common::job::{convert_spec, convert_template, set_defaults};
use super::common::job_validation::validate_spec;
use super::common::meta;
use super::common::validation::{Naming, not_negative, object_meta};
use super::common::value::optional_word;
use super::kind::Kind;
use crate::api::cron::{CronSchedule, TimeZone};
use crate::api::{self, ConcurrencyPolicy, CronJobSpec, Name, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;

/// Finished Jobs that are kept (`SetDefaults_CronJob`, Kubernetes 1.36).
const DEFAULT_SUCCESSFUL_JOBS_HISTORY_LIMIT: i32 = 3;
const DEFAULT_FAILED_JOBS_HISTORY_LIMIT: i32 = 1;
/// The longest name: that of a Job, 63 characters, without the 11 that the controller adds.
const MAX_NAME_LENGTH: usize = 52;
/// The longest component of a time zone's name.
const MAX_ZONE_COMPONENT: usize = 14;

/// `CronJob` of `batch/v1`.
pub struct CronJob;

impl Kind for CronJob {
    type Plain = batch::CronJob;
    type Converted = Object;
    const KIND: &'static str = "CronJob";
    const VERSIONS: &'static [&'static str] = &["batch/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(job: &mut batch::CronJob) {
        let spec = &mut job.spec;
        spec.concurrency_policy.get_or_insert_with(|| "Allow".to_owned());
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(DEFAULT_SUCCESSFUL_JOBS_HISTORY_LIMIT);
        spec.failed_jobs_history_limit.get_or_insert(DEFAULT_FAILED_JOBS_HISTORY_LIMIT);
        if let Some(spec) = &mut spec.job_template.spec {
            set_defaults(spec);
        }
    }

    /// Checks what the API server checks of one that is created (`ValidateCronJobCreate`, Kubernetes 1.36).
    fn validate(job: &batch::CronJob, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let meta_path = root.key("metadata");
        object_meta(&job.metadata, Self::NAMING, meta_path, errors);
        let name = job.metadata.name.as_deref().unwrap_or_default();
        if name.len() > MAX_NAME_LENGTH {
            errors.push(
                meta_path.key("name"),
                format_args!("`{name}` is too long (expected at most {MAX_NAME_LENGTH} characters)"),
            );
        }
        let (spec, path) = (&job.spec, root.key("spec"));
        validate_schedule(&spec.schedule, path.key("schedule"), errors);
        if let Some(zone) = &spec.time_zone {
            validate_time_zone(zone, path.key("timeZone"), errors);
        }
        if let Some(seconds) = spec.starting_deadline_seconds.filter(|seconds| *seconds < 0) {
            errors.push(path.key("startingDeadlineSeconds"), format_args!("is {seconds} (expected at least 0)"));
        }
        not_negative(spec.successful_jobs_history_limit, path.key("successfulJobsHistoryLimit"), errors);
        not_negative(spec.failed_jobs_history_limit, path.key("failedJobsHistoryLimit"), errors);
        let template_path = path.key("jobTemplate");
        match &spec.job_template.spec {
            Some(spec) => validate_spec(spec, template_path.key("spec"), errors),
            None => errors.push(template_path.key("spec"), "missing (expected a Job spec)"),
        }
    }

    fn convert(job: &batch::CronJob, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let template_path = path.key("jobTemplate");
        let job_path = template_path.key("spec");
        let (spec, empty) = (&job.spec, batch::JobSpec::default());
        let job_spec = spec.job_template.spec.as_ref().unwrap_or(&empty);
        let job_meta = spec.job_template.metadata.clone().unwrap_or_default();
        let job_meta = meta::convert(&job_meta, start);
        Object::CronJob(api::CronJob {
            meta: meta::convert(&job.metadata, start),
            spec: CronJobSpec {
                schedule: Name::from(spec.schedule.as_str()),
                time_zone: spec.time_zone.as_deref().map(Name::from),
                starting_deadline_seconds: spec.starting_deadline_seconds,
                concurrency_policy: optional_word(
                    spec.concurrency_policy.as_ref(),
                    &[
                        ("Allow", ConcurrencyPolicy::Allow),
                        ("Forbid", ConcurrencyPolicy::Forbid),
                        ("Replace", ConcurrencyPolicy::Replace),
                    ],
                    ConcurrencyPolicy::default(),
                    path.key("concurrencyPolicy"),
                    errors,
                ),
                suspend: spec.suspend == Some(true),
                successful_jobs_history_limit: spec
                    .successful_jobs_history_limit
                    .unwrap_or(DEFAULT_SUCCESSFUL_JOBS_HISTORY_LIMIT),
                failed_jobs_history_limit: spec.failed_jobs_history_limit.unwrap_or(DEFAULT_FAILED_JOBS_HISTORY_LIMIT),
            },
            job_labels: job_meta.labels,
            job_annotations: job_meta.annotations,
            job: convert_spec(job_spec, job_path, errors),
            template: convert_template(
                job.metadata.name.as_deref().unwrap_or_default(),
                &job_spec.template,
                job_path.key("template"),
                errors,
            ),
        })
    }
}

/// `validateScheduleFormat`.
fn validate_schedule(schedule: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if schedule.is_empty() {
        errors.push(path, "missing (expected a schedule such as `*/5 * * * *`)");
    } else if schedule.contains("TZ") {
        errors.push(path, format_args!("`{schedule}` has a time zone (expected it in timeZone)"));
    } else if let Err(error) = CronSchedule::parse(schedule) {
        errors.push(path, format_args!("`{schedule}` is not a schedule: {error}"));
    }
}

/// `validateTimeZone`.
fn validate_time_zone(zone: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let is_component = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte);
        !matches!(part, "" | "." | "..")
            && !part.starts_with('-')
            && part.len() <= MAX_ZONE_COMPONENT
            && part.bytes().all(allowed)
    };
    if zone.eq_ignore_ascii_case("Local") || !zone.split('/').all(is_component) || TimeZone::load(zone).is_err() {
        errors.push(path, format_args!("`{zone}` is not a time zone (expected one such as `Europe/Paris`)"));
    }
}
