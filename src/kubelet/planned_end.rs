//! When the containers of a pod end by themselves, and how, as the annotations of its template say.

use crate::api::SimulationHints;
use crate::cluster::JobPod;
use crate::units::SimDuration;

/// How long containers run after a start, and their exit code; `None` of containers that go on. Of an end with success and
/// one with failure the earlier comes.
pub fn planned_end(hints: &SimulationHints, job: Option<&JobPod>) -> Option<(SimDuration, u8)> {
    let index = job.and_then(|job| job.index);
    let by_index = hints.ends.run_by_index.iter().find(|(of, _)| Some(*of) == index).map(|(_, span)| *span);
    let success = by_index.or(hints.run_for).map(|span| (span, 0));
    let concerns =
        hints.ends.fail_indexes.is_empty() || index.is_some_and(|index| hints.ends.fail_indexes.contains(&index));
    let failures = job.map_or(0, |job| job.index_failures);
    let still_fails = hints.ends.fail_until.is_none_or(|until| failures < until);
    let failure = hints.fail_after.filter(|_| concerns && still_fails);
    let failure = failure.map(|span| (span, hints.ends.exit_code.unwrap_or(1)));
    success.into_iter().chain(failure).min_by_key(|(span, _)| *span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::EndHints;

    #[test]
    fn the_earlier_end_comes() {
        let seconds = SimDuration::from_secs;
        let plain = SimulationHints { run_for: Some(seconds(5)), ..SimulationHints::default() };
        let failing = SimulationHints { fail_after: Some(seconds(2)), ..plain.clone() };
        let ends = |hints: &SimulationHints, ends| SimulationHints { ends, ..hints.clone() };
        let code = ends(&failing, EndHints { exit_code: Some(42), ..EndHints::default() });
        let late = SimulationHints { fail_after: Some(seconds(9)), ..plain.clone() };
        let some = ends(&failing, EndHints { fail_indexes: vec![1, 3], ..EndHints::default() });
        let until = ends(&some, EndHints { fail_until: Some(2), ..some.ends.clone() });
        let by_index = ends(&plain, EndHints { run_by_index: vec![(0, seconds(6))], ..EndHints::default() });
        let pod = |index, index_failures| Some(JobPod { index: Some(index), index_failures, ..JobPod::default() });
        let cases = [
            (SimulationHints::default(), None, None, "without end"),
            (plain, None, Some((5, 0)), "success"),
            (failing, None, Some((2, 1)), "failure, before success"),
            (code, None, Some((2, 42)), "another exit code"),
            (late, None, Some((5, 0)), "success, before failure"),
            (some.clone(), pod(3, 0), Some((2, 1)), "an index that fails"),
            (some.clone(), pod(2, 0), Some((5, 0)), "one that does not"),
            (some, None, Some((5, 0)), "a pod without index"),
            (until.clone(), pod(1, 1), Some((2, 1)), "it has failed once"),
            (until, pod(1, 2), Some((5, 0)), "it has failed often enough"),
            (by_index.clone(), pod(0, 0), Some((6, 0)), "the index with a run time of its own"),
            (by_index, pod(1, 0), Some((5, 0)), "another index"),
        ];
        for (hints, pod, expected, why) in cases {
            let found = planned_end(&hints, pod.as_ref());
            assert_eq!(found, expected.map(|(span, code)| (seconds(span), code)), "{why}");
        }
    }
}
