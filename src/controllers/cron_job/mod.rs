//! The CronJob controller: which finished Jobs a sync deletes, whether it starts one, and when it looks again.
//!
//! Mirrors `cleanupFinishedJobs` and `syncCronJob` of `pkg/controller/cronjob/cronjob_controllerv2.go` (Kubernetes 1.36).
//! The real controller asks the API server again where its caches might be behind; here there is one state, so that only
//! Jobs whose caches are behind in a recording are asked for.

pub mod controller;
#[cfg(test)]
mod tests;
pub mod times;

use crate::api::cron::{CronSchedule, TimeZone};
use crate::api::{ActiveJob, ConcurrencyPolicy, CronJobStatus, Name};
use crate::cluster::Severity;
use crate::units::SimDuration;
use jiff::Timestamp;
use std::fmt;
use times::{MissedSchedules, ScheduleProblem, Timing, job_name, next_schedule_time, next_schedule_time_duration};

/// What a sync sees of the CronJob.
#[derive(Clone, Copy, Debug)]
pub struct CronJobView<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
    /// `spec.schedule`.
    pub schedule: &'a str,
    /// `spec.timeZone`.
    pub time_zone: Option<&'a str>,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.concurrencyPolicy`.
    pub concurrency_policy: ConcurrencyPolicy,
    /// `spec.startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
    /// `spec.successfulJobsHistoryLimit`.
    pub successful_jobs_history_limit: Option<i32>,
    /// `spec.failedJobsHistoryLimit`.
    pub failed_jobs_history_limit: Option<i32>,
}

/// How a Job ended: the terminal condition that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// `Complete`.
    Complete,
    /// `Failed`.
    Failed,
}

impl JobEnd {
    /// The type of the condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::Failed => "Failed",
        }
    }
}

/// What a sync sees of a Job that the CronJob controls.
#[derive(Clone, Copy, Debug)]
pub struct ChildJob<'a, J> {
    /// The Job.
    pub job: J,
    /// `metadata.name`.
    pub name: &'a str,
    /// `status.startTime`.
    pub start_time: Option<Timestamp>,
    /// `status.completionTime`.
    pub completion_time: Option<Timestamp>,
    /// How it ended, if it has.
    pub end: Option<JobEnd>,
}

/// An Event of the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobEvent {
    /// `type`.
    pub severity: Severity,
    /// `reason`.
    pub reason: &'static str,
    /// `message`.
    pub message: String,
}

impl fmt::Display for CronJobEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Normal => "Normal",
            Severity::Warning => "Warning",
        };
        write!(formatter, "{severity} {} {}", self.reason, self.message)
    }
}

/// What a sync decides.
#[derive(Clone, Debug)]
pub struct CronJobSync<J> {
    /// Jobs to delete, in order.
    pub deleted: Vec<J>,
    /// The time of the run whose Job is to be created then.
    pub start: Option<Timestamp>,
    /// Events, in order. That of the created Job comes with [`created`](Self::created).
    pub events: Vec<CronJobEvent>,
    /// The status afterwards.
    pub status: CronJobStatus<J>,
    /// Whether the status has to be written.
    pub updates_status: bool,
    /// After what time to sync again; `None`: when something changes.
    pub requeue_after: Option<SimDuration>,
    /// The search for the next time does not end, and with it the real controller's worker.
    pub hangs: bool,
}

impl<J: Copy + PartialEq> CronJobSync<J> {
    /// The Job of [`start`](Self::start) was created, or `exists` already without being among the active ones.
    pub fn created(&mut self, job: J, name: Name, exists: bool) {
        if !exists {
            self.event(Severity::Normal, "SuccessfulCreate", format!("Created job {name}"));
        }
        self.status.active.push(ActiveJob { job, name });
        self.status.last_schedule_time = self.start;
        self.updates_status = true;
    }

    fn event(&mut self, severity: Severity, reason: &'static str, message: String) {
        self.events.push(CronJobEvent { severity, reason, message });
    }

    fn is_active(&self, job: J) -> bool {
        self.status.active.iter().any(|active| active.job == job)
    }

    fn forget(&mut self, job: J) {
        self.status.active.retain(|active| active.job != job);
    }

    /// Deletes a Job (`deleteJob`).
    fn delete(&mut self, job: J, name: &str) {
        self.deleted.push(job);
        self.forget(job);
        self.event(Severity::Normal, "SuccessfulDelete", format!("Deleted job {name}"));
        self.updates_status = true;
    }
}

/// One sync at `now`. `jobs` are the Jobs that the CronJob controls; `exists` says of an active one that is not among
/// them whether it exists all the same.
pub fn sync<J: Copy + PartialEq>(
    cron_job: &CronJobView<'_>,
    status: CronJobStatus<J>,
    jobs: &[ChildJob<'_, J>],
    exists: impl Fn(&ActiveJob<J>) -> bool,
    now: Timestamp,
) -> CronJobSync<J> {
    let mut sync = CronJobSync {
        deleted: Vec::new(),
        start: None,
        events: Vec::new(),
        status,
        updates_status: false,
        requeue_after: None,
        hangs: false,
    };
    clean_up(cron_job, jobs, &mut sync);
    observe_jobs(jobs, exists, &mut sync);
    if cron_job.is_deleting {
        return sync;
    }
    if let Some((zone, Err(error))) = cron_job.time_zone.map(|zone| (zone, TimeZone::load(zone))) {
        sync.event(Severity::Warning, "UnknownTimeZone", format!("invalid timeZone: {zone:?}: {error}"));
        return sync;
    }
    if cron_job.suspend {
        return sync;
    }
    if times::names_time_zone(cron_job.schedule) {
        let message = format!(
            "CRON_TZ or TZ used in schedule {:?} is not officially supported, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
            cron_job.schedule
        );
        sync.event(Severity::Warning, "UnsupportedSchedule", message);
    }
    match CronSchedule::parse(&times::format_schedule(cron_job.schedule, cron_job.time_zone)) {
        Ok(schedule) => start_if_due(cron_job, &schedule, now, &mut sync),
        Err(error) => {
            let message = format!("unparseable schedule: {:?} : {error}", cron_job.schedule);
            sync.event(Severity::Warning, "UnparseableSchedule", message);
        }
    }
    sync
}

/// Deletes the oldest finished Jobs beyond the limits of the history (`cleanupFinishedJobs`).
fn clean_up<J: Copy + PartialEq>(cron_job: &CronJobView<'_>, jobs: &[ChildJob<'_, J>], sync: &mut CronJobSync<J>) {
    let limits = [
        (JobEnd::Complete, cron_job.successful_jobs_history_limit),
        (JobEnd::Failed, cron_job.failed_jobs_history_limit),
    ];
    for (end, limit) in limits {
        let Some(limit) = limit else { continue };
        let mut ended: Vec<&ChildJob<'_, J>> = jobs.iter().filter(|job| job.end == Some(end)).collect();
        ended.sort_by_key(|job| (job.start_time.is_none(), job.start_time, job.name));
        let surplus = ended.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for job in &ended[..surplus] {
            sync.delete(job.job, job.name);
        }
    }
}

/// Brings the status up to date with the Jobs: the first part of `syncCronJob`.
fn observe_jobs<J: Copy + PartialEq>(
    jobs: &[ChildJob<'_, J>],
    exists: impl Fn(&ActiveJob<J>) -> bool,
    sync: &mut CronJobSync<J>,
) {
    for job in jobs {
        let is_active = sync.is_active(job.job);
        let Some(end) = job.end else {
            if !is_active {
                let message = format!("Saw a job that the controller did not create or forgot: {}", job.name);
                sync.event(Severity::Warning, "UnexpectedJob", message);
            }
            continue;
        };
        if is_active {
            sync.forget(job.job);
            let message = format!("Saw completed job: {}, condition: {}", job.name, end.as_str());
            sync.event(Severity::Normal, "SawCompletedJob", message);
            sync.updates_status = true;
        }
        if end == JobEnd::Complete && job.completion_time > sync.status.last_successful_time {
            sync.status.last_successful_time = job.completion_time;
            sync.updates_status = true;
        }
        // The real controller notes the missing time of a Job without one as a change.
        sync.updates_status |= end == JobEnd::Complete && sync.status.last_successful_time.is_none();
    }
    for active in sync.status.active.clone() {
        if jobs.iter().all(|job| job.job != active.job) && !exists(&active) {
            sync.event(Severity::Normal, "MissingJob", format!("Active job went missing: {}", active.name));
            sync.forget(active.job);
            sync.updates_status = true;
        }
    }
}

/// Starts the run that is due, and plans the next one: the second part of `syncCronJob`.
fn start_if_due<J: Copy + PartialEq>(
    cron_job: &CronJobView<'_>,
    schedule: &CronSchedule,
    now: Timestamp,
    sync: &mut CronJobSync<J>,
) {
    let mut timing = Timing {
        schedule,
        created: cron_job.created,
        last_schedule_time: sync.status.last_schedule_time,
        starting_deadline_seconds: cron_job.starting_deadline_seconds,
    };
    match next_schedule_time(&timing, now) {
        Ok(None) => {}
        Ok(Some((scheduled, missed))) => {
            sync.events.extend(too_many_missed_times(missed));
            if may_start(cron_job, scheduled, now, sync) {
                sync.start = Some(scheduled);
                timing.last_schedule_time = sync.start;
            }
        }
        Err(ScheduleProblem::Endless(_)) => {
            sync.hangs = true;
            return;
        }
        Err(error @ ScheduleProblem::TooClose) => {
            let message = format!("invalid schedule: {} : {error}", cron_job.schedule);
            sync.event(Severity::Warning, "InvalidSchedule", message);
            return;
        }
    }
    match next_schedule_time_duration(&timing, now) {
        Ok(after) => sync.requeue_after = Some(after),
        Err(_) => sync.hangs = true,
    }
}

/// The warning of many missed runs.
pub fn too_many_missed_times(missed: MissedSchedules) -> Option<CronJobEvent> {
    let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
    (missed == MissedSchedules::Many).then(|| CronJobEvent {
        severity: Severity::Warning,
        reason: "TooManyMissedTimes",
        message: message.to_owned(),
    })
}

/// Whether the Job of a run is to be created. With `Replace` the active ones are deleted first.
fn may_start<J: Copy + PartialEq>(
    cron_job: &CronJobView<'_>,
    scheduled: Timestamp,
    now: Timestamp,
    sync: &mut CronJobSync<J>,
) -> bool {
    let nanos_late = now.as_nanosecond() - scheduled.as_nanosecond();
    if cron_job.starting_deadline_seconds.is_some_and(|seconds| nanos_late > i128::from(seconds) * 1_000_000_000) {
        let time = scheduled.strftime("%a, %d %b %Y %H:%M:%S +0000");
        sync.event(Severity::Warning, "MissSchedule", format!("Missed scheduled time to start a job: {time}"));
        return false;
    }
    let name = job_name(cron_job.name, scheduled);
    let is_started = sync.status.active.iter().any(|active| active.name == name);
    if is_started || sync.status.last_schedule_time == Some(scheduled) {
        return false;
    }
    match cron_job.concurrency_policy {
        ConcurrencyPolicy::Forbid if !sync.status.active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            sync.event(Severity::Normal, "JobAlreadyActive", message.to_owned());
            return false;
        }
        ConcurrencyPolicy::Replace => {
            for active in sync.status.active.clone() {
                sync.delete(active.job, &active.name);
            }
        }
        ConcurrencyPolicy::Allow | ConcurrencyPolicy::Forbid => {}
    }
    true
}
