//! `CronJob` of `batch/v1`, after API-server defaulting, and its status.

use super::{ApiObject, JobSpec, Kind, Labels, Name, ObjectMeta, PodTemplate};
use jiff::Timestamp;
use std::sync::Arc;

/// `spec.concurrencyPolicy`: what happens to a run that is due while another one is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcurrencyPolicy {
    /// Both run.
    #[default]
    Allow,
    /// The new one is not started.
    Forbid,
    /// The active one is deleted.
    Replace,
}

/// `spec` of a CronJob, without its `jobTemplate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobSpec {
    /// `schedule`.
    pub schedule: Name,
    /// `timeZone`; `None` is the zone of the controller, which runs in UTC.
    pub time_zone: Option<Name>,
    /// `startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
    /// `concurrencyPolicy`.
    pub concurrency_policy: ConcurrencyPolicy,
    /// `suspend`.
    pub suspend: bool,
    /// `successfulJobsHistoryLimit`.
    pub successful_jobs_history_limit: i32,
    /// `failedJobsHistoryLimit`.
    pub failed_jobs_history_limit: i32,
}

/// A `CronJob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJob {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec` without the template of its Jobs.
    pub spec: CronJobSpec,
    /// `spec.jobTemplate.metadata.labels`.
    pub job_labels: Labels,
    /// `spec.jobTemplate.metadata.annotations`.
    pub job_annotations: Labels,
    /// `spec.jobTemplate.spec`, without its template.
    pub job: JobSpec,
    /// `spec.jobTemplate.spec.template`.
    pub template: Arc<PodTemplate>,
}

impl ApiObject for CronJob {
    fn kind(&self) -> Kind {
        Kind::CronJob
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

/// `status` of a CronJob. `J` is how a Job is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobStatus<J> {
    /// `active`: the Jobs that it started and has not seen finished.
    pub active: Vec<ActiveJob<J>>,
    /// `lastScheduleTime`: the time for which the last Job was started.
    pub last_schedule_time: Option<Timestamp>,
    /// `lastSuccessfulTime`: when a Job last completed.
    pub last_successful_time: Option<Timestamp>,
}

impl<J> Default for CronJobStatus<J> {
    fn default() -> Self {
        Self { active: Vec::new(), last_schedule_time: None, last_successful_time: None }
    }
}

/// An entry of `status.active`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveJob<J> {
    /// The Job, as its `uid` tells it apart from one of the same name.
    pub job: J,
    /// Its name.
    pub name: Name,
}
