//! What is done with the pods of a node that is being terminated (`pkg/controllers/node/termination/terminator`).

use crate::units::{SimDuration, SimTime};

/// How long after its deletion time a pod is no longer waited for (`IsStuckTerminating`).
const STUCK_AFTER: SimDuration = SimDuration::from_minutes(1);

/// A pod of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct DrainPod<Pod> {
    /// Which.
    pub pod: Pod,
    /// Whether its containers have ended for good.
    pub has_ended: bool,
    /// Whether it tolerates the taint of nodes that are about to go, or is a static pod.
    pub stays: bool,
    /// When a pod that is being deleted will be killed (`metadata.deletionTimestamp`).
    pub deletion: Option<SimTime>,
    /// `terminationGracePeriodSeconds`.
    pub grace: SimDuration,
    /// Until when `karpenter.sh/do-not-disrupt` protects it; `SimTime::MAX` for good.
    pub protected_until: Option<SimTime>,
    /// Whether it is of one of the two system priority classes.
    pub is_critical: bool,
    /// Whether a DaemonSet owns it.
    pub is_of_daemon_set: bool,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainStep<Pod> {
    /// Pods to be deleted at once, whatever their budgets say, each with its grace period.
    pub delete: Vec<(Pod, SimDuration)>,
    /// Pods for the eviction queue.
    pub evict: Vec<Pod>,
    /// Pods that have to go before the node may.
    pub waiting: usize,
    /// When time alone makes a difference.
    pub next: Option<SimTime>,
}

/// What to do with the pods of a node. `deadline` is the end of its `terminationGracePeriod`.
pub fn drain_step<Pod: Copy>(pods: &[DrainPod<Pod>], deadline: Option<SimTime>, now: SimTime) -> DrainStep<Pod> {
    let mut step = DrainStep { delete: Vec::new(), evict: Vec::new(), waiting: 0, next: None };
    let mut groups: [Vec<&DrainPod<Pod>>; 4] = Default::default();
    let mut wake = |at: SimTime| {
        if at > now {
            step.next = Some(step.next.map_or(at, |next: SimTime| next.min(at)));
        }
    };
    for pod in pods.iter().filter(|pod| !pod.has_ended && !pod.stays) {
        let is_stuck = pod.deletion.is_some_and(|deletion| now - deletion > STUCK_AFTER);
        if is_stuck {
            continue;
        }
        if let Some(deletion) = pod.deletion {
            // The first instant at which it is no longer waited for.
            wake(deletion + STUCK_AFTER + SimDuration::from_nanos(1));
        }
        let may_be_forced = deadline.is_some_and(|deadline| pod.deletion.is_none_or(|deletion| deletion > deadline));
        if let Some(deadline) = deadline.filter(|_| may_be_forced) {
            let from = deadline - pod.grace;
            if now > from {
                let left = SimDuration::from_secs((deadline - now).whole_seconds().max(1));
                step.delete.push((pod.pod, left));
            } else {
                wake(from + SimDuration::from_nanos(1));
            }
        }
        if let Some(until) = pod.protected_until {
            wake(until);
        }
        let group = 2 * usize::from(pod.is_critical) + usize::from(pod.is_of_daemon_set);
        groups[group].push(pod);
    }
    step.waiting = groups.iter().map(Vec::len).sum();
    if let Some(group) = groups.iter().find(|group| !group.is_empty()) {
        let is_evictable =
            |pod: &&&DrainPod<Pod>| pod.deletion.is_none() && pod.protected_until.is_none_or(|until| until <= now);
        step.evict = group.iter().filter(is_evictable).map(|pod| pod.pod).collect();
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::from_secs(1000);

    fn pod(pod: u32) -> DrainPod<u32> {
        DrainPod {
            pod,
            has_ended: false,
            stays: false,
            deletion: None,
            grace: SimDuration::from_secs(30),
            protected_until: None,
            is_critical: false,
            is_of_daemon_set: false,
        }
    }

    #[test]
    fn groups_go_one_after_the_other() {
        let daemon = DrainPod { is_of_daemon_set: true, ..pod(2) };
        let critical = DrainPod { is_critical: true, ..pod(3) };
        let leaving = DrainPod { deletion: Some(NOW), ..pod(4) };
        let protected = DrainPod { protected_until: Some(SimTime::MAX), ..pod(5) };
        let cases = [
            (vec![critical, daemon, pod(1)], vec![1], 3, "ordinary pods first"),
            (vec![critical, daemon], vec![2], 2, "then daemons"),
            (vec![critical], vec![3], 1, "then what the system needs"),
            (vec![daemon, leaving], vec![], 2, "pods that leave are waited for"),
            (vec![daemon, protected], vec![], 2, "protected pods hold it up"),
            (
                vec![DrainPod { stays: true, ..pod(1) }, DrainPod { has_ended: true, ..pod(2) }],
                vec![],
                0,
                "nobody waits",
            ),
            (vec![DrainPod { deletion: Some(NOW - SimDuration::from_secs(61)), ..pod(1) }], vec![], 0, "it is stuck"),
        ];
        for (pods, evict, waiting, why) in cases {
            let step = drain_step(&pods, None, NOW);
            assert_eq!((step.evict, step.waiting), (evict, waiting), "{why}");
            assert!(step.delete.is_empty());
        }
    }

    #[test]
    fn the_deadline_overrides_everything() {
        let seconds = SimDuration::from_secs;
        let protected = DrainPod { protected_until: Some(SimTime::MAX), ..pod(1) };
        let at = |deadline: i64| drain_step(&[protected], Some(NOW + seconds(deadline)), NOW);
        assert_eq!(at(60).delete, []);
        assert_eq!(at(60).next, Some(NOW + seconds(30) + SimDuration::from_nanos(1)));
        assert_eq!(at(20).delete, [(1, seconds(20))]);
        assert_eq!(at(-5).delete, [(1, seconds(1))], "at least a second");
        let in_time = DrainPod { deletion: Some(NOW + seconds(10)), ..pod(1) };
        assert_eq!(drain_step(&[in_time], Some(NOW + seconds(20)), NOW).delete, [], "it will be gone in time");
    }
}
