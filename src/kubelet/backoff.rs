//! The doubling delay that the kubelet uses for restarts and image pulls (client-go `flowcontrol.Backoff`).

use crate::units::{SimDuration, SimTime};

/// What is remembered of one container or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRecord {
    /// The delay in force.
    pub delay: SimDuration,
    /// When it was set.
    pub since: SimTime,
}

impl BackoffRecord {
    /// The record after another failure at `failed`, set at `now`: doubled up to `max`, or `initial` where there is no
    /// record or the last one was set more than `reset_after` before the failure.
    pub(super) fn next(
        last: Option<Self>,
        failed: SimTime,
        now: SimTime,
        [initial, max, reset_after]: [SimDuration; 3],
    ) -> Self {
        let delay = match last {
            Some(last) if !last.is_expired(failed, reset_after) => (last.delay * 2).min(max),
            _ => initial.min(max),
        };
        Self { delay, since: now }
    }

    pub(super) fn is_expired(self, failed: SimTime, reset_after: SimDuration) -> bool {
        failed - self.since > reset_after
    }
}
