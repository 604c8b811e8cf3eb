//! The attach-detach controller: which volumes are attached to which nodes.
//!
//! Mirrors `pkg/controller/volume/attachdetach` (Kubernetes 1.36): what its reconciler does with one volume and one node.

pub mod controller;

use crate::api::{Node, well_known};
use crate::units::{SimDuration, SimTime};

/// `ReconcilerMaxWaitForUnmountDuration`: how long a volume that is still in use on a node is kept attached once nothing wants
/// it there.
pub const MAX_WAIT_FOR_UNMOUNT: SimDuration = SimDuration::from_minutes(6);

/// An attached volume that no pod wants on its node any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwantedVolume {
    /// Since when.
    pub since: SimTime,
    /// Whether the node's status has it in `volumesInUse`.
    pub in_use: bool,
    /// Whether the node exists and is Ready.
    pub node_healthy: bool,
    /// Whether the node has the taint `node.kubernetes.io/out-of-service`.
    pub out_of_service: bool,
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detach {
    /// It is detached.
    Now,
    /// It is looked at again then: if the node is unhealthy at that time, it is detached by force.
    At(SimTime),
    /// It waits until the node's status says that it is not in use, or the node gets unhealthy.
    Wait,
}

/// Whether a volume is detached (`reconcile`).
pub fn detach(volume: UnwantedVolume, force_on_timeout: bool, now: SimTime) -> Detach {
    let forced = volume.since + MAX_WAIT_FOR_UNMOUNT;
    if !volume.in_use || volume.out_of_service {
        Detach::Now
    } else if !force_on_timeout {
        Detach::Wait
    } else if now <= forced {
        Detach::At(forced + SimDuration::from_nanos(1))
    } else if volume.node_healthy {
        Detach::Wait
    } else {
        Detach::Now
    }
}

/// Whether somebody vouches for it that nothing runs on a node any more (`hasOutOfServiceTaint`).
pub fn is_out_of_service(node: &Node) -> bool {
    node.taints.iter().any(|taint| *taint.key == *well_known::TAINT_OUT_OF_SERVICE)
}

/// The message about a volume that cannot be attached because it is attached elsewhere (`reportMultiAttachError`). `users`
/// are the pods of the same namespace that use it there.
pub fn multi_attach_message(volume: &str, users: &[&str], elsewhere: usize) -> String {
    let start = format!("Multi-Attach error for volume \"{volume}\" ");
    match (users, elsewhere) {
        ([], 0) => start + "Volume is already exclusively attached to one node and can't be attached to another",
        ([], count) => format!("{start}Volume is already used by {count} pod(s) in different namespaces"),
        (names, 0) => format!("{start}Volume is already used by pod(s) {}", names.join(", ")),
        (names, count) => {
            let names = names.join(", ");
            format!("{start}Volume is already used by pod(s) {names} and {count} pod(s) in different namespaces")
        }
    }
}

/// How long an operation is not tried again after it has failed this often in a row (`exponentialbackoff`).
pub fn retry_after(failures: u32) -> SimDuration {
    const FIRST: SimDuration = SimDuration::from_millis(500);
    const LONGEST: SimDuration = SimDuration::from_secs(122);
    (FIRST * (1_i64 << failures.saturating_sub(1).min(10))).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_volume_is_detached() {
        let since = SimTime::from_secs(100);
        let used = UnwantedVolume { since, in_use: true, node_healthy: false, out_of_service: false };
        let late = SimTime::from_secs(461);
        let forced = SimTime::from_secs(460) + SimDuration::from_nanos(1);
        let cases = [
            (UnwantedVolume { in_use: false, ..used }, true, since, Detach::Now, "it is unmounted"),
            (used, true, since, Detach::At(forced), "it is mounted"),
            (used, true, late, Detach::Now, "by force after six minutes"),
            (UnwantedVolume { node_healthy: true, ..used }, true, late, Detach::Wait, "not from a healthy node"),
            (used, false, late, Detach::Wait, "not if that is switched off"),
            (
                UnwantedVolume { out_of_service: true, ..used },
                false,
                since,
                Detach::Now,
                "somebody vouches for the node",
            ),
        ];
        for (volume, force, now, expected, why) in cases {
            assert_eq!(detach(volume, force, now), expected, "{why}");
        }
    }

    #[test]
    fn what_is_said_of_a_volume_that_is_elsewhere() {
        let cases: [(&[&str], usize, &str); 4] = [
            (&[], 0, "already exclusively attached to one node and can't be attached to another"),
            (&["a", "b"], 0, "already used by pod(s) a, b"),
            (&[], 2, "already used by 2 pod(s) in different namespaces"),
            (&["a"], 1, "already used by pod(s) a and 1 pod(s) in different namespaces"),
        ];
        for (users, elsewhere, expected) in cases {
            let message = multi_attach_message("v", users, elsewhere);
            assert_eq!(message, format!("Multi-Attach error for volume \"v\" Volume is {expected}"));
        }
    }

    #[test]
    fn tries_get_rarer() {
        let millis = [1, 2, 3, 9, 20].map(|failures| retry_after(failures).as_nanos() / 1_000_000);
        assert_eq!(millis, [500, 1_000, 2_000, 122_000, 122_000]);
    }
}
