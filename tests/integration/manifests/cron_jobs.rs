//! CronJobs: the API server's defaults, and what it refuses.

use super::{load, load_right};
use wavetank::api::{ConcurrencyPolicy, CronJob, JobSpec, Object};

const TEXT: &str = "\
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: \"*/5 * * * *\"
  timeZone: Europe/Paris
  jobTemplate:
    metadata: {labels: {team: a}, annotations: {note: b}}
    spec:
      backoffLimit: 2
      template:
        metadata: {labels: {app: report}}
        spec: {restartPolicy: OnFailure, containers: [{name: c, image: i}]}
";

fn cron_job(text: &str) -> CronJob {
    let objects = load_right("report.yaml", text);
    let [Object::CronJob(cron_job)] = objects.as_slice() else { panic!("{objects:?}") };
    cron_job.clone()
}

#[test]
fn defaults_are_the_api_servers() {
    let CronJob { spec, job, job_labels, job_annotations, template, .. } = cron_job(TEXT);
    assert_eq!((&*spec.schedule, spec.time_zone.as_deref()), ("*/5 * * * *", Some("Europe/Paris")));
    assert_eq!((spec.successful_jobs_history_limit, spec.failed_jobs_history_limit), (3, 1));
    assert_eq!((spec.concurrency_policy, spec.suspend), (ConcurrencyPolicy::Allow, false));
    assert_eq!(spec.starting_deadline_seconds, None);
    assert_eq!(job, JobSpec { backoff_limit: 2, ..JobSpec::default() });
    assert_eq!(
        (job_labels.get("team").map(|value| &**value), job_annotations.get("note").map(|value| &**value)),
        (Some("a"), Some("b"))
    );
    assert_eq!(template.labels.get("app").map(|value| &**value), Some("report"));
    let policy = TEXT.replace("  timeZone", "  concurrencyPolicy: Replace\n  suspend: true\n  timeZone");
    let spec = cron_job(&policy).spec;
    assert_eq!((spec.concurrency_policy, spec.suspend), (ConcurrencyPolicy::Replace, true));
}

#[test]
fn mistakes_are_found_where_they_are() {
    let long = format!("name: {}", "a".repeat(53));
    let cases = [
        (
            "\"*/5 * * * *\"",
            "\"*/5 * * *\"",
            "report.yaml:5:3",
            "is not a schedule: expected exactly 5 fields, found 4: [*/5 * * *]",
        ),
        ("\"*/5 * * * *\"", "\"TZ=UTC * * * * *\"", "report.yaml:5:3", "has a time zone (expected it in timeZone)"),
        ("\"*/5 * * * *\"", "\"\"", "report.yaml:5:3", "missing (expected a schedule"),
        ("Europe/Paris", "Europe/Nowhere", "report.yaml:6:3", "`Europe/Nowhere` is not a time zone"),
        ("Europe/Paris", "Local", "report.yaml:6:3", "`Local` is not a time zone"),
        ("Europe/Paris", "europe/paris", "report.yaml:6:3", "`europe/paris` is not a time zone"),
        ("timeZone: Europe/Paris", "concurrencyPolicy: Never", "report.yaml:6:3", "Never"),
        ("timeZone: Europe/Paris", "startingDeadlineSeconds: -1", "report.yaml:6:3", "is -1 (expected at least 0)"),
        ("timeZone: Europe/Paris", "failedJobsHistoryLimit: -1", "report.yaml:6:3", "failedJobsHistoryLimit"),
        ("backoffLimit: 2", "backoffLimit: -2", "report.yaml:10:7", "backoffLimit"),
        ("OnFailure", "Always", "report.yaml:13:", "restartPolicy"),
        ("name: report", &long, "report.yaml:3:", "is too long (expected at most 52 characters)"),
    ];
    for (from, to, place, expected) in cases {
        let (_, diagnostics) = load("report.yaml", &TEXT.replacen(from, to, 1));
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        let is_told = |error: &String| error.contains(place) && error.contains(expected);
        assert!(errors.len() == 1 && is_told(&errors[0]), "{to}: {errors:?}");
    }
}
