//! The running CronJob controller: looks at a CronJob when its next run is due, and when it or one of its Jobs changes.
//!
//! The calls of a sync wait together for the client's rate limit: where they may not all go at once, the sync comes when
//! they may, and decides anew then.

use super::times::{Timing, format_schedule, job_name, next_schedule_time_duration, scheduled_timestamp};
use super::{ChildJob, CronJobSync, CronJobView, JobEnd, sync};
use crate::api::cron::CronSchedule;
use crate::api::{self, ActiveJob, CronJobSpec, Kind, Name, ObjectMeta, OwnerReference};
use crate::cluster::{Cluster, CronJob, CronJobId, JobConditionType, JobId, ObjectId, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::work_queue::WorkQueue;
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use jiff::{SignedDuration, Timestamp};

/// `source` of the controller's Events.
const SOURCE: &str = "cronjob-controller";
/// The annotation of a Job with the time of its run.
const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The running CronJob controller.
#[derive(Clone, Debug)]
pub struct CronJobController {
    calendar_start: Timestamp,
    queue: WorkQueue,
    memory: Vec<Memory>,
    retries: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
}

/// What the controller keeps of one CronJob.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Schedule and time zone that it last saw.
    schedule: Option<(Name, Option<Name>)>,
    /// The calls of the next sync have waited for their turn.
    has_waited: bool,
    /// The worker that looked for its next time never came back.
    hangs: bool,
}

impl CronJobController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            calendar_start: settings.calendar_start,
            queue: WorkQueue::default(),
            memory: Vec::new(),
            retries: RetryBackoff::default(),
            limiter: settings.client(),
            latency: settings.sync_latency(SOURCE),
        }
    }

    fn memory(&mut self, id: CronJobId) -> &mut Memory {
        if self.memory.len() <= id.index() {
            self.memory.resize(id.index() + 1, Memory::default());
        }
        &mut self.memory[id.index()]
    }

    /// Plans the sync that a change calls for.
    pub fn wake<A: Agenda<ControllerEvent>>(&mut self, id: CronJobId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncCronJob(id));
        }
    }

    /// A Job was created, changed or removed: its CronJob is synced.
    pub fn observe_job<A: Agenda<ControllerEvent>>(&mut self, job: JobId, cluster: &Cluster, agenda: &mut A) {
        if let Some(ObjectId::CronJob(id)) = cluster.job(job).owner {
            self.wake(id, agenda);
        }
    }

    /// A CronJob was created, or its spec changed (`updateCronJob`): with another schedule it waits for the next run.
    pub fn spec_changed<A: Agenda<ControllerEvent>>(&mut self, id: CronJobId, cluster: &Cluster, agenda: &mut A) {
        let cron_job = cluster.cron_job(id);
        let spec = &cron_job.object.spec;
        let schedule = (spec.schedule.clone(), spec.time_zone.clone());
        let before = self.memory(id).schedule.replace(schedule.clone());
        if before.is_none_or(|before| before == schedule) {
            return self.wake(id, agenda);
        }
        self.memory(id).hangs = false;
        let now = self.calendar(agenda.now());
        let text = format_schedule(&spec.schedule, spec.time_zone.as_deref());
        let Ok(schedule) = CronSchedule::parse(&text) else { return };
        let timing = Timing {
            schedule: &schedule,
            created: self.whole_second(cron_job.head.created),
            last_schedule_time: cron_job.status.last_schedule_time,
            starting_deadline_seconds: spec.starting_deadline_seconds,
        };
        match next_schedule_time_duration(&timing, now) {
            Ok(after) => self.requeue(id, after, agenda),
            Err(_) => self.memory(id).hangs = true,
        }
    }

    /// Plans the look at the next run. A time that lies before now stands for none within five years.
    fn requeue<A: Agenda<ControllerEvent>>(&mut self, id: CronJobId, after: SimDuration, agenda: &mut A) {
        if after < SimDuration::ZERO {
            return;
        }
        let at = agenda.now() + after + self.latency.draw();
        if self.queue.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncCronJob(id));
        }
    }

    /// One sync of a CronJob.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: CronJobId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.queue.take(id.index(), now) || cluster.cron_job(id).removed || self.memory(id).hangs {
            return;
        }
        let mut plan = self.plan(cluster.cron_job(id), cluster, now);
        let has_waited = std::mem::take(&mut self.memory(id).has_waited);
        if !has_waited {
            let at = (0..calls(&plan)).map(|_| self.limiter.take(now)).last().unwrap_or(now);
            if at > now {
                self.memory(id).has_waited = true;
                if self.queue.add(id.index(), at) {
                    agenda.schedule(at, ControllerEvent::SyncCronJob(id));
                }
                return;
            }
        }
        for job in &plan.deleted {
            cluster.remove_job(*job, now);
        }
        let has_failed = plan.start.is_some_and(|scheduled| !start(id, scheduled, &mut plan, cluster, now));
        for event in std::mem::take(&mut plan.events) {
            emit(cluster, SOURCE, id, (event.severity, event.reason), event.message);
        }
        if plan.updates_status {
            cluster.set_cron_job_status(id, plan.status);
        }
        self.memory(id).hangs = plan.hangs;
        if has_failed {
            let at = now + self.retries.fail(id.index());
            if self.queue.add(id.index(), at) {
                agenda.schedule(at, ControllerEvent::SyncCronJob(id));
            }
        } else if let Some(after) = plan.requeue_after {
            self.retries.forget(id.index());
            self.requeue(id, after, agenda);
        }
    }

    fn plan(&self, cron_job: &CronJob, cluster: &Cluster, now: SimTime) -> CronJobSync<JobId> {
        let CronJobSpec {
            schedule,
            time_zone,
            starting_deadline_seconds,
            concurrency_policy,
            suspend,
            successful_jobs_history_limit,
            failed_jobs_history_limit,
        } = &cron_job.object.spec;
        let view = CronJobView {
            name: &cron_job.object.meta.name,
            created: self.whole_second(cron_job.head.created),
            is_deleting: false,
            schedule,
            time_zone: time_zone.as_deref(),
            suspend: *suspend,
            concurrency_policy: *concurrency_policy,
            starting_deadline_seconds: *starting_deadline_seconds,
            successful_jobs_history_limit: Some(*successful_jobs_history_limit),
            failed_jobs_history_limit: Some(*failed_jobs_history_limit),
        };
        let jobs: Vec<ChildJob<'_, JobId>> = cron_job.jobs.iter().map(|job| self.child(*job, cluster)).collect();
        let exists = |active: &ActiveJob<JobId>| cluster.job(active.job).removed.is_none();
        sync(&view, cron_job.status.clone(), &jobs, exists, self.calendar(now))
    }

    fn child<'a>(&self, id: JobId, cluster: &'a Cluster) -> ChildJob<'a, JobId> {
        let job = cluster.job(id);
        let time = |time: Option<SimTime>| time.map(|time| self.whole_second(time));
        ChildJob {
            job: id,
            name: &job.object.meta.name,
            start_time: time(job.status.start_time),
            completion_time: time(job.status.completion_time),
            end: job.status.finished().map(|condition| match condition.kind {
                JobConditionType::Complete => JobEnd::Complete,
                _ => JobEnd::Failed,
            }),
        }
    }

    /// The calendar time of a simulated one.
    fn calendar(&self, time: SimTime) -> Timestamp {
        let span = SignedDuration::from_nanos((time - SimTime::ZERO).as_nanos());
        self.calendar_start.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// The same as the API server keeps times.
    fn whole_second(&self, time: SimTime) -> Timestamp {
        let time = self.calendar(time);
        let fraction = time.as_nanosecond().rem_euclid(1_000_000_000);
        Timestamp::from_nanosecond(time.as_nanosecond() - fraction).unwrap_or(time)
    }
}

/// The requests of a sync: a Job is deleted, or got and deleted to be replaced; created; the status written.
fn calls(plan: &CronJobSync<JobId>) -> usize {
    plan.deleted.len() + usize::from(plan.start.is_some()) + usize::from(plan.updates_status || plan.start.is_some())
}

/// Creates the Job of a run (`getJobFromTemplate2`), or finds that it exists. Returns whether the sync has succeeded: not if the
/// API server refuses the Job.
fn start(
    id: CronJobId,
    scheduled: Timestamp,
    plan: &mut CronJobSync<JobId>,
    cluster: &mut Cluster,
    now: SimTime,
) -> bool {
    let CronJob { object, namespace, workload, .. } = cluster.cron_job(id);
    let (namespace, workload) = (*namespace, *workload);
    let name = job_name(&object.meta.name, scheduled);
    if let Some(existing) = cluster.find::<JobId>(Kind::Job, namespace, &name) {
        // One that is not the CronJob's own stands in its way, and nothing more is done until something changes.
        if cluster.job(existing).owner == Some(id.into()) {
            plan.created(existing, name, true);
        } else {
            plan.requeue_after = None;
        }
        return true;
    }
    let object = object.clone();
    if let Err(refusal) = cluster.admit_creation(Kind::Job, namespace, &name) {
        if !refusal.is_namespace_terminating {
            let message = format!("Error creating job: {refusal}");
            emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), message);
        }
        return false;
    }
    let time = scheduled_timestamp(scheduled, object.spec.time_zone.as_deref());
    let job = api::Job {
        meta: ObjectMeta {
            name: name.clone(),
            namespace: object.meta.namespace.clone(),
            labels: object.job_labels.clone(),
            annotations: object.job_annotations.with(SCHEDULED_TIMESTAMP, &time),
            owner: Some(OwnerReference { kind: Name::from("CronJob"), name: object.meta.name.clone() }),
            ..ObjectMeta::default()
        },
        spec: object.job.clone(),
        template: object.template.clone(),
        is_finished: false,
    };
    let job = cluster.add_job(job, Some((id.into(), workload)), now);
    plan.created(job, name, false);
    true
}
