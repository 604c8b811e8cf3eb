//! Recorded answers of ResourceQuotas are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::quota::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/quota")
}

/// The first case of a file that has a field.
fn case_with(file: &str, field: &str) -> Value {
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join(file)).unwrap())).lines();
    let mut cases = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    cases.find(|case| case.get(field).is_some_and(|value| !value.is_null())).unwrap()
}

fn replay_case(file: &str, case: &Value) -> CaseResult {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = GzEncoder::new(File::create(folder.path().join(file)).unwrap(), Compression::fast());
    writeln!(lines, "{case}").unwrap();
    lines.finish().unwrap();
    replay(folder.path()).unwrap().remove(0)
}

#[test]
fn every_recorded_answer_is_reproduced() {
    let results = replay(&golden()).unwrap();
    let count = |start: &str| results.iter().filter(|case| case.family.starts_with(start)).count();
    assert_eq!((count("usage"), count("admission")), (260, 240), "the recording is complete");
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let expectations = [
        ("usage.jsonl.gz", "usage", json!({"pods": "7"})),
        ("usage.jsonl.gz", "matches", json!(true)),
        ("usage.jsonl.gz", "matchingResources", json!(["wrong"])),
        ("usage.jsonl.gz", "constraintsError", json!("wrong")),
        ("usage.jsonl.gz", "charged", json!({"pods": "7"})),
        ("admission.jsonl.gz", "error", json!("wrong")),
        ("admission.jsonl.gz", "usedAfter", json!({"quota0": {"pods": "77"}})),
    ];
    for (file, field, wrong) in expectations {
        let mut case = case_with(file, field);
        assert_eq!(replay_case(file, &case).differences, [], "{file}: {field}");
        case[field] = if case[field] == wrong { json!(false) } else { wrong };
        let differences = replay_case(file, &case).differences;
        assert!(
            !differences.is_empty() && differences.iter().all(|one| one.field.starts_with(field)),
            "{file}: {field}"
        );
    }
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
