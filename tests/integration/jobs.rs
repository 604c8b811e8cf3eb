//! Jobs in runs: how they end, how long their pods run, and what is said of those that never end.

use crate::behaviour::run;
use wavetank::input::Diagnostics;
use wavetank::record::{Facts, JobOutcome, JobRecord, PodOutcome};
use wavetank::report::summarize;
use wavetank::sim::{PrepareOptions, prepare};
use wavetank::units::SimTime;

/// A Job `work` with these fields of its spec, whose pods have these annotations and this restart policy.
fn job(fields: &str, annotations: &str, restarts: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: work}}
spec:
  {fields}
  template:
    metadata: {{annotations: {{{annotations}}}}}
    spec:
      restartPolicy: {restarts}
      containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m}}}}}}]
"
    )
}

const TEN_SECONDS: &str = "wavetank.dev/run-for: 10s";

fn only(facts: &Facts) -> &JobRecord {
    let [job] = facts.jobs.as_slice() else { panic!("{:?}", facts.jobs) };
    job
}

#[test]
fn jobs_end_as_their_spec_says() {
    let fail = "wavetank.dev/fail-after: 5s";
    let term = "wavetank.dev/run-for: 1h, wavetank.dev/term-exit: '143'";
    // What ends it, how many pods were made, from when to when it ended.
    let cases = [
        (
            "completions: 5, parallelism: 2",
            TEN_SECONDS,
            "Never",
            "CompletionsReached",
            5,
            35.0..38.0,
            "three rounds of 12 s",
        ),
        ("parallelism: 3", TEN_SECONDS, "Never", "CompletionsReached", 3, 11.0..13.0, "a work queue"),
        ("backoffLimit: 2", fail, "Never", "BackoffLimitExceeded", 3, 47.0..50.0, "waits of 10 and 20 s"),
        ("backoffLimit: 2", fail, "OnFailure", "BackoffLimitExceeded", 1, 12.0..28.0, "restarts in one pod"),
        ("activeDeadlineSeconds: 30", term, "Never", "DeadlineExceeded", 1, 30.0..34.0, "too late"),
        (
            "completions: 3, parallelism: 3, completionMode: Indexed, backoffLimitPerIndex: 0",
            "wavetank.dev/run-for: 10s, wavetank.dev/fail-after: 3s, wavetank.dev/fail-index: '1'",
            "Never",
            "FailedIndexes",
            3,
            11.0..14.0,
            "an index failed",
        ),
    ];
    for (fields, annotations, restarts, reason, pods, ended, why) in cases {
        let fields = fields.replace(", ", "\n  ");
        let facts = run(2, "a", &job(&fields, annotations, restarts), "duration: 10m");
        let job = only(&facts);
        assert_eq!((&*job.reason, facts.pods.len()), (reason, pods), "{why}");
        let at = job.finished.map(SimTime::as_secs_f64).expect("finished");
        assert!(ended.contains(&at), "{why}: at {at}");
        let workload = &facts.workloads[0];
        assert_eq!((workload.desired.last(), workload.ready.last()), (Some(0), Some(0)), "{why}: wants nothing more");
    }
}

#[test]
fn the_scenario_says_how_long_pods_run() {
    let runs =
        "duration: 2h\njobs: [{target: job/work, runTime: {uniform: {min: 60s, max: 120s}}, failureProbability: 0.5}]";
    let manifest = job("completions: 40\n  parallelism: 10\n  backoffLimit: 100", TEN_SECONDS, "Never");
    let facts = run(2, "a", &manifest, runs);
    let summary = summarize(&facts);
    assert_eq!(only(&facts).outcome, JobOutcome::Complete);
    assert_eq!((summary.get("jobs_completed"), summary.get("jobs_failed")), (Some(1.0), Some(0.0)));
    let failed = facts.pods.iter().filter(|pod| pod.outcome == PodOutcome::Failed).count();
    assert!((15..90).contains(&failed), "about as many as succeeded: {failed}");
    for pod in &facts.pods {
        let span = pod.ended.zip(pod.running).map(|(ended, running)| (ended - running).as_secs_f64());
        assert!(span.is_some_and(|span| (60.0..=120.0).contains(&span)), "{}: {span:?}", pod.name);
    }
    let never = run(2, "a", &manifest, &runs.replace("0.5", "0"));
    assert_eq!(never.pods.len(), 40, "none fails");
    let times = |facts: &Facts| facts.pods[0].ended.zip(facts.pods[0].running).map(|(ended, start)| ended - start);
    assert_eq!(times(&never), times(&facts), "the run times are drawn all the same");
}

#[test]
fn a_deleted_job_takes_its_pods_along() {
    let manifest = job("completions: 3\n  parallelism: 3", TEN_SECONDS, "Never");
    let facts = run(2, "a", &manifest, "duration: 10m\nactions: [{at: 5s, delete: job/work}]");
    assert_eq!(only(&facts).outcome, JobOutcome::Deleted);
    assert_eq!(facts.pods.len(), 3, "none is created anew");
    assert!(facts.pods.iter().all(|pod| !pod.is_listed_last && pod.outcome == PodOutcome::Deleted));
}

#[test]
fn a_drained_pod_is_replaced_and_its_work_done_again() {
    let manifest = job("backoffLimit: 0", "", "Never");
    let spec = "duration: 30m\nactions: [{at: 30s, drain: n-0}, {at: 31s, uncordon: n-0}]";
    let runs = |code| format!("{spec}\njobs: [{{target: job/work, runTime: {{fixed: 5m}}, stoppedExitCode: {code}}}]");
    let lost = run(1, "a", &manifest, &runs(143));
    assert_eq!((&*only(&lost).reason, lost.pods.len()), ("BackoffLimitExceeded", 1), "its end counts as a failure");
    let policy = "backoffLimit: 0
  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}";
    let ignored = run(1, "a", &job(policy, "", "Never"), &runs(143));
    assert_eq!((only(&ignored).outcome, ignored.pods.len()), (JobOutcome::Complete, 2), "evictions are ignored");
    let done = run(1, "a", &job(policy, "", "Never"), &runs(0));
    assert_eq!((only(&done).outcome, done.pods.len()), (JobOutcome::Complete, 1), "it says that it has done its work");
}

#[test]
fn a_job_at_rest_costs_nothing() {
    let jobs: String = (0..20)
        .map(|index| {
            job("completions: 2", TEN_SECONDS, "Never").replace("name: work", &format!("name: work-{index}")) + "---\n"
        })
        .collect();
    let suspended = job("suspend: true", TEN_SECONDS, "Never");
    let handled =
        |duration: &str| run(2, "a", &(jobs.clone() + &suspended), &format!("duration: {duration}")).events_handled;
    assert_eq!(handled("1h"), handled("200h"));
}

/// What is said of a scenario with a Job and these lines of its spec.
fn said(manifest: &str, spec: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.yaml"), manifest).unwrap();
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  duration: 1h\n  \
         manifests: [job.yaml]\n  nodePools: [{{name: n, count: 1, capacity: {{cpu: 4, memory: 8Gi}}}}]\n{spec}"
    );
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, text).unwrap();
    let texts = |diagnostics: &Diagnostics| diagnostics.iter().map(ToString::to_string).collect();
    match prepare(&file, &PrepareOptions::default()) {
        Ok((_, warnings)) => texts(&warnings),
        Err(errors) => texts(&errors),
    }
}

#[test]
fn a_job_without_an_end_is_warned_about() {
    let warning = "nothing says how long its pods run, so that they never end";
    let entry = "  jobs: [{target: job/work, runTime: {fixed: 5s}}]\n";
    let cases = [
        (job("", "", "Never"), "", true, "nothing at all"),
        (job("", TEN_SECONDS, "Never"), "", false, "an annotation"),
        (job("", "", "Never"), entry, false, "an entry of the scenario"),
        (job("activeDeadlineSeconds: 9", "", "Never"), "", false, "a deadline"),
        (job("managedBy: example.com/queue", "", "Never"), "", false, "another controller's"),
    ];
    let every_hour = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: hourly}\nspec: {schedule: '0 * * * *', jobTemplate: \
                      {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}\n";
    let of_cron_job = "  jobs: [{target: cronjob/hourly, runTime: {fixed: 5s}}]\n";
    let cron_jobs = [
        (every_hour.to_owned(), "", true, "a CronJob"),
        (every_hour.to_owned(), of_cron_job, false, "a CronJob with an entry"),
    ];
    for (manifest, spec, expected, why) in cases.into_iter().chain(cron_jobs) {
        let said = said(&manifest, spec);
        assert_eq!(said.iter().any(|text| text.contains(warning)), expected, "{why}: {said:?}");
    }
}

#[test]
fn mistakes_in_run_times_are_named() {
    let cases = [
        ("{target: deployment/work, runTime: {fixed: 5s}}", "a Deployment has no pods that end"),
        ("{target: job/wrok, runTime: {fixed: 5s}}", "did you mean `default/work`?"),
        ("{target: job/work, runTime: {exponential: {mean: 0s}}}", "is not above zero"),
        ("{target: job/work, runTime: {fixed: 5s}, failureProbability: 2}", "`2` is not a probability"),
        ("{target: job/work, runTime: {fixed: 5s}, exitCode: 0}", "is zero, which is success"),
        ("{target: job/work}", "`runTime` is missing"),
    ];
    let manifest = job("", TEN_SECONDS, "Never");
    for (entry, expected) in cases {
        let said = said(&manifest, &format!("  jobs: [{entry}]\n"));
        assert!(said.iter().any(|text| text.contains(expected)), "{entry}: expected {expected}, found {said:#?}");
    }
    let twice = "{target: job/work, runTime: {fixed: 5s}}";
    let said = said(&manifest, &format!("  jobs: [{twice}, {twice}]\n"));
    assert!(said.iter().any(|text| text.contains("job `job/default/work` is given twice")), "{said:?}");
}
