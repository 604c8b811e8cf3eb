//! Recorded HPA decisions are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::{CaseResult, ConformanceError, hpa};

/// The recordings in this repository.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hpa")
}

/// The first line of a recording.
fn first_line(name: &str) -> String {
    let reader = BufReader::new(GzDecoder::new(File::open(golden().join(name)).unwrap()));
    reader.lines().next().unwrap().unwrap()
}

/// Replays a folder that holds these lines only.
fn replay_lines(name: &str, lines: &[&str]) -> Result<Vec<CaseResult>, ConformanceError> {
    let folder = tempfile::tempdir().unwrap();
    let mut file = GzEncoder::new(File::create(folder.path().join(name)).unwrap(), Compression::fast());
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file.finish().unwrap();
    hpa::replay(folder.path())
}

#[test]
fn recorded_decisions_are_reproduced() {
    let results = hpa::replay(&golden()).unwrap();
    let sequences = results.iter().filter(|case| case.family == "hpa/sequences").count();
    assert_eq!((results.len() - sequences, sequences), (1500, 150), "every case is replayed");
    let failed: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let first: Vec<_> = failed
        .iter()
        .take(10)
        .flat_map(|case| case.differences.iter().take(3).map(move |difference| (case, difference)))
        .map(|(case, difference)| {
            let (field, expected, actual) = (&difference.field, &difference.expected, &difference.actual);
            format!("{} {field}:\n  expected {expected}\n  actual   {actual}", case.id)
        })
        .collect();
    assert!(failed.is_empty(), "{} cases differ, the first:\n{}", failed.len(), first.join("\n"));
}

/// Every part of a recorded decision is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let single = first_line("single.jsonl.gz");
    let sequence = first_line("sequences.jsonl.gz");
    let cases = [
        ("single.jsonl.gz", &single, "/expect/desiredReplicas", "99", "desiredReplicas"),
        ("single.jsonl.gz", &single, "/expect/rescaled", "true", "rescaled"),
        ("single.jsonl.gz", &single, "/expect/error", "false", "error"),
        ("single.jsonl.gz", &single, "/expect/perMetric/0/reason", "\"x\"", "perMetric"),
        ("single.jsonl.gz", &single, "/expect/perMetric/1/replicas", "99", "perMetric"),
        ("single.jsonl.gz", &single, "/expect/perMetric/1/metric", "\"x\"", "perMetric"),
        ("single.jsonl.gz", &single, "/expect/conditions/0/reason", "\"x\"", "conditions"),
        ("single.jsonl.gz", &single, "/expect/conditions/1/status", "\"True\"", "conditions"),
        ("single.jsonl.gz", &single, "/expect/currentMetrics/0/type", "\"x\"", "currentMetrics"),
        (
            "single.jsonl.gz",
            &single,
            "/expect/currentMetrics/1/containerResource/current/averageUtilization",
            "99",
            "currentMetrics",
        ),
        (
            "single.jsonl.gz",
            &single,
            "/expect/currentMetrics/1/containerResource/current/averageValue",
            "\"99\"",
            "currentMetrics",
        ),
        (
            "single.jsonl.gz",
            &single,
            "/expect/historyAfter/recommendations/0/replicas",
            "99",
            "historyAfter.recommendations",
        ),
        ("sequences.jsonl.gz", &sequence, "/expect/replicas/5", "99", "step 6: replicas"),
        ("sequences.jsonl.gz", &sequence, "/expect/metricDesired/5", "99", "step 6: metricDesired"),
        ("sequences.jsonl.gz", &sequence, "/expect/scalingLimitedReason/5", "\"x\"", "step 6: scalingLimitedReason"),
        ("sequences.jsonl.gz", &sequence, "/expect/ableToScaleReason/5", "\"x\"", "step 6: ableToScaleReason"),
    ];
    for (file, line, pointer, value, expected) in cases {
        let mut case: serde_json::Value = serde_json::from_str(line).unwrap();
        *case.pointer_mut(pointer).unwrap() = serde_json::from_str(value).unwrap();
        let results = replay_lines(file, &[&case.to_string()]).unwrap();
        let fields: Vec<_> = results[0].differences.iter().map(|difference| difference.field.as_str()).collect();
        assert_eq!(fields, [expected], "{pointer}");
    }
}

#[test]
fn a_malformed_line_is_an_error_that_names_it() {
    let single = first_line("single.jsonl.gz");
    let sequence = first_line("sequences.jsonl.gz");
    let cases = [
        ("single.jsonl.gz", &single, "/now", "\"yesterday\"", "is not an RFC 3339 time"),
        ("single.jsonl.gz", &single, "/hpa/spec/maxReplicas", "0", "hpa.spec.maxReplicas is 0"),
        ("single.jsonl.gz", &single, "/scale/selector", "\"app in (web)\"", "has no `=`"),
        ("single.jsonl.gz", &single, "/pods/0/status/phase", "\"Gone\"", "phase `Gone` is not known"),
        ("single.jsonl.gz", &single, "/metrics/podMetrics/0/containers/0/usage/cpu", "\"1x\"", "is not a quantity"),
        ("sequences.jsonl.gz", &sequence, "/steps", "7", "(expected one for each of 7 steps)"),
        ("sequences.jsonl.gz", &sequence, "/initialReplicas", "9999999999", "replicas"),
    ];
    for (file, line, pointer, value, expected) in cases {
        let mut case: serde_json::Value = serde_json::from_str(line).unwrap();
        *case.pointer_mut(pointer).unwrap() = serde_json::from_str(value).unwrap();
        let error = replay_lines(file, &[line, &case.to_string()]).unwrap_err().to_string();
        assert!(error.contains(&format!("{file}:2: ")) && error.contains(expected), "{pointer}: {error}");
    }
    let error = replay_lines("other.jsonl.gz", &["{}"]).unwrap_err();
    assert!(matches!(error, ConformanceError::NoRecording { .. }), "{error}");
}
