//! The node lifecycle controller: which nodes are lost, and which taints they get.
//!
//! Mirrors `pkg/controller/nodelifecycle` (Kubernetes 1.36). How the disruption of whole zones slows the tainting down
//! is in [`zones`]; what the taints do to pods is the taint eviction controller's matter
//! ([`crate::controllers::taint_eviction`]).

pub mod controller;
pub mod zones;

use crate::api::well_known;
use crate::controllers::common::condition::ConditionStatus;
use crate::units::{SimDuration, SimTime};

/// `--node-monitor-period`: between two passes over all nodes.
pub const NODE_MONITOR_PERIOD: SimDuration = SimDuration::from_secs(5);
/// `--node-monitor-grace-period`: silence after which a node is `Unknown` (40 s up to 1.31).
pub const NODE_MONITOR_GRACE_PERIOD: SimDuration = SimDuration::from_secs(50);
/// `--node-startup-grace-period`: the same for a node that never posted its `Ready` condition.
pub const NODE_STARTUP_GRACE_PERIOD: SimDuration = SimDuration::from_secs(60);
/// `scheduler.NodeEvictionPeriod` (`pkg/controller/nodelifecycle/scheduler`): how often the queues of nodes that wait
/// for a `NoExecute` taint are looked at.
pub const NODE_EVICTION_PERIOD: SimDuration = SimDuration::from_millis(100);
/// `nodeLeaseDurationSeconds` of the kubelet's configuration; the kubelet renews after a quarter of it.
pub const NODE_LEASE_DURATION: SimDuration = SimDuration::from_secs(40);
/// The kubelet's renewal interval (`nodeLeaseRenewIntervalFraction` 0.25 of the duration).
pub const NODE_LEASE_RENEW_INTERVAL: SimDuration = SimDuration::from_secs(10);

/// What the controller remembers of one node between two passes (`nodeHealthData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeHealth {
    /// Heartbeat of the `Ready` condition as last seen; `None` if the condition was never posted.
    pub heartbeat: Option<SimTime>,
    /// `renewTime` of the Lease as last seen.
    pub lease_renewal: Option<SimTime>,
    /// When a sign of life was last seen: the pass, not the heartbeat itself.
    pub probe_time: SimTime,
}

impl NodeHealth {
    /// What is remembered of a node that a pass sees for the first time: the grace of a node that never posted its
    /// condition counts from its creation.
    pub fn first_seen(
        heartbeat: Option<SimTime>,
        lease_renewal: Option<SimTime>,
        created: SimTime,
        now: SimTime,
    ) -> Self {
        let alive = heartbeat.is_some() || lease_renewal.is_some();
        Self { heartbeat, lease_renewal, probe_time: if alive { now } else { created } }
    }

    /// What is remembered after a pass that finds this heartbeat and this renewal.
    #[must_use]
    pub fn observe(self, heartbeat: Option<SimTime>, lease_renewal: Option<SimTime>, now: SimTime) -> Self {
        let renewed = lease_renewal.is_some_and(|renewal| self.lease_renewal.is_none_or(|last| last < renewal));
        let probe_time = if renewed || heartbeat != self.heartbeat { now } else { self.probe_time };
        Self { heartbeat, lease_renewal: self.lease_renewal.max(lease_renewal), probe_time }
    }

    /// Whether a pass at `now` finds the node silent for longer than its grace, so that `Ready`, `MemoryPressure`,
    /// `DiskPressure` and `PIDPressure` become `Unknown` (`tryUpdateNodeHealth`).
    pub fn is_lost(&self, grace: NodeGrace, now: SimTime) -> bool {
        let grace = if self.heartbeat.is_some() { grace.monitor } else { grace.startup };
        now > self.probe_time + grace
    }
}

/// The two grace periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeGrace {
    /// For a node that posted its `Ready` condition.
    pub monitor: SimDuration,
    /// For a node that never did.
    pub startup: SimDuration,
}

impl Default for NodeGrace {
    fn default() -> Self {
        Self { monitor: NODE_MONITOR_GRACE_PERIOD, startup: NODE_STARTUP_GRACE_PERIOD }
    }
}

/// The pass that finds a node lost whose last sign of life was sent at `last_renewal`, when passes happen at `phase`
/// and every `period` from there.
///
/// The pass that first sees the sign starts the clock. Real passes drift: each starts `period` after the end of the
/// one before, so the pass that is a whole number of periods later is always a little later than that, and the
/// strict comparison of [`NodeHealth::is_lost`] holds there (recorded: Unknown ten passes after the last sign).
pub fn detection_time(last_renewal: SimTime, phase: SimTime, period: SimDuration, grace: SimDuration) -> SimTime {
    (last_renewal.next_tick(phase, period) + grace).next_tick(phase, period)
}

/// The node's conditions as far as they become taints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of the API")]
pub struct NodeConditions {
    /// `Ready`; `None` where it was never posted.
    pub ready: Option<ConditionStatus>,
    /// `MemoryPressure` is True.
    pub memory_pressure: bool,
    /// `DiskPressure` is True.
    pub disk_pressure: bool,
    /// `PIDPressure` is True.
    pub pid_pressure: bool,
    /// `NetworkUnavailable` is True.
    pub network_unavailable: bool,
}

/// Key of the taint that a `Ready` status calls for, with either effect; `None` for a ready node.
pub const fn ready_taint(ready: Option<ConditionStatus>) -> Option<&'static str> {
    match ready {
        Some(ConditionStatus::False) => Some(well_known::TAINT_NOT_READY),
        Some(ConditionStatus::Unknown) => Some(well_known::TAINT_UNREACHABLE),
        Some(ConditionStatus::True) | None => None,
    }
}

/// Keys of the `NoSchedule` taints that a node should have of those that this controller owns
/// (`doNoScheduleTaintingPass`). They follow the conditions at once, without a rate limit.
pub fn no_schedule_taints(conditions: NodeConditions, unschedulable: bool) -> Vec<&'static str> {
    let flags = [
        (conditions.memory_pressure, well_known::TAINT_MEMORY_PRESSURE),
        (conditions.disk_pressure, well_known::TAINT_DISK_PRESSURE),
        (conditions.pid_pressure, well_known::TAINT_PID_PRESSURE),
        (conditions.network_unavailable, well_known::TAINT_NETWORK_UNAVAILABLE),
        (unschedulable, well_known::TAINT_UNSCHEDULABLE),
    ];
    let set = flags.into_iter().filter(|(set, _)| *set).map(|(_, key)| key);
    ready_taint(conditions.ready).into_iter().chain(set).collect()
}

/// What a monitor pass does about a node's `NoExecute` taint (`processTaintBaseEviction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoExecuteChange {
    /// The `Ready` condition was never posted: nothing.
    None,
    /// The other one of the two taints is there: they are swapped at once.
    Swap {
        /// The key to remove.
        remove: &'static str,
        /// The key to add.
        add: &'static str,
    },
    /// The node joins its zone's queue, unless it is or was in it since it was last ready.
    Queue,
    /// The node is ready: both taints are removed, and the node leaves the queue.
    Remove,
}

/// What a monitor pass does, given the node's `Ready` status after the pass and the `NoExecute` taints it has.
pub const fn no_execute_change(
    ready: Option<ConditionStatus>,
    has_not_ready: bool,
    has_unreachable: bool,
) -> NoExecuteChange {
    use well_known::{TAINT_NOT_READY, TAINT_UNREACHABLE};
    match ready {
        None => NoExecuteChange::None,
        Some(ConditionStatus::True) => NoExecuteChange::Remove,
        Some(ConditionStatus::False) if has_unreachable => {
            NoExecuteChange::Swap { remove: TAINT_UNREACHABLE, add: TAINT_NOT_READY }
        }
        Some(ConditionStatus::Unknown) if has_not_ready => {
            NoExecuteChange::Swap { remove: TAINT_NOT_READY, add: TAINT_UNREACHABLE }
        }
        Some(_) => NoExecuteChange::Queue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_beyond_the_grace_is_loss() {
        let at = SimTime::from_secs;
        let seen = NodeHealth::first_seen(Some(at(0)), Some(at(0)), at(0), at(2));
        let grace = NodeGrace::default();
        assert!(!seen.is_lost(grace, at(52)), "exactly the grace is not beyond it");
        assert!(seen.is_lost(grace, at(53)));
        let renewed = seen.observe(Some(at(0)), Some(at(10)), at(12));
        assert_eq!(renewed.probe_time, at(12), "the pass counts, not the renewal");
        assert_eq!(renewed.observe(Some(at(0)), Some(at(10)), at(17)).probe_time, at(12), "nothing new");
        assert_eq!(renewed.observe(Some(at(9)), Some(at(10)), at(17)).probe_time, at(17), "a new heartbeat");
        assert_eq!(renewed.observe(Some(at(0)), None, at(17)), renewed, "a missing Lease is no sign of life");
        let silent = NodeHealth::first_seen(None, None, at(-5), at(0));
        assert!(!silent.is_lost(grace, at(55)) && silent.is_lost(grace, at(56)), "startup grace from creation");
    }

    #[test]
    fn detection_takes_whole_passes() {
        let cases = [(0, 0, 50, "seen at once"), (1, 0, 55, "seen by the pass at 5 s"), (4, 3, 58, "another phase")];
        for (last, phase, expected, why) in cases {
            let found = detection_time(
                SimTime::from_secs(last),
                SimTime::from_secs(phase),
                NODE_MONITOR_PERIOD,
                NODE_MONITOR_GRACE_PERIOD,
            );
            assert_eq!(found, SimTime::from_secs(expected), "{why}");
        }
    }

    #[test]
    fn conditions_become_taints() {
        use ConditionStatus::{False, True, Unknown};
        let healthy = NodeConditions { ready: Some(True), ..NodeConditions::default() };
        let cases = [
            (healthy, false, vec![]),
            (healthy, true, vec!["node.kubernetes.io/unschedulable"]),
            (NodeConditions { ready: Some(False), ..healthy }, false, vec!["node.kubernetes.io/not-ready"]),
            (NodeConditions { ready: Some(Unknown), ..healthy }, false, vec!["node.kubernetes.io/unreachable"]),
            (
                NodeConditions { memory_pressure: true, pid_pressure: true, ..healthy },
                false,
                vec!["node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure"],
            ),
            (
                NodeConditions { disk_pressure: true, network_unavailable: true, ..healthy },
                false,
                vec!["node.kubernetes.io/disk-pressure", "node.kubernetes.io/network-unavailable"],
            ),
        ];
        for (conditions, unschedulable, expected) in cases {
            assert_eq!(no_schedule_taints(conditions, unschedulable), expected, "{conditions:?}");
        }
    }

    #[test]
    fn the_other_taint_is_swapped_without_waiting() {
        use ConditionStatus::{False, True, Unknown};
        use well_known::{TAINT_NOT_READY, TAINT_UNREACHABLE};
        let cases = [
            (None, false, false, NoExecuteChange::None),
            (Some(True), true, false, NoExecuteChange::Remove),
            (Some(False), false, false, NoExecuteChange::Queue),
            (Some(Unknown), false, false, NoExecuteChange::Queue),
            (Some(Unknown), false, true, NoExecuteChange::Queue),
            (Some(Unknown), true, false, NoExecuteChange::Swap { remove: TAINT_NOT_READY, add: TAINT_UNREACHABLE }),
            (Some(False), false, true, NoExecuteChange::Swap { remove: TAINT_UNREACHABLE, add: TAINT_NOT_READY }),
        ];
        for (ready, not_ready, unreachable, expected) in cases {
            assert_eq!(no_execute_change(ready, not_ready, unreachable), expected, "{ready:?}");
        }
    }
}
