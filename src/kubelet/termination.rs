//! The end of a pod's containers: preStop hooks, termination signal, kill.
//!
//! Mirrors `killContainer` of `pkg/kubelet/kuberuntime` (Kubernetes 1.36).

use crate::units::{SimDuration, SimTime};

/// `minimumGracePeriodInSeconds`: time that a container has after the signal, whatever the hook used up.
pub const MINIMUM_GRACE_PERIOD: SimDuration = SimDuration::from_secs(2);

/// A running container that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoppingContainer {
    /// How long the `preStop` hook takes; zero without a hook.
    pub pre_stop: SimDuration,
    /// How long the container takes to end after the termination signal.
    pub stop_delay: SimDuration,
    /// Whether it is a sidecar: those end after the others, the last one first.
    pub is_sidecar: bool,
}

/// When a pod's containers end, in the order of the list, if the kubelet starts to stop them at `now` with
/// `grace_period`.
///
/// The hook runs within the grace period, for at most that long, and its whole seconds are taken off; so are those that
/// a sidecar waits for its turn. What is left, but at least [`MINIMUM_GRACE_PERIOD`], counts from the signal; a container
/// that has not ended by then is killed. The pod's last status and the removal of the object follow the last end.
pub fn terminate(containers: &[StoppingContainer], now: SimTime, grace_period: SimDuration) -> Vec<SimTime> {
    let grace_period = grace_period.max_zero();
    let mut ends: Vec<SimTime> =
        containers.iter().map(|container| end_of(*container, now, grace_period, now)).collect();
    let ends_of_regular = containers.iter().zip(&ends).filter(|(container, _)| !container.is_sidecar);
    let mut turn = ends_of_regular.map(|(_, end)| *end).max().unwrap_or(now);
    for (container, end) in containers.iter().zip(&mut ends).rev().filter(|(container, _)| container.is_sidecar) {
        *end = end_of(*container, now, grace_period, turn);
        turn = turn.max(*end);
    }
    ends
}

/// The end of one container whose turn comes at `turn`.
fn end_of(container: StoppingContainer, now: SimTime, grace_period: SimDuration, turn: SimTime) -> SimTime {
    let hook = container.pre_stop.max_zero().min(grace_period);
    let whole_seconds = |span: SimDuration| SimDuration::from_secs(span.whole_seconds());
    let left = grace_period - whole_seconds(hook);
    let hook_end = now + hook;
    let wait = (turn - hook_end).max_zero().min(left.max_zero());
    let left = (left - whole_seconds(wait)).max(MINIMUM_GRACE_PERIOD);
    hook_end + wait + container.stop_delay.max_zero().min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(pre_stop: i64, stop_delay: i64, is_sidecar: bool) -> StoppingContainer {
        let [pre_stop, stop_delay] = [pre_stop, stop_delay].map(SimDuration::from_millis);
        StoppingContainer { pre_stop, stop_delay, is_sidecar }
    }

    #[test]
    fn grace_covers_hook_and_stop() {
        // (grace s, preStop ms, stop delay ms) -> end ms
        let cases = [
            (30, 0, 1_000, 1_000, "ends by itself"),
            (30, 0, 45_000, 30_000, "killed at the deadline"),
            (30, 0, 30_000, 30_000, "just in time"),
            (30, 5_000, 26_000, 30_000, "the hook uses up grace"),
            (30, 60_000, 500, 30_500, "a hook without end is cut off"),
            (30, 60_000, 9_000, 32_000, "two seconds are always left"),
            (10, 3_900, 9_000, 10_900, "only whole seconds of the hook are taken off"),
            (0, 4_000, 9_000, 2_000, "no grace, no hook"),
        ];
        for (grace, pre_stop, stop_delay, end, why) in cases {
            let ends =
                terminate(&[container(pre_stop, stop_delay, false)], SimTime::ZERO, SimDuration::from_secs(grace));
            assert_eq!(ends, [SimTime::from_millis(end)], "{why}");
        }
    }

    #[test]
    fn sidecars_end_after_the_regular_containers_in_reverse() {
        let pod = [container(0, 2_000, true), container(0, 3_000, true), container(0, 10_000, false)];
        let ends = |grace| terminate(&pod, SimTime::ZERO, SimDuration::from_secs(grace));
        assert_eq!(ends(30), [15, 13, 10].map(SimTime::from_secs));
        assert_eq!(ends(5), [7, 7, 5].map(SimTime::from_secs), "the wait uses up the grace period");
    }
}
