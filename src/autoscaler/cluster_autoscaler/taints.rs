//! The taints that the autoscaler sets, and those that it leaves out of account (`utils/taints`).

use super::options::Options;
use crate::api::{Name, Node, Taint, TaintEffect, well_known};
use crate::units::SimTime;

/// Taint of nodes that are being deleted.
pub const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
/// Taint of nodes that are unneeded.
pub const DELETION_CANDIDATE: &str = "DeletionCandidateOfClusterAutoscaler";
/// Prefixes of taints that a node has only while it starts.
const STARTUP_PREFIXES: [&str; 2] =
    ["ignore-taint.cluster-autoscaler.kubernetes.io/", "startup-taint.cluster-autoscaler.kubernetes.io/"];
/// Prefix of taints that say something of a node's state.
const STATUS_PREFIX: &str = "status-taint.cluster-autoscaler.kubernetes.io/";
/// Taints that stand for a node's conditions.
const CONDITIONS: [&str; 11] = [
    well_known::TAINT_NOT_READY,
    well_known::TAINT_UNREACHABLE,
    well_known::TAINT_UNSCHEDULABLE,
    well_known::TAINT_MEMORY_PRESSURE,
    well_known::TAINT_DISK_PRESSURE,
    well_known::TAINT_NETWORK_UNAVAILABLE,
    well_known::TAINT_PID_PRESSURE,
    "node.cloudprovider.kubernetes.io/uninitialized",
    "node.cloudprovider.kubernetes.io/shutdown",
    "cloud.google.com/impending-node-termination",
    "NodeWithImpairedVolumes",
];

fn has(node: &Node, key: &str) -> bool {
    node.taints.iter().any(|taint| &*taint.key == key)
}

/// Whether a node is being deleted.
pub fn is_to_be_deleted(node: &Node) -> bool {
    has(node, TO_BE_DELETED)
}

/// Whether a node is marked as unneeded.
pub fn is_deletion_candidate(node: &Node) -> bool {
    has(node, DELETION_CANDIDATE)
}

/// When a node's deletion began, in seconds as the taint has it.
pub fn to_be_deleted_since(node: &Node) -> Option<i64> {
    node.taints.iter().find(|taint| &*taint.key == TO_BE_DELETED)?.value.parse().ok()
}

/// The taint of a node whose deletion begins.
pub fn to_be_deleted(now: SimTime) -> Taint {
    taint(TO_BE_DELETED, TaintEffect::NoSchedule, now)
}

/// The taint of an unneeded node.
pub fn deletion_candidate(now: SimTime) -> Taint {
    taint(DELETION_CANDIDATE, TaintEffect::PreferNoSchedule, now)
}

fn taint(key: &str, effect: TaintEffect, now: SimTime) -> Taint {
    let seconds = now.since_start().whole_seconds();
    Taint { key: key.into(), value: Name::from(seconds.to_string()), effect, time_added: None }
}

/// Whether a node has a taint that it has only while it starts, so that it does not count as ready.
pub fn is_starting(node: &Node, options: &Options) -> bool {
    node.taints.iter().any(|taint| is_startup_taint(&taint.key, options))
}

fn is_startup_taint(key: &str, options: &Options) -> bool {
    options.startup_taints.iter().any(|taint| &**taint == key)
        || STARTUP_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        || options.startup_taint_prefixes.iter().any(|prefix| key.starts_with(&**prefix))
}

/// The taints that nodes of the same group will have too.
pub fn sanitized(taints: &[Taint], options: &Options) -> Vec<Taint> {
    let is_passing = |key: &str| {
        key == TO_BE_DELETED
            || key == DELETION_CANDIDATE
            || CONDITIONS.contains(&key)
            || is_startup_taint(key, options)
            || options.status_taints.iter().any(|taint| &**taint == key)
            || key.starts_with(STATUS_PREFIX)
    };
    taints.iter().filter(|taint| !is_passing(&taint.key)).cloned().collect()
}
