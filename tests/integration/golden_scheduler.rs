//! Decisions recorded from kube-scheduler are reproduced, every field of them.

use std::collections::BTreeSet;
use std::path::Path;
use wavetank::study::conformance::scheduler::replay;

/// Replays a recording that must be reproduced without a difference.
fn check(folder: &str, cases: usize, families: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scheduler").join(folder);
    let results = replay(&path, None, None).unwrap_or_else(|error| panic!("{error}"));
    let differing: Vec<String> = results
        .iter()
        .filter(|result| !result.skipped || result.family != "dra")
        .filter_map(|result| {
            let first = result.differences.first()?;
            Some(format!("{}: {}: expected {}, found {}", result.id, first.field, first.expected, first.actual))
        })
        .collect();
    assert!(differing.is_empty(), "{} cases differ:\n{}", differing.len(), differing.join("\n"));
    assert_eq!(results.len(), cases, "every case is replayed");
    let found: BTreeSet<&str> = results.iter().map(|result| result.family.as_str()).collect();
    assert_eq!(found.len(), families, "every family is there: {found:?}");
}

#[test]
fn single_decisions_of_1_36() {
    check("v1.36/single", 909, 25);
}

#[test]
fn single_decisions_of_1_34() {
    check("v1.34/single", 269, 18);
}

#[test]
fn sequences() {
    check("v1.36/sequence", 1, 1);
    check("v1.34/sequence", 1, 1);
}

#[test]
fn the_queue() {
    check("v1.36/queue", 30, 1);
}

#[test]
fn sampled_searches() {
    check("v1.36/sampled", 3, 1);
}

#[test]
fn the_rules_of_another_release_give_other_decisions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scheduler/v1.34/single");
    let newer = replay(&path, Some(wavetank::scheduler::KubernetesVersion::V1_36), None).unwrap();
    assert!(newer.iter().any(|result| !result.differences.is_empty()), "the recordings tell the releases apart");
}
