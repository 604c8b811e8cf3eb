//! The node lifecycle controller: which nodes are lost, and which taints they get.
//!
//! Mirrors `pkg/controller/nodelifecycle` (Kubernetes 1.36). How the disruption of whole zones slows the tainting down
//! is in [`zones`]; what the taints do to pods is the taint eviction controller's matter
//! ([`crate::controllers::taint_eviction`]).

pub mod controller;
mod leases;
pub mod zones;

use crate::api::well_known;
use crate::cluster::NodeReady;
use crate::units::{SimDuration, SimTime};

/// The pass that finds a node lost whose last sign of life was sent at `last_renewal`, when passes happen at `phase`
/// and every `period` from there.
///
/// The pass that first sees the sign starts the clock. Real passes drift: each starts `period` after the end of the
/// one before, so the pass that is a whole number of periods later is always a little later than that, and finds the
/// node silent for longer than the grace period (recorded: Unknown ten passes after the last sign).
pub fn detection_time(last_renewal: SimTime, phase: SimTime, period: SimDuration, grace: SimDuration) -> SimTime {
    (last_renewal.next_tick(phase, period) + grace).next_tick(phase, period)
}

/// Key of the taint that a `Ready` status calls for, with either effect; `None` for a ready node.
pub const fn ready_taint(ready: NodeReady) -> Option<&'static str> {
    match ready {
        NodeReady::False => Some(well_known::TAINT_NOT_READY),
        NodeReady::Unknown => Some(well_known::TAINT_UNREACHABLE),
        NodeReady::True => None,
    }
}

/// Keys of the `NoSchedule` taints that this controller owns (`taintKeyToNodeConditionMap`; those of pressure and of the
/// network do not arise), and whether a node should have each (`doNoScheduleTaintingPass`). They follow the conditions at
/// once, without a rate limit.
pub fn no_schedule_taints(ready: NodeReady, unschedulable: bool) -> [(&'static str, bool); 3] {
    [
        (well_known::TAINT_NOT_READY, ready_taint(ready) == Some(well_known::TAINT_NOT_READY)),
        (well_known::TAINT_UNREACHABLE, ready_taint(ready) == Some(well_known::TAINT_UNREACHABLE)),
        (well_known::TAINT_UNSCHEDULABLE, unschedulable),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_takes_whole_passes() {
        let cases = [(0, 0, 50, "seen at once"), (1, 0, 55, "seen by the pass at 5 s"), (4, 3, 58, "another phase")];
        for (last, phase, expected, why) in cases {
            let found = detection_time(
                SimTime::from_secs(last),
                SimTime::from_secs(phase),
                SimDuration::from_secs(5),
                SimDuration::from_secs(50),
            );
            assert_eq!(found, SimTime::from_secs(expected), "{why}");
        }
    }

    #[test]
    fn conditions_become_taints() {
        let cases = [
            (NodeReady::True, false, vec![]),
            (NodeReady::True, true, vec!["node.kubernetes.io/unschedulable"]),
            (NodeReady::False, false, vec!["node.kubernetes.io/not-ready"]),
            (NodeReady::Unknown, false, vec!["node.kubernetes.io/unreachable"]),
            (NodeReady::Unknown, true, vec!["node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable"]),
        ];
        for (ready, unschedulable, expected) in cases {
            let taints = no_schedule_taints(ready, unschedulable).into_iter().filter(|(_, wanted)| *wanted);
            assert_eq!(taints.map(|(key, _)| key).collect::<Vec<_>>(), expected, "{ready:?}");
        }
    }
}
