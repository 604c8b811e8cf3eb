//! Recorded timelines of a real control plane (Kubernetes 1.36.2, fake kubelets) against the same scenarios simulated.
//!
//! `docs/validation.md` holds the table of what agrees, and every miss: a timeline that differs in another way than is said
//! there fails the test. `WAVETANK_UPDATE=1` writes the page anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use wavetank::study::conformance::e2e::{TimelineOptions, TimelineResult, replay};

const BEGIN: &str = "<!-- timelines: begin -->\n";
const END: &str = "<!-- timelines: end -->\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/e2e")
}

/// The part of the page that the comparison gives.
fn written(timelines: &[TimelineResult]) -> String {
    let mut text = String::new();
    let compared: usize = timelines.iter().map(|timeline| timeline.compared).sum();
    let different: usize = timelines.iter().map(|timeline| timeline.differences.len()).sum();
    let whole = timelines.iter().filter(|timeline| timeline.skipped.is_none() && timeline.differences.is_empty());
    let skipped = timelines.iter().filter(|timeline| timeline.skipped.is_some()).count();
    writeln!(
        text,
        "Of {} timelines {} agree in everything and {skipped} are skipped; of {compared} stages, sequences and kinds of Events {} are equal.\n",
        timelines.len(),
        whole.count(),
        compared - different,
    )
    .unwrap();
    text.push_str("| timeline | stages | equal | different | worst time off |\n| --- | --- | --- | --- | --- |\n");
    for timeline in timelines {
        let TimelineResult { name, compared, differences, worst, skipped } = timeline;
        match skipped {
            Some(reason) => writeln!(text, "| {name} | skipped: {reason} | | | |").unwrap(),
            None => {
                let equal = compared - differences.len();
                writeln!(text, "| {name} | {compared} | {equal} | {} | {worst:.2} s |", differences.len()).unwrap();
            }
        }
    }
    text.push_str("\n### Misses\n\n");
    for timeline in timelines.iter().filter(|timeline| !timeline.differences.is_empty()) {
        let fields: Vec<String> =
            timeline.differences.iter().map(|difference| format!("`{}`", difference.field)).collect();
        writeln!(text, "- **{}**: {}", timeline.name, fields.join(", ")).unwrap();
    }
    if different == 0 {
        text.push_str("None.\n");
    }
    text
}

#[test]
fn timelines_agree_but_for_the_misses_that_are_told() {
    let timelines = replay(&folder(), &TimelineOptions::default()).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the page has a part for the table");
    let (told, after) = rest.split_once(END).expect("the part for the table has an end");
    let now = written(&timelines);
    if std::env::var_os("WAVETANK_UPDATE").is_some() {
        std::fs::write(&page, format!("{before}{BEGIN}{now}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(now, told, "docs/validation.md tells something else (WAVETANK_UPDATE=1 writes it anew)");
}

#[test]
fn a_timeline_that_differs_is_found() {
    let source = folder().join("rollout-recreate");
    let copy = tempfile::tempdir().unwrap();
    let target = copy.path().join("rollout-recreate");
    std::fs::create_dir(&target).unwrap();
    for file in ["manifests.yaml", "actions.jsonl", "timeline.jsonl.gz", "summary.json"] {
        std::fs::copy(source.join(file), target.join(file)).unwrap();
    }
    // A recording in which one pod more was created, and all were ready ten times as late.
    let summary = std::fs::read_to_string(target.join("summary.json")).unwrap();
    let mut summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    for run in summary["runs"].as_array_mut().unwrap() {
        let stages = &mut run["milestones"]["web#1"];
        stages["created"].as_array_mut().unwrap().push(3.0.into());
        for time in stages["ready"].as_array_mut().unwrap() {
            *time = (time.as_f64().unwrap() * 10.0).into();
        }
    }
    std::fs::write(target.join("summary.json"), summary.to_string()).unwrap();
    let options = TimelineOptions { seeds: 3, ..TimelineOptions::default() };
    let [timeline] = &replay(copy.path(), &options).unwrap()[..] else { panic!("one timeline") };
    let fields: Vec<&str> = timeline.differences.iter().map(|difference| difference.field.as_str()).collect();
    assert!(fields.contains(&"web#1 created: count"), "{fields:?}");
    assert!(fields.iter().any(|field| field.starts_with("web#1 ready: ")), "{fields:?}");
}
