//! Recorded recommendations of the Vertical Pod Autoscaler are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::ConformanceError;
use wavetank::study::conformance::vpa::replay;

const FILE: &str = "sequences.jsonl.gz";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vpa")
}

#[test]
fn every_recorded_recommendation_is_reproduced() {
    let results = replay(&golden()).unwrap();
    assert_eq!(results.len(), 40, "the recording is complete");
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join(FILE)).unwrap())).lines();
    let case: Value = serde_json::from_str(&lines.map(Result::unwrap).next().unwrap()).unwrap();
    for part in ["target", "lowerBound", "upperBound", "uncappedTarget", "containerName", "discardedEvents"] {
        let mut wrong = case.clone();
        match part {
            "containerName" => wrong["expect"][0][0][part] = json!("wrong"),
            "discardedEvents" => wrong[part] = json!([1]),
            _ => wrong["expect"][0][0][part]["cpu"] = json!("7m"),
        }
        let folder = tempfile::tempdir().unwrap();
        let mut file = GzEncoder::new(File::create(folder.path().join(FILE)).unwrap(), Compression::fast());
        writeln!(file, "{wrong}").unwrap();
        file.finish().unwrap();
        assert_eq!(replay(folder.path()).unwrap()[0].differences.len(), 1, "{part}");
    }
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
