//! Tables of single rules; the recorded cases are in `tests/golden/cron`.

use super::*;

fn time(text: &str) -> Timestamp {
    format!("2026-11-27T{text}Z").parse().unwrap()
}

const VIEW: CronJobView<'_> = CronJobView {
    name: "report",
    created: Timestamp::UNIX_EPOCH,
    is_deleting: false,
    schedule: "*/10 * * * *",
    time_zone: None,
    suspend: false,
    concurrency_policy: ConcurrencyPolicy::Allow,
    starting_deadline_seconds: None,
    successful_jobs_history_limit: Some(1),
    failed_jobs_history_limit: Some(1),
};

fn status(last: &str, active: &[(u32, &str)]) -> CronJobStatus<u32> {
    CronJobStatus {
        active: active.iter().map(|(job, name)| ActiveJob { job: *job, name: Name::from(*name) }).collect(),
        last_schedule_time: Some(time(last)),
        last_successful_time: None,
    }
}

fn running(job: u32, name: &str) -> ChildJob<'_, u32> {
    ChildJob { job, name, start_time: Some(time("10:00:00")), completion_time: None, end: None }
}

fn reasons(sync: &CronJobSync<u32>) -> String {
    sync.events.iter().map(|event| event.reason).collect::<Vec<_>>().join(" ")
}

#[test]
fn concurrency_policies() {
    let jobs = [running(7, "report-1")];
    let cases = [
        (ConcurrencyPolicy::Allow, true, &[][..], ""),
        (ConcurrencyPolicy::Forbid, false, &[], "JobAlreadyActive"),
        (ConcurrencyPolicy::Replace, true, &[7], "SuccessfulDelete"),
    ];
    for (concurrency_policy, starts, deleted, expected) in cases {
        let view = CronJobView { concurrency_policy, ..VIEW };
        let sync = sync(&view, status("10:00:00", &[(7, "report-1")]), &jobs, |_| false, time("10:10:00.1"));
        assert_eq!(sync.start, starts.then(|| time("10:10:00")), "{concurrency_policy:?}");
        assert_eq!(sync.deleted, deleted, "{concurrency_policy:?}");
        assert_eq!(reasons(&sync), expected, "{concurrency_policy:?}");
        assert_eq!(sync.requeue_after, Some(SimDuration::from_secs(600)), "{concurrency_policy:?}");
    }
}

#[test]
fn a_run_that_was_missed() {
    let cases = [
        (None, "10:49:59", Some("10:40:00"), "", "the last one is made up for"),
        (Some(60), "10:40:30", Some("10:40:00"), "", "within the deadline"),
        (Some(60), "10:41:30", None, "", "too late: it is not looked at any more"),
        (Some(600), "10:49:59", Some("10:40:00"), "", "long deadlines"),
    ];
    for (starting_deadline_seconds, now, expected, events, why) in cases {
        let view = CronJobView { starting_deadline_seconds, ..VIEW };
        let sync = sync(&view, status("10:00:00", &[]), &[], |_| false, time(now));
        assert_eq!(sync.start, expected.map(time), "{why}");
        assert_eq!(reasons(&sync), events, "{why}");
    }
    let suspended = CronJobView { suspend: true, ..VIEW };
    let sync = sync(&suspended, status("10:00:00", &[]), &[], |_| false, time("10:49:59"));
    assert_eq!((sync.start, sync.requeue_after), (None, None), "a suspended one waits for nothing");
}

#[test]
fn finished_jobs() {
    let ended = |job, name, start, end| ChildJob {
        job,
        name,
        start_time: Some(time(start)),
        completion_time: (end == JobEnd::Complete).then(|| time("10:05:00")),
        end: Some(end),
    };
    let jobs = [
        ended(3, "report-3", "10:02:00", JobEnd::Complete),
        ended(1, "report-1", "10:00:00", JobEnd::Complete),
        ended(2, "report-2", "10:01:00", JobEnd::Failed),
    ];
    let active = [(3, "report-3"), (2, "report-2"), (9, "report-9")];
    let sync = sync(&VIEW, status("10:00:00", &active), &jobs, |_| false, time("10:05:01"));
    assert_eq!(sync.deleted, [1], "the oldest beyond the limit of one");
    assert_eq!(reasons(&sync), "SuccessfulDelete SawCompletedJob SawCompletedJob MissingJob");
    assert_eq!(sync.events[2].message, "Saw completed job: report-2, condition: Failed");
    assert!(sync.status.active.is_empty() && sync.updates_status);
    assert_eq!(sync.status.last_successful_time, Some(time("10:05:00")));
}

#[test]
fn a_search_without_end_stops_the_cron_job() {
    let view = CronJobView { schedule: "0 1 30 * *", time_zone: Some("Pacific/Apia"), ..VIEW };
    let before = "2011-12-29T19:37:24Z".parse().unwrap();
    let status = CronJobStatus { last_schedule_time: Some(before), ..CronJobStatus::default() };
    let sync = sync::<u32>(&view, status, &[], |_| false, before);
    assert!(sync.hangs && sync.start.is_none() && sync.requeue_after.is_none());
}

#[test]
fn a_created_job_is_active() {
    let mut sync = sync(&VIEW, status("10:00:00", &[]), &[], |_| false, time("10:10:00.1"));
    sync.created(5, job_name("report", time("10:10:00")), false);
    assert_eq!(sync.events[0].message, "Created job report-29929570");
    assert_eq!(sync.status, status("10:10:00", &[(5, "report-29929570")]));
}
