//! The nodes of a recording as manifests, and when they join.

use super::recording::Recording;
use serde_json::{Value, json};

/// How long before the recording the simulated nodes join, in seconds, if a pass of the node monitor was recorded that saw
/// them for the first time.
const JUST_JOINED: f64 = 2.0;
/// The same if none was: the pass that saw them came before the recording.
const JOINED_BEFORE: f64 = 6.0;
/// Seconds between two renewals of a lease.
const LEASE_PERIOD: f64 = 10.0;
/// Seconds between two passes of the node monitor.
pub(super) const NODE_MONITOR_PERIOD: f64 = 5.0;

/// How long before the recording the nodes join, in seconds. Where renewals of leases were recorded and nodes have volumes, their
/// phase is that of the recording: what is lost when depends on it.
pub(super) fn joined_before(recording: &Recording) -> f64 {
    let renewal = recording.timeline.iter().find(|line| line.kind == "Lease");
    if let Some(renewal) = renewal.filter(|_| has_volumes(recording)) {
        return 2.0 * LEASE_PERIOD - renewal.t.rem_euclid(LEASE_PERIOD);
    }
    let seen = recording.timeline.iter().find(|line| line.reason == "RegisteredNode");
    let is_new = seen.is_some_and(|line| line.t <= NODE_MONITOR_PERIOD);
    if is_new { JUST_JOINED } else { JOINED_BEFORE }
}

/// Whether volumes are attached in a recording.
pub(super) fn has_volumes(recording: &Recording) -> bool {
    recording.timeline.iter().any(|line| line.kind == "VolumeAttachment")
}

/// The driver of the recorded volumes.
const DRIVER: &str = "sim.csi";

/// The CSINode of a recorded node.
pub(super) fn csi_node(entry: &Value) -> Value {
    let mut driver = json!({"name": DRIVER, "nodeID": entry["name"], "topologyKeys": ["topology.kubernetes.io/zone"]});
    if let Some(limit) = entry.get("csi_limit") {
        driver["allocatable"] = json!({"count": limit});
    }
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": entry["name"]},
        "spec": {"drivers": [driver]},
    })
}

/// A recorded node.
pub(super) fn node(entry: &Value) -> Value {
    let resources = json!({"cpu": entry["cpu"], "memory": entry["memory"], "pods": entry["pods"]});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": entry["name"],
            "labels": {"kubernetes.io/hostname": entry["name"], "topology.kubernetes.io/zone": entry["zone"]},
        },
        "status": {"capacity": resources, "allocatable": resources},
    })
}
