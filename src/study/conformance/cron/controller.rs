//! Recorded syncs of the CronJob controller: `controller.jsonl.gz`.

use super::{Answer, optional_timestamp, text_of, timestamp};
use crate::api::{ActiveJob, ConcurrencyPolicy, CronJobStatus, Name};
use crate::controllers::cron_job::times::{job_name, scheduled_timestamp};
use crate::controllers::cron_job::{ChildJob, CronJobSync, CronJobView, JobEnd, sync};
use crate::units::SimDuration;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a Job that the sync creates is told apart by.
const NEW_UID: &str = "new-uid";
/// The Job that is nowhere any more.
const GONE: &str = "cj-gone";
/// The annotation with the time of the run.
const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ControllerCase {
    now: String,
    cron_job: CronJob,
    jobs: Option<Vec<Job>>,
    result: Answer,
}

/// The recorded answer and ours.
pub(super) fn replay(case: ControllerCase) -> Result<(Answer, Answer), String> {
    let jobs = case.jobs.unwrap_or_default();
    let children: Vec<ChildJob<'_, &str>> = jobs.iter().map(child).collect();
    let (spec, meta) = (&case.cron_job.spec, &case.cron_job.metadata);
    let name = meta.name.as_deref().unwrap_or_default();
    let concurrency_policy = match spec.concurrency_policy.as_deref() {
        None | Some("Allow") => ConcurrencyPolicy::Allow,
        Some("Forbid") => ConcurrencyPolicy::Forbid,
        Some("Replace") => ConcurrencyPolicy::Replace,
        Some(word) => return Err(format!("concurrencyPolicy `{word}` is not known")),
    };
    let view = CronJobView {
        name,
        created: time(meta.creation_timestamp.as_ref()).ok_or("cronJob has no creationTimestamp")?,
        is_deleting: meta.deletion_timestamp.is_some(),
        schedule: &spec.schedule,
        time_zone: spec.time_zone.as_deref(),
        suspend: spec.suspend.unwrap_or(false),
        concurrency_policy,
        starting_deadline_seconds: spec.starting_deadline_seconds,
        successful_jobs_history_limit: spec.successful_jobs_history_limit,
        failed_jobs_history_limit: spec.failed_jobs_history_limit,
    };
    let before = case.cron_job.status.as_ref();
    let active = before.and_then(|status| status.active.as_deref()).unwrap_or_default();
    let status = CronJobStatus {
        active: active.iter().map(active_job).collect(),
        last_schedule_time: time(before.and_then(|status| status.last_schedule_time.as_ref())),
        last_successful_time: time(before.and_then(|status| status.last_successful_time.as_ref())),
    };
    let exists = |active: &ActiveJob<&str>| active.name != GONE;
    let mut sync = sync(&view, status, &children, exists, timestamp(&case.now)?);

    let mut actual = Answer::new();
    if let Some(scheduled) = sync.start {
        let job = job_name(name, scheduled);
        match children.iter().find(|child| child.name == job && !sync.deleted.contains(&child.job)) {
            Some(existing) => sync.created(existing.job, job, true),
            None => {
                actual.insert("created".to_owned(), created(&case.cron_job, &job, scheduled));
                sync.created(NEW_UID, job, false);
            }
        }
    }
    let names: BTreeMap<&str, &str> = active
        .iter()
        .map(|active| (active.uid.as_deref().unwrap_or_default(), active.name.as_deref().unwrap_or_default()))
        .chain(children.iter().map(|child| (child.job, child.name)))
        .collect();
    let deleted = |uid: &&str| names.get(uid).copied().into();
    actual.insert("deleted".to_owned(), list(sync.deleted.iter().map(deleted).collect()));
    let events = sync.events.iter().map(|event| event.to_string().into()).collect();
    actual.insert("events".to_owned(), list(events));
    actual.insert("requeueAfterNanos".to_owned(), sync.requeue_after.map(SimDuration::as_nanos).into());
    actual.insert("updateStatus".to_owned(), sync.updates_status.into());
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    actual.insert("status".to_owned(), status_value(&sync, namespace));
    check_times(&case.result)?;
    Ok((case.result, actual))
}

/// The times of a recorded status have to be times, so that a difference means something.
fn check_times(result: &Answer) -> Result<(), String> {
    let text = |field: &str| result.get("status").and_then(|status| status.get(field)).and_then(Value::as_str);
    for field in ["lastScheduleTime", "lastSuccessfulTime"] {
        optional_timestamp(text(field))?;
    }
    Ok(())
}

/// A list, absent if empty.
fn list(values: Vec<Value>) -> Value {
    if values.is_empty() { Value::Null } else { Value::Array(values) }
}

fn time(time: Option<&Time>) -> Option<Timestamp> {
    time.map(|time| time.0)
}

fn child(job: &Job) -> ChildJob<'_, &str> {
    let status = job.status.as_ref();
    let is_true = |kind: &str| {
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True")
    };
    let end = [JobEnd::Complete, JobEnd::Failed].into_iter().find(|end| is_true(end.as_str()));
    ChildJob {
        job: job.metadata.uid.as_deref().unwrap_or_default(),
        name: job.metadata.name.as_deref().unwrap_or_default(),
        start_time: time(status.and_then(|status| status.start_time.as_ref())),
        completion_time: time(status.and_then(|status| status.completion_time.as_ref())),
        end,
    }
}

fn active_job(reference: &ObjectReference) -> ActiveJob<&str> {
    ActiveJob {
        job: reference.uid.as_deref().unwrap_or_default(),
        name: Name::from(reference.name.as_deref().unwrap_or_default()),
    }
}

/// The Job that is created, as far as the CronJob controller gives it something of its own.
fn created(cron_job: &CronJob, name: &str, scheduled: Timestamp) -> Value {
    let template = cron_job.spec.job_template.metadata.as_ref();
    let mut annotations = template.and_then(|meta| meta.annotations.clone()).unwrap_or_default();
    let zone = cron_job.spec.time_zone.as_deref();
    annotations.insert(SCHEDULED_TIMESTAMP.to_owned(), scheduled_timestamp(scheduled, zone));
    let owner = OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "CronJob".to_owned(),
        name: cron_job.metadata.name.clone().unwrap_or_default(),
        uid: cron_job.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    };
    let labels = template.and_then(|meta| meta.labels.clone());
    json!({ "annotations": annotations, "labels": labels, "name": name, "ownerReferences": [owner] })
}

fn status_value(sync: &CronJobSync<&str>, namespace: &str) -> Value {
    let mut status = Map::new();
    let reference = |active: &ActiveJob<&str>| {
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": active.name.as_str(),
            "namespace": namespace,
            "uid": active.job,
        })
    };
    if !sync.status.active.is_empty() {
        status.insert("active".to_owned(), sync.status.active.iter().map(reference).collect());
    }
    let times = [
        ("lastScheduleTime", sync.status.last_schedule_time),
        ("lastSuccessfulTime", sync.status.last_successful_time),
    ];
    for (field, time) in times {
        if let Some(time) = time {
            status.insert(field.to_owned(), text_of(time));
        }
    }
    Value::Object(status)
}
