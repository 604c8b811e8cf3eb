//! The restart of a container that has ended, and its back-off (`CrashLoopBackOff`).
//!
//! Mirrors `doBackOff` of `pkg/kubelet/kuberuntime` (Kubernetes 1.36). A record belongs to one container of one pod.
//! The real kubelet notices the end of a delay at the pod's next sync, which may be a little later.

use crate::api::RestartPolicy;
use crate::units::{SimDuration, SimTime};

/// `backOffPeriod` of the kubelet: the first delay.
pub const BACK_OFF_PERIOD: SimDuration = SimDuration::from_secs(10);
/// `MaxContainerBackOff`: the longest delay. `crashLoopBackOff.maxContainerRestartPeriod` can lower it on a node.
pub const MAX_CONTAINER_BACK_OFF: SimDuration = SimDuration::from_secs(300);
/// A container that ends this long after its last restart starts anew (fixed, whatever the longest delay).
pub const CRASH_BACK_OFF_RESET: SimDuration = SimDuration::from_secs(600);

/// The doubling delay of one container (client-go `flowcontrol.Backoff`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRecord {
    /// The delay in force.
    delay: SimDuration,
    /// When it was set.
    since: SimTime,
}

impl BackoffRecord {
    /// When a container that ended at `finished` may start again: at once without a record or after
    /// [`CRASH_BACK_OFF_RESET`], else when the record's delay has passed since its end.
    pub fn restart_at(record: Option<Self>, finished: SimTime) -> SimTime {
        match record {
            Some(record) if !record.is_expired(finished) => finished + record.delay,
            _ => finished,
        }
    }

    /// Whether a container that ended at `finished` starts anew.
    fn is_expired(self, finished: SimTime) -> bool {
        finished - self.since > CRASH_BACK_OFF_RESET
    }
}

/// Delays of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashBackoff {
    /// The first delay.
    pub initial: SimDuration,
    /// The longest delay.
    pub max: SimDuration,
}

impl Default for CrashBackoff {
    fn default() -> Self {
        Self { initial: BACK_OFF_PERIOD, max: MAX_CONTAINER_BACK_OFF }
    }
}

impl CrashBackoff {
    /// The record after a restart at `restarted` of a container that ended at `finished`: the delay is doubled up to
    /// the longest one, or the first one again if the record has expired.
    pub fn after_restart(self, record: Option<BackoffRecord>, finished: SimTime, restarted: SimTime) -> BackoffRecord {
        let delay = match record {
            Some(record) if !record.is_expired(finished) => (record.delay * 2).min(self.max),
            _ => self.initial.min(self.max),
        };
        BackoffRecord { delay, since: restarted }
    }
}

/// Whether a container that ended starts again (`ShouldContainerBeRestarted`); never in a pod that is being deleted.
pub const fn should_restart(policy: RestartPolicy, exit_code: i32, pod_is_deleting: bool) -> bool {
    !pod_is_deleting
        && match policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => exit_code != 0,
            RestartPolicy::Never => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delays between end and restart of a container that ends `runs_for` after each start.
    fn delays(backoff: CrashBackoff, runs_for: i64, restarts: usize) -> Vec<i64> {
        let mut record = None;
        let mut started = SimTime::ZERO;
        let mut delays = Vec::new();
        for _ in 0..restarts {
            let finished = started + SimDuration::from_secs(runs_for);
            started = BackoffRecord::restart_at(record, finished);
            record = Some(backoff.after_restart(record, finished, started));
            delays.push((started - finished).whole_seconds());
        }
        delays
    }

    #[test]
    fn delays_double_and_are_forgotten() {
        let default = CrashBackoff::default();
        let short = CrashBackoff { max: SimDuration::from_secs(25), ..default };
        let cases = [
            (default, 5, vec![0, 10, 20, 40, 80, 160, 300, 300], "first at once, then doubling to five minutes"),
            (default, 600, vec![0, 10, 20, 40], "ten minutes are not more than ten minutes"),
            (default, 601, vec![0, 0, 0], "a longer run forgets"),
            (short, 5, vec![0, 10, 20, 25, 25], "a node with a lower limit"),
        ];
        for (backoff, runs_for, expected, why) in cases {
            assert_eq!(delays(backoff, runs_for, expected.len()), expected, "{why}");
        }
    }

    #[test]
    fn the_policy_decides_on_restarts() {
        use RestartPolicy::{Always, Never, OnFailure};
        let cases =
            [(Always, 0, true), (Always, 1, true), (OnFailure, 0, false), (OnFailure, 1, true), (Never, 1, false)];
        for (policy, exit_code, expected) in cases {
            assert_eq!(should_restart(policy, exit_code, false), expected, "{policy:?} {exit_code}");
            assert!(!should_restart(policy, exit_code, true), "deleting");
        }
    }
}
