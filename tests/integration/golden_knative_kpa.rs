//! Recorded decisions of the Knative Pod Autoscaler are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::knative_kpa::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/knative-kpa")
}

#[test]
fn every_recorded_decision_is_reproduced() {
    let results = replay(&golden()).unwrap();
    let different: Vec<&CaseResult> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &results {
        *families.entry(&case.family).or_default() += 1;
    }
    let expected = [("config_errors", 22), ("decisions", 100), ("lifecycle", 20), ("sequences", 25), ("windows", 50)];
    assert_eq!(families, BTreeMap::from(expected), "the recording is complete");
}

/// The first case of a file that has something at a place, with a wrong expectation there: how many differences it makes.
fn differences_with(file: &str, pointer: &str, wrong: Value) -> usize {
    let name = format!("{file}.jsonl.gz");
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join(&name)).unwrap())).lines();
    let mut cases = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut case = cases.find(|case| case.pointer(pointer).is_some()).unwrap_or_else(|| panic!("{file}: {pointer}"));
    *case.pointer_mut(pointer).unwrap() = wrong;
    let folder = tempfile::tempdir().unwrap();
    let mut writer = GzEncoder::new(File::create(folder.path().join(name)).unwrap(), Compression::fast());
    writeln!(writer, "{case}").unwrap();
    writer.finish().unwrap();
    replay(folder.path()).unwrap()[0].differences.len()
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let mut cases = vec![
        ("lifecycle", "/expected/initialDeciderEbc".to_owned(), json!(-77)),
        ("decisions", "/expected/want".to_owned(), json!(77)),
        ("decisions", "/expected/patch".to_owned(), json!(77)),
        ("decisions", "/expected/enqueueMs".to_owned(), json!([77])),
        ("decisions", "/expected/syncProbes".to_owned(), json!(77)),
        ("decisions", "/expected/asyncProbeOffered".to_owned(), json!(77)),
        ("decisions", "/expected/activeThreshold".to_owned(), json!(77)),
        ("decisions", "/expected/after/active".to_owned(), json!("wrong")),
        ("decisions", "/expected/after/reason".to_owned(), json!("wrong")),
        ("decisions", "/expected/after/initialized".to_owned(), json!("wrong")),
        ("config_errors", "/expected/error".to_owned(), json!("wrong")),
        ("config_errors", "/expected/accepted".to_owned(), json!("wrong")),
    ];
    for field in ["valid", "stable", "panic", "desired", "ebc"] {
        cases.push(("sequences", format!("/expected/ticks/3/{field}"), json!("wrong")));
        cases.push(("lifecycle", format!("/expected/ticks/3/{field}"), json!("wrong")));
    }
    let of_a_life =
        ["ready", "deciderDesired", "deciderEbc", "want", "replicas", "mode", "activators", "active", "initialized"];
    for field in of_a_life {
        cases.push(("lifecycle", format!("/expected/ticks/3/{field}"), json!("wrong")));
    }
    let of_a_decider = ["targetValue", "totalValue", "panicWindowMs", "stableWindowMs", "weighted", "reachable"];
    for field in of_a_decider {
        cases.push(("sequences", format!("/expected/decider/{field}"), json!("wrong")));
    }
    for (file, pointer, wrong) in cases {
        assert!(differences_with(file, &pointer, wrong) > 0, "{file}: {pointer}");
    }
}

#[test]
fn a_wrong_average_is_a_difference() {
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join("windows.jsonl.gz")).unwrap())).lines();
    let case: Value = serde_json::from_str(&lines.map(Result::unwrap).next().unwrap()).unwrap();
    let average = case["ops"].as_array().unwrap().iter().position(|op| op["op"] == "average").unwrap();
    for field in ["avg", "empty"] {
        assert!(differences_with("windows", &format!("/ops/{average}/{field}"), Value::Null) > 0, "{field}");
    }
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
