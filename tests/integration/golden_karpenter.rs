//! Recorded decisions of Karpenter are reproduced.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use wavetank::study::conformance::karpenter::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/karpenter")
}

/// The first case of a file whose recording has something at a place.
fn case_with(file: &str, pointer: &str) -> Value {
    let lines = BufReader::new(GzDecoder::new(File::open(golden().join(file)).unwrap())).lines();
    let mut cases = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    cases.find(|case| case["expected"].pointer(pointer).is_some_and(|value| !value.is_null())).unwrap()
}

fn replay_case(file: &str, case: &Value) -> CaseResult {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = GzEncoder::new(File::create(folder.path().join(file)).unwrap(), Compression::fast());
    writeln!(lines, "{case}").unwrap();
    lines.finish().unwrap();
    replay(folder.path()).unwrap().remove(0)
}

#[test]
fn every_recorded_decision_is_reproduced() {
    let results = replay(&golden()).unwrap();
    let count = |family: &str| results.iter().filter(|case| case.family == family).count();
    let counts = [
        count("provisioning v1.14.0"),
        count("provisioning v1.13.0"),
        count("consolidation v1.14.0"),
        count("consolidation v1.13.0"),
    ];
    assert_eq!(counts, [73, 55, 54, 33], "the recording is complete");
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

/// Every part of a recorded case is compared: a wrong expectation of it makes a difference.
#[test]
fn each_expectation_can_differ() {
    let provisioning = "provisioning-v1.14.0.jsonl.gz";
    let consolidation = "consolidation-v1.14.0.jsonl.gz";
    let expectations = [
        (provisioning, "/accepted/0"),
        (provisioning, "/newNodeClaims/0/nodePool"),
        (provisioning, "/newNodeClaims/0/requirements/0/values/0"),
        (provisioning, "/newNodeClaims/0/instanceTypes/0"),
        (provisioning, "/newNodeClaims/0/pods/0"),
        (provisioning, "/newNodeClaims/0/requests/cpu"),
        (provisioning, "/existingNodes/0/name"),
        (provisioning, "/existingNodes/0/pods/0"),
        (consolidation, "/methods/2/candidates/0/disruptionCost"),
        (consolidation, "/methods/2/candidates/0/price"),
        (consolidation, "/methods/2/budgets/default"),
        (consolidation, "/methods/2/commands/0/candidates/0"),
        (consolidation, "/methods/2/commands/0/decision"),
        (consolidation, "/methods/3/commands/0/estimatedSavings"),
        (consolidation, "/decision/method"),
    ];
    for (file, pointer) in expectations {
        let mut case = case_with(file, pointer);
        assert_eq!(replay_case(file, &case).differences, [], "{file}: {pointer}");
        let part = case["expected"].pointer_mut(pointer).unwrap();
        *part = if part.is_number() { json!(-7) } else { json!("wrong") };
        assert_eq!(replay_case(file, &case).differences.len(), 1, "{file}: {pointer}");
    }
    let mut case = case_with(provisioning, "/podErrors");
    case["expected"]["podErrors"]["default/nobody"] = json!("wrong");
    assert_eq!(replay_case(provisioning, &case).differences.len(), 1);
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
