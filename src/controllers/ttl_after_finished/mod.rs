//! The TTL-after-finished controller: deletes Jobs some time after they have finished.
//!
//! Mirrors `pkg/controller/ttlafterfinished` (Kubernetes 1.36).
//!
//! Known deviation: the Job is gone at once and its pods follow; the real controller's foreground deletion keeps the object
//! until they are gone, a few tenths of a second.

pub mod controller;

use crate::cluster::JobStatus;
use crate::units::{SimDuration, SimTime};

/// When a Job is deleted (`timeLeft`): its time after the end, which the API has in whole seconds. `None` of a Job that has
/// not finished or whose time is not limited.
pub fn expiry(status: &JobStatus, ttl: Option<SimDuration>) -> Option<SimTime> {
    Some(status.finished()?.last_transition.truncated_to_second() + ttl?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{JobCondition, JobConditionType};

    #[test]
    fn the_time_counts_from_the_second_of_the_end() {
        let status = |kind| JobStatus {
            conditions: vec![JobCondition {
                kind,
                is_true: true,
                reason: "",
                message: "".into(),
                last_transition: SimTime::from_millis(7_900),
            }],
            ..JobStatus::default()
        };
        use JobConditionType::{Complete, Failed, FailureTarget, SuccessCriteriaMet};
        let cases = [
            (Complete, Some(10), Some(17), "succeeded"),
            (Failed, Some(0), Some(7), "failed"),
            (Complete, None, None, "kept"),
            (SuccessCriteriaMet, Some(10), None, "about to succeed"),
            (FailureTarget, Some(10), None, "about to fail"),
        ];
        for (kind, ttl, expected, why) in cases {
            let found = expiry(&status(kind), ttl.map(SimDuration::from_secs));
            assert_eq!(found, expected.map(SimTime::from_secs), "{why}");
        }
    }
}
