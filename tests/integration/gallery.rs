//! Every scenario of the gallery runs, twice the same, without breaking an invariant, and says what it said before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wavetank::record::PodOutcome;
use wavetank::report::{self, OutputOptions};
use wavetank::sim::{PrepareOptions, RunOptions, simulate};
use wavetank::study;

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(gallery()).expect("the gallery is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The folder of traces, if there is one.
fn traces() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let named = std::env::var_os("WAVETANK_TRACES").map(PathBuf::from);
    named.or(Some(beside)).filter(|folder| folder.is_dir())
}

/// Whether a scenario can run here, in a moment: the company's day has a test of its own.
fn is_runnable(name: &str) -> bool {
    name != "company" && (name != "openb-gpu" || traces().is_some())
}

/// Runs a scenario and writes its files; gives what the command would print, and the files.
fn run(name: &str, check_invariants: bool) -> (String, BTreeMap<PathBuf, Vec<u8>>) {
    let options = PrepareOptions { traces: traces(), ..PrepareOptions::default() };
    let (prepared, _) = study::single::prepare(&gallery().join(name), &options).expect("the scenario is good");
    let facts = simulate(&prepared, &RunOptions { check_invariants, ..RunOptions::default() }).expect("it runs");
    let summary = report::summarize(&facts);
    let objectives = report::check(&facts, &summary, &study::single::objectives(&prepared.scenario));
    let folder = tempfile::tempdir().expect("a folder");
    let question = prepared.scenario.spec.description.clone();
    let output = OutputOptions {
        question: question.clone(),
        png: false,
        objectives: objectives.clone(),
        ..OutputOptions::default()
    };
    let files = report::write_all(&facts, &summary, folder.path(), &output).expect("files are written");
    let contents = files.iter().map(|file| {
        let relative = file.strip_prefix(folder.path()).expect("inside").to_owned();
        (relative, std::fs::read(file).expect("readable"))
    });
    let text = report::terminal::run_summary(&facts, &summary, &objectives, &question, None);
    (text, contents.collect())
}

#[test]
fn every_scenario_says_what_it_said_before() {
    for name in names().iter().filter(|name| is_runnable(name)) {
        // The trace is not the project's to show: its run is held to the promise alone.
        let (text, _) = run(name, name != "openb-gpu");
        if name != "openb-gpu" {
            insta::assert_snapshot!(format!("gallery_{name}"), text);
        }
    }
}

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    for name in names().iter().filter(|name| is_runnable(name)) {
        let (first, second) = (run(name, false), run(name, false));
        assert_eq!(first.0, second.0, "{name}");
        assert!(!first.1.is_empty(), "{name} wrote files");
        for (file, bytes) in &first.1 {
            assert!(second.1.get(file) == Some(bytes), "{name}: {} differs", file.display());
        }
    }
}

#[test]
fn every_scenario_has_a_readme_with_its_command() {
    for name in names() {
        let readme = std::fs::read_to_string(gallery().join(&name).join("README.md")).unwrap_or_default();
        assert!(readme.contains(&format!("run scenarios/{name}")), "scenarios/{name}/README.md tells how to run it");
    }
}

#[test]
fn every_pod_of_the_openb_trace_is_accounted_for() {
    if traces().is_none() {
        return;
    }
    let options = PrepareOptions { traces: traces(), ..PrepareOptions::default() };
    let (prepared, _) = study::single::prepare(&gallery().join("openb-gpu"), &options).expect("the scenario is good");
    let facts = simulate(&prepared, &RunOptions::default()).expect("it runs");
    assert_eq!((facts.nodes.len(), facts.pods.len()), (1523, 8152));
    for pod in &facts.pods {
        let gone = pod.outcome == PodOutcome::DeletedWhilePending;
        assert!(pod.scheduled.is_some() || gone || !pod.reason.is_empty(), "{} is placed or has a reason", pod.name);
    }
    assert!(facts.remarks.iter().any(|remark| remark.contains("share of a GPU")), "rounding up is told");
}
