//! Recorded timelines that `wavetank conformance e2e` plays: resizes in place, priority classes that change, a namespace that
//! is deleted.

use std::path::Path;
use wavetank::study::conformance::e2e::{TimelineOptions, replay};

/// What differs that is not simulated: the start of the name of the difference.
const KNOWN: [(&str, &str); 1] = [("ns-delete", "PDB/web: condition")];

#[test]
fn recorded_timelines_are_reproduced() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/timelines");
    let results = replay(&folder, &TimelineOptions { seeds: 5, ..TimelineOptions::default() }).unwrap();
    let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
    let expected =
        ["ns-delete", "priority-class-change", "resize-accept", "resize-deferred", "resize-infeasible-kubelet"];
    assert_eq!(names, expected, "the recordings are complete");
    for result in results {
        assert_eq!(result.skipped, None, "{}", result.name);
        assert!(result.compared > 10, "{}: {}", result.name, result.compared);
        let is_known = |field: &str| KNOWN.iter().any(|(name, start)| *name == result.name && field.starts_with(start));
        let different: Vec<_> = result.differences.iter().filter(|one| !is_known(&one.field)).collect();
        assert!(different.is_empty(), "{}: {different:#?}", result.name);
    }
}
