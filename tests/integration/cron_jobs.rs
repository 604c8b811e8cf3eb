//! CronJobs in runs: calendar, policies, history, and what an operator does with them.

use crate::behaviour::run;
use wavetank::record::Facts;
use wavetank::sim::{PrepareOptions, prepare};

/// A CronJob `tick` whose pods run for `run_for`, with these further lines of its spec.
fn tick(run_for: &str, spec: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{name: tick}}
spec:
  schedule: \"* * * * *\"
  {spec}
  jobTemplate:
    spec:
      template:
        metadata: {{annotations: {{wavetank.dev/run-for: {run_for}}}}}
        spec:
          restartPolicy: Never
          containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m}}}}}}]
"
    )
}

const START: &str = "start: \"2026-11-30T11:59:30Z\"";

/// When pods were created, in whole seconds.
fn created(facts: &Facts) -> Vec<i64> {
    facts.pods.iter().map(|pod| (pod.created - wavetank::units::SimTime::ZERO).as_nanos() / 1_000_000_000).collect()
}

/// How many Events of each reason the controller wrote.
fn events(facts: &Facts, reason: &str) -> u32 {
    let own = facts.events().filter(|event| event.source == "cronjob-controller" && event.reason == reason);
    own.map(|event| event.count).sum()
}

#[test]
fn a_run_starts_at_the_full_minute_and_history_is_kept() {
    let facts = run(1, "a", &tick("20s", "successfulJobsHistoryLimit: 1"), &format!("duration: 4m\n{START}"));
    assert_eq!(created(&facts), [30, 90, 150, 210]);
    let offset = (facts.pods[0].created - wavetank::units::SimTime::from_secs(30)).as_secs_f64();
    assert!((0.1..0.3).contains(&offset), "{offset}");
    assert_eq!((events(&facts, "SuccessfulCreate"), events(&facts, "SawCompletedJob")), (4, 4));
    assert_eq!(events(&facts, "SuccessfulDelete"), 3, "one of the four that are complete is kept");
    let names: Vec<&str> = facts.pods.iter().map(|pod| &*pod.name).collect();
    assert!(names[0].starts_with("tick-29934000-"), "the minutes since 1970: {names:?}");
    assert_eq!(facts.workloads.len(), 1, "the CronJob stands for its Jobs");
}

#[test]
fn concurrency_policies() {
    let cases = [
        ("Allow", vec![30, 90, 150], 0, 0, "runs overlap"),
        ("Forbid", vec![30, 107, 184], 2, 0, "the run that was missed follows the end of the one before"),
        ("Replace", vec![30, 90, 150], 0, 2, "the one before is deleted"),
    ];
    for (policy, expected, active, deleted, why) in cases {
        let manifest = tick("75s", &format!("concurrencyPolicy: {policy}"));
        let facts = run(1, "a", &manifest, &format!("duration: 200s\n{START}"));
        assert_eq!(created(&facts), expected, "{policy}: {why}");
        assert!((events(&facts, "JobAlreadyActive") > 0) == (active > 0), "{policy}");
        assert_eq!(events(&facts, "SuccessfulDelete"), deleted, "{policy}");
    }
}

#[test]
fn suspended_and_resumed() {
    let actions = "actions: [{at: 40s, patch: {target: cronjob/default/tick, patch: {spec: {suspend: true}}}}, \
                   {at: 200s, patch: {target: cronjob/default/tick, patch: {spec: {suspend: false}}}}]";
    let facts = run(1, "a", &tick("5s", ""), &format!("duration: 220s\n{START}\n{actions}"));
    assert_eq!(created(&facts), [30, 200, 210], "the last run that was missed is made up for at once");
    let deadline = tick("5s", "startingDeadlineSeconds: 20");
    let facts = run(1, "a", &deadline, &format!("duration: 220s\n{START}\n{actions}"));
    assert_eq!(created(&facts), [30, 210], "unless it is too late");
}

#[test]
fn time_zones_and_changes_of_the_schedule() {
    let manifest = tick("5s", "timeZone: Asia/Kolkata").replace("* * * * *", "31 17 * * *");
    let facts = run(1, "a", &manifest, &format!("duration: 3m\n{START}"));
    assert_eq!(created(&facts), [90], "17:31 in Kolkata is 12:01 UTC");
    let action =
        "actions: [{at: 10s, patch: {target: cronjob/default/tick, patch: {spec: {schedule: \"1 12 * * *\"}}}}]";
    let daily = tick("5s", "").replace("* * * * *", "0 3 * * *");
    let facts = run(1, "a", &daily, &format!("duration: 3m\n{START}\n{action}"));
    assert_eq!(created(&facts), [90], "the new schedule counts at once");
}

#[test]
fn jobs_go_with_their_cron_job() {
    let action = "actions: [{at: 100s, delete: cronjob/default/tick}]";
    let facts = run(1, "a", &tick("500s", ""), &format!("duration: 4m\n{START}\n{action}"));
    assert_eq!(created(&facts), [30, 90]);
    assert!(facts.pods.iter().all(|pod| pod.deletion_requested.is_some() && !pod.is_listed_last));
}

#[test]
fn a_job_that_is_in_the_way_is_left_alone() {
    let job = "---
apiVersion: batch/v1
kind: Job
metadata: {name: tick-29934000}
spec:
  template:
    metadata: {annotations: {wavetank.dev/run-for: 500s}}
    spec:
      restartPolicy: Never
      containers: [{name: c, image: app:v1, resources: {requests: {cpu: 100m}}}]
";
    let facts = run(1, "a", &(tick("5s", "") + job), &format!("duration: 80s\n{START}"));
    assert_eq!(created(&facts), [0], "the Job of this name is nobody's");
    assert_eq!(events(&facts, "SuccessfulCreate"), 0);
}

#[test]
fn what_the_calendar_does_is_told() {
    let told = |manifest: &str, spec: &str| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tick.yaml"), manifest).unwrap();
        let file = folder.path().join("scenario.yaml");
        let text = format!(
            "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  duration: 2d\n  manifests: \
             [tick.yaml]\n  nodePools: [{{name: n, count: 1, capacity: {{cpu: 4, memory: 8Gi}}}}]\n  {spec}\n"
        );
        std::fs::write(&file, text).unwrap();
        let (_, diagnostics) = prepare(&file, &PrepareOptions::default()).unwrap();
        diagnostics.iter().map(ToString::to_string).collect()
    };
    let without_start = told(&tick("5s", ""), "");
    assert!(without_start.iter().any(|line| line.contains("1970-01-01T00:00:00Z")), "{without_start:?}");
    assert!(told(&tick("5s", ""), START).is_empty());
    let skipped = tick("5s", "timeZone: Pacific/Apia").replace("* * * * *", "0 1 30 * *");
    let endless = told(&skipped, "start: \"2011-12-29T12:00:00Z\"");
    assert!(endless.iter().any(|line| line.contains("the search for the next time never ends")), "{endless:?}");
}

#[test]
fn many_at_once_wait_for_the_rate_limit() {
    let all: Vec<String> =
        (0..40).map(|index| tick("5s", "").replace("name: tick", &format!("name: tick{index}"))).collect();
    let facts = run(1, "a", &all.join("---\n"), &format!("duration: 80s\n{START}"));
    assert_eq!(facts.pods.len(), 40);
    let last = facts.pods.iter().map(|pod| (pod.created - wavetank::units::SimTime::from_secs(30)).as_secs_f64());
    let last = last.fold(0.0, f64::max);
    // Two requests each, 30 of them at once and 20 a second.
    assert!((2.5..3.5).contains(&last), "{last}");
}

#[test]
fn a_cron_job_that_waits_costs_nothing() {
    let all: Vec<String> =
        (0..30).map(|index| tick("5s", "").replace("name: tick", &format!("name: tick{index}"))).collect();
    let yearly = all.join("---\n").replace("* * * * *", "0 0 1 1 *");
    let events = |duration| run(1, "a", &yearly, &format!("duration: {duration}\n{START}")).events_handled;
    assert_eq!(events("1h"), events("20d"));
}

#[test]
fn a_quota_that_is_full_is_asked_again() {
    let quota = "---
apiVersion: v1
kind: ResourceQuota
metadata: {name: q}
spec: {hard: {count/jobs.batch: '0'}}
";
    let raised =
        "actions: [{at: 50s, patch: {target: resourcequota/default/q, patch: {spec: {hard: {count/jobs.batch: 5}}}}}]";
    let facts = run(1, "a", &(tick("5s", "") + quota), &format!("duration: 85s\n{START}\n{raised}"));
    let created = created(&facts);
    assert!(created.len() == 1 && (50..=75).contains(&created[0]), "after the back-off of the moment: {created:?}");
    assert!(events(&facts, "FailedCreate") > 5, "each attempt says so");
}
