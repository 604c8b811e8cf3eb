//! `CronJob` of `batch/v1`, after API-server defaulting, and its status.

use super::Name;
use jiff::Timestamp;

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
