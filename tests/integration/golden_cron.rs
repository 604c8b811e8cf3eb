//! Recorded schedules, decisions of the CronJob controller and answers of `kubectl rollout status` are reproduced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wavetank::study::conformance::{CaseResult, cron, rollout};

fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

/// All cases are equal; cases by family.
fn families(results: &[CaseResult]) -> BTreeMap<&str, usize> {
    let failed: Vec<_> = results.iter().filter(|case| !case.differences.is_empty()).collect();
    let first: Vec<_> = failed.iter().take(10).map(|case| format!("{}: {:#?}", case.id, case.differences)).collect();
    assert!(failed.is_empty(), "{} cases differ, the first:\n{}", failed.len(), first.join("\n"));
    results.iter().fold(BTreeMap::new(), |mut families, case| {
        *families.entry(case.family.as_str()).or_default() += 1;
        families
    })
}

#[test]
fn schedules_and_syncs_are_reproduced() {
    let results = cron::replay(&golden("cron")).unwrap();
    let expected = [("controller", 240), ("dst", 240), ("next", 260), ("sync", 260)];
    assert_eq!(families(&results), BTreeMap::from(expected));
}

#[test]
fn rollout_status_is_reproduced() {
    let results = rollout::replay(&golden("rollout")).unwrap();
    let expected = [("DaemonSet", 47), ("Deployment", 87), ("StatefulSet", 66)];
    assert_eq!(families(&results), BTreeMap::from(expected));
}

#[test]
fn a_folder_without_recordings_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(cron::replay(folder.path()).unwrap_err().to_string().contains("next.jsonl.gz"));
    assert!(rollout::replay(folder.path()).unwrap_err().to_string().contains("status.jsonl.gz"));
}
