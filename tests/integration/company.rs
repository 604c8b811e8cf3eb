//! A day of a cluster of a real company's size: everything that is wanted is there in the end, or the run says why not.

mod generate;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wavetank::record::{Facts, WorkloadRecord};
use wavetank::report;
use wavetank::sim::{PrepareOptions, RunOptions, simulate};
use wavetank::study;
use wavetank::units::SimTime;

/// The seed of `scenarios/company`.
const SHIPPED: u64 = 7;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/company")
}

/// Runs the day in a folder, with the invariants checked after every event; gives what the command would print too.
fn run(folder: &Path) -> (Facts, String) {
    let (prepared, _) = study::single::prepare(folder, &PrepareOptions::default()).expect("the scenario is good");
    let options = RunOptions { check_invariants: true, ..RunOptions::default() };
    let facts = simulate(&prepared, &options).expect("it runs");
    let summary = report::summarize(&facts);
    let objectives = report::check(&facts, &summary, &study::single::objectives(&prepared.scenario));
    let question = prepared.scenario.spec.description.clone();
    let text = report::terminal::run_summary(&facts, &summary, &objectives, &question, None);
    (facts, text)
}

/// Replicas of a workload that are wanted at the end, and those that are ready.
fn wanted_and_ready(workload: &WorkloadRecord, end: SimTime) -> (i64, i64) {
    let last = |series: &wavetank::record::StepSeries| series.value_at(end).unwrap_or(0);
    (last(&workload.desired), last(&workload.ready))
}

/// Asserts that each workload has at the end what it wants, or that a pod of it waits for a reason that the run tells.
fn assert_all_is_ready_or_explained(facts: &Facts) {
    let waiting = facts.pods.iter().filter(|pod| pod.ended.is_none() && !pod.reason.is_empty());
    let explained: BTreeSet<_> = waiting.map(|pod| (&pod.namespace, &pod.workload)).collect();
    for workload in &facts.workloads {
        let (wanted, ready) = wanted_and_ready(workload, facts.end);
        let is_explained = explained.contains(&(&workload.namespace, &workload.name));
        let name = format!("{}/{}", workload.namespace, workload.name);
        assert!(ready >= wanted || is_explained, "{name}: {ready} of {wanted} are ready, and nothing says why");
    }
}

#[test]
fn the_shipped_scenario_is_what_the_program_writes() {
    for (path, text) in generate::files(SHIPPED) {
        let found = std::fs::read_to_string(shipped().join(path)).unwrap_or_default();
        let hint = "write it anew with `cargo run --example company -- scenarios/company`";
        assert!(found == text, "scenarios/company/{path} is not what the program writes: {hint}");
    }
}

#[test]
fn a_company_gets_through_its_day() {
    let (facts, text) = run(&shipped());
    insta::assert_snapshot!("gallery_company", text);
    let kinds = |kind: &str| facts.workloads.iter().filter(|workload| workload.name.starts_with(kind)).count();
    assert_eq!((kinds("Deployment/"), kinds("StatefulSet/"), kinds("DaemonSet/")), (600, 80, 20));
    assert_eq!((kinds("CronJob/"), kinds("Job/")), (60, 40));
    assert!(facts.pods.len() > 9_000, "{} pods", facts.pods.len());
    for workload in &facts.workloads {
        let (wanted, ready) = wanted_and_ready(workload, facts.end);
        assert_eq!(ready, wanted, "{}/{}", workload.namespace, workload.name);
    }
}

/// Further seeds, as `WAVETANK_COMPANY_SEEDS="1 2 3" cargo test company`.
#[test]
fn other_companies_get_through_theirs() {
    let seeds = std::env::var_os("WAVETANK_COMPANY_SEEDS").unwrap_or_default();
    let seeds = seeds.into_string().expect("seeds are numbers");
    for seed in seeds.split_whitespace().map(|seed| seed.parse().expect("a seed is a number")) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in generate::files(seed) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
        assert_all_is_ready_or_explained(&run(folder.path()).0);
    }
}
