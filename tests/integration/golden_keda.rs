//! Recorded decisions of KEDA are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::keda::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/keda")
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
    let expected = [
        ("activity", 60),
        ("cron", 30),
        ("executor", 50),
        ("fallback", 40),
        ("formula", 60),
        ("hpa", 40),
        ("scaledjob", 40),
    ];
    assert_eq!(families, BTreeMap::from(expected), "the recording is complete");
}

/// The first case of a file with a wrong expectation at a place: how many differences it makes.
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
    let cases = [
        ("executor", "/steps/0/expected/replicas", json!(77)),
        ("executor", "/steps/0/expected/scaledTo", json!([77])),
        ("executor", "/steps/0/expected/conditions/ready/status", json!("wrong")),
        ("executor", "/steps/0/expected/conditions/active/reason", json!("wrong")),
        ("executor", "/steps/0/expected/events/0", json!("wrong")),
        ("executor", "/steps/0/expected/lastActiveT", json!(1)),
        ("executor", "/steps/0/expected/pausedReplicaCount", json!(77)),
        ("activity", "/polls/0/expected/isActive", json!("wrong")),
        ("activity", "/polls/0/expected/isError", json!("wrong")),
        ("activity", "/polls/0/expected/activeTriggers", json!(["wrong"])),
        ("activity", "/polls/0/expected/hpaMetrics/s0-m/items/0/milli", json!(77)),
        ("activity", "/polls/0/expected/health/s0-m/failures", json!(77)),
        ("hpa", "/expected/hpa/name", json!("wrong")),
        ("hpa", "/expected/hpa/labels/app.kubernetes.io~1name", json!("wrong")),
        ("hpa", "/expected/hpa/annotations", json!({"wrong": "wrong"})),
        ("hpa", "/expected/hpa/spec/minReplicas", json!(77)),
        ("hpa", "/expected/hpa/spec/maxReplicas", json!(77)),
        ("hpa", "/expected/hpa/spec/metrics/0/type", json!("wrong")),
        ("hpa", "/expected/hpa/spec/metrics/0/external/target", json!({"type": "Value"})),
        ("hpa", "/expected/hpa/spec/behavior", json!("wrong")),
        ("hpa", "/expected/externalMetricNames", json!(["wrong"])),
        ("hpa", "/expected/resourceMetricNames", json!(["wrong"])),
        ("hpa", "/expected/compositeScalerName", json!("wrong")),
        ("hpa", "/expected/scalerError", json!("wrong")),
        ("cron", "/expected/metricName", json!("wrong")),
        ("cron", "/expected/points/7/value", json!("77")),
        ("cron", "/expected/points/7/active", json!("wrong")),
        ("cron", "/expected/error", json!("wrong")),
        ("fallback", "/steps/0/expected/error", json!("wrong")),
        ("fallback", "/steps/0/expected/value", json!("77")),
        ("fallback", "/steps/0/expected/fallbackActive", json!("wrong")),
        ("fallback", "/steps/0/expected/fallbackCondition/status", json!("wrong")),
        ("fallback", "/steps/0/expected/health/failures", json!(77)),
        ("formula", "/evaluations/0/expected/milli", json!(77)),
        ("formula", "/expected/detail", json!("wrong")),
        ("scaledjob", "/expected/isActive", json!("wrong")),
        ("scaledjob", "/expected/queueLength", json!(77)),
        ("scaledjob", "/expected/maxScale", json!(77)),
        ("scaledjob", "/expected/effectiveMaxScale", json!(77)),
        ("scaledjob", "/expected/scaleTo", json!(77)),
        ("scaledjob", "/expected/jobsCreated", json!(77)),
        ("scaledjob", "/triggers/0/expected/maxValue", json!(77)),
    ];
    for (file, pointer, wrong) in cases {
        assert!(differences_with(file, pointer, wrong) > 0, "{file}: {pointer}");
    }
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
