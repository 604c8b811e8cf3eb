//! Recorded decisions of the Cluster Autoscaler are reproduced: single ones, and whole sequences of loops.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::{CaseResult, ConformanceError, ca, ca_loop};

fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

fn assert_equal(results: &[CaseResult]) {
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

fn cases(file: &Path) -> Vec<Value> {
    let lines = BufReader::new(GzDecoder::new(File::open(file).unwrap())).lines();
    lines
        .map(|line| line.unwrap())
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

fn folder_with(file: &str, case: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = GzEncoder::new(File::create(folder.path().join(file)).unwrap(), Compression::fast());
    writeln!(lines, "{case}").unwrap();
    lines.finish().unwrap();
    folder
}

#[test]
fn every_recorded_decision_of_the_cluster_autoscaler_is_reproduced() {
    let results = ca::replay(&golden("ca")).unwrap();
    let count = |family: &str| results.iter().filter(|case| case.family == family).count();
    let counts = ["estimator", "expanders", "balancing", "drain"].map(count);
    assert_eq!(counts, [200, 60, 40, 120], "the recording is complete");
    assert_equal(&results);
}

#[test]
fn every_recorded_loop_of_the_cluster_autoscaler_is_reproduced() {
    let results = ca_loop::replay(&golden("ca-loop")).unwrap();
    assert_eq!(results.len(), 78, "the recording is complete");
    assert_equal(&results);
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_of_the_cluster_autoscaler_can_differ() {
    let expectations = [
        ("est.jsonl.gz", "newNodes", json!(77)),
        ("est.jsonl.gz", "scheduledPods", json!(["wrong"])),
        ("exp.jsonl.gz", "candidates", json!(["wrong"])),
        ("exp.jsonl.gz", "remainingAfterEachFilter", json!([["wrong"]])),
        ("drain.jsonl.gz", "blockingReason", json!("wrong")),
        ("drain.jsonl.gz", "podsToMove", json!(["wrong"])),
        ("drain.jsonl.gz", "cpuUtilization", json!(7.5)),
        ("drain.jsonl.gz", "pdbInParallel", json!("wrong")),
    ];
    for (file, field, wrong) in expectations {
        let mut case = cases(&golden("ca").join(file)).remove(0);
        let known = case["expect"].get(field).cloned().unwrap_or(Value::Null);
        case["expect"][field] = if known.is_boolean() { json!(!known.as_bool().unwrap()) } else { wrong };
        let results = ca::replay(folder_with(file, &case).path()).unwrap();
        let fields: Vec<&str> = results[0].differences.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [field], "{file}");
    }
    let sequence = cases(&golden("ca-loop").join("loops.jsonl.gz")).remove(0);
    for field in
        ["scaleUpResult", "scaleDownResult", "unneeded", "unremovable", "softTaints", "target", "readiness", "bound"]
    {
        let mut case = sequence.clone();
        case["expect"][0][field] = json!("wrong");
        let results = ca_loop::replay(folder_with("loops.jsonl.gz", &case).path()).unwrap();
        let fields: Vec<&str> = results[0].differences.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [format!("loop 0: {field}")]);
    }
}

#[test]
fn a_folder_without_a_recording_of_the_cluster_autoscaler_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(ca::replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
    assert!(matches!(ca_loop::replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
