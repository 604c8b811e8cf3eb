//! Recorded controller decisions are reproduced.

use std::path::Path;
use wavetank::study::conformance::controllers::replay;
use wavetank::study::conformance::{CaseResult, ConformanceError};

fn recorded() -> Vec<CaseResult> {
    replay(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/controllers")).unwrap()
}

#[test]
fn every_recorded_decision_is_reproduced() {
    let results = recorded();
    let count = |family: &str| results.iter().filter(|case| case.family.starts_with(family)).count();
    assert_eq!((count("deployment"), count("rs-rank")), (150, 150), "the recording is complete");
    let different: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let shown: Vec<_> = different.iter().take(5).map(|case| (&case.id, case.differences.first())).collect();
    assert!(different.is_empty(), "{} cases differ, among them {shown:#?}", different.len());
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(replay(folder.path()), Err(ConformanceError::NoRecording { .. })));
}
