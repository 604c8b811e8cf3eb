//! How long a Job waits before it replaces pods that failed.
//!
//! Mirrors `pkg/controller/job/backoff_utils.go` (Kubernetes 1.36). Times of ends are in whole seconds, as the API has them.

use crate::units::{SimDuration, SimTime};

/// `DefaultJobPodFailureBackOff`: the wait after the first failure.
pub const DEFAULT_JOB_POD_FAILURE_BACK_OFF: SimDuration = SimDuration::from_secs(10);
/// `MaxJobPodFailureBackOff`: the longest wait.
pub const MAX_JOB_POD_FAILURE_BACK_OFF: SimDuration = SimDuration::from_secs(600);

/// What the controller remembers of the failures of a Job's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackoffRecord {
    /// Failures since the last success.
    pub failures: u32,
    /// When the last of them was.
    pub last_failure: Option<SimTime>,
}

impl BackoffRecord {
    /// The record after pods have ended at these times (`newBackoffRecord`): failures before a success are forgotten.
    #[must_use]
    pub fn after(self, succeeded: &[SimTime], failed: &[SimTime]) -> Self {
        let count = |times: &[SimTime]| u32::try_from(times.len()).unwrap_or(u32::MAX);
        match (succeeded.iter().max(), failed.iter().max()) {
            (None, None) => self,
            (None, Some(last)) => {
                Self { failures: self.failures.saturating_add(count(failed)), last_failure: Some(*last) }
            }
            (Some(success), _) => {
                let later: Vec<SimTime> = failed.iter().copied().filter(|failure| failure > success).collect();
                Self { failures: count(&later), last_failure: later.iter().max().copied() }
            }
        }
    }

    /// How much of the wait is left.
    pub fn remaining(self, now: SimTime) -> SimDuration {
        self.last_failure.map_or(SimDuration::ZERO, |last| remaining(self.failures, last, now))
    }
}

/// How much is left of the wait after as many failures, the last one at `last` (`getRemainingTimeForFailuresCount`).
pub fn remaining(failures: u32, last: SimTime, now: SimTime) -> SimDuration {
    if failures == 0 {
        return SimDuration::ZERO;
    }
    // 2^6 times the first wait is above the longest.
    let wait = DEFAULT_JOB_POD_FAILURE_BACK_OFF * (1_i64 << (failures - 1).min(6));
    (wait.min(MAX_JOB_POD_FAILURE_BACK_OFF) - (now - last)).max_zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[i64]) -> Vec<SimTime> {
        seconds.iter().copied().map(SimTime::from_secs).collect()
    }

    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let record =
            |failures, last: Option<i64>| BackoffRecord { failures, last_failure: last.map(SimTime::from_secs) };
        let cases = [
            (record(0, None), vec![], vec![], record(0, None), "nothing has ended"),
            (record(0, None), vec![], vec![4], record(1, Some(4)), "the first failure"),
            (record(2, Some(4)), vec![], vec![9, 7], record(4, Some(9)), "failures add up, the last one counts"),
            (record(2, Some(4)), vec![5], vec![], record(0, None), "a success"),
            (record(2, Some(4)), vec![5], vec![6, 3, 8], record(2, Some(8)), "failures after a success"),
            (record(2, Some(4)), vec![5, 8], vec![8, 6], record(0, None), "of the same second the success counts"),
        ];
        for (before, succeeded, failed, after, why) in cases {
            assert_eq!(before.after(&at(&succeeded), &at(&failed)), after, "{why}");
        }
    }

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let waits = [(0, 0), (1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (50, 600)];
        for (failures, seconds) in waits {
            let last = SimTime::from_secs(100);
            assert_eq!(remaining(failures, last, last), SimDuration::from_secs(seconds), "{failures} failures");
        }
        assert_eq!(
            remaining(1, SimTime::from_secs(100), SimTime::from_millis(104_250)),
            SimDuration::from_millis(5_750)
        );
        assert_eq!(remaining(1, SimTime::from_secs(100), SimTime::from_secs(111)), SimDuration::ZERO);
    }
}
