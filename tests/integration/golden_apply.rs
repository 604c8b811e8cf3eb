//! Recorded patches of API objects are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::apply::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/apply")
}

/// The first case of a file that has a field.
fn case_with(file: &str, field: &str) -> Value {
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join(file)).unwrap())).lines();
    let cases = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    cases.into_iter().find(|case| case.get(field).is_some_and(|value| !value.is_null())).unwrap()
}

fn replay_case(file: &str, case: &Value) -> CaseResult {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = GzEncoder::new(File::create(folder.path().join(file)).unwrap(), Compression::fast());
    writeln!(lines, "{case}").unwrap();
    lines.finish().unwrap();
    replay(folder.path()).unwrap().remove(0)
}

#[test]
fn every_recorded_patch_is_reproduced() {
    let results = replay(&golden()).unwrap();
    let count = |family: &str| results.iter().filter(|case| case.family == family).count();
    assert_eq!((count("threeway"), count("threeway-custom")), (340, 100), "the recording is complete");
    assert_eq!((count("patch strategic"), count("patch merge"), count("patch json")), (120, 32, 72));
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let expectations = [
        ("threeway.jsonl.gz", "patch"),
        ("threeway.jsonl.gz", "result"),
        ("threeway.jsonl.gz", "unchanged"),
        ("threeway.jsonl.gz", "error"),
        ("threeway-custom.jsonl.gz", "patch"),
        ("patch.jsonl.gz", "result"),
        ("patch.jsonl.gz", "error"),
    ];
    for (file, field) in expectations {
        let mut case = case_with(file, field);
        assert_eq!(replay_case(file, &case).differences, [], "{file}: {field}");
        match &mut case[field] {
            Value::Bool(flag) => *flag = !*flag,
            Value::Object(fields) => _ = fields.insert("wrong".to_owned(), json!(1)),
            value => *value = json!("wrong"),
        }
        let differences = replay_case(file, &case).differences;
        let fields: Vec<&str> = differences.iter().map(|difference| difference.field.as_str()).collect();
        assert_eq!(fields, [field], "{file}");
    }
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
