//! Recorded choices of PersistentVolumes for claims are reproduced.

use std::path::Path;
use wavetank::study::conformance::pv_binding;

#[test]
fn volumes_are_chosen_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pvbinding");
    let cases = pv_binding::replay(&folder).unwrap();
    let different: Vec<_> = cases.iter().filter(|case| !case.differences.is_empty()).collect();
    assert!(different.is_empty(), "{different:#?}");
    for (path, count) in [("controller", 185), ("scheduler", 95)] {
        assert_eq!(cases.iter().filter(|case| case.family == path).count(), count, "{path}");
    }
}

#[test]
fn a_folder_without_the_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(pv_binding::replay(folder.path()).unwrap_err().to_string().contains("match.jsonl.gz"));
}
