//! Index and framework give the same answer: on random clusters with pods, nodes and configurations that come, go and
//! change.

use crate::scheduler::random_cluster::Case;

/// How many clusters are tried: fewer where continuous integration, which sets `CI`, waits for them.
const RUNS: u64 = if option_env!("CI").is_some() { 200 } else { 2000 };

#[test]
fn the_index_decides_as_the_framework_does() {
    let (mut indexed, mut fallbacks) = (0, 0);
    for seed in 0..RUNS {
        let mut case = Case::new(seed);
        for _ in 0..120 {
            case.attempt(seed);
            case.change();
        }
        indexed += case.index.statistics().indexed;
        fallbacks += case.index.statistics().fallbacks;
    }
    assert!(indexed > 4 * fallbacks, "{indexed} by the index, {fallbacks} left to the framework");
}
