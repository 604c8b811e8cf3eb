//! SchedulingGates: pods with gates stay out of the scheduling queue.

use crate::scheduler::view::PodInfo;

/// Why the pod does not enter the queue; `None` if it may.
pub fn pre_enqueue(pod: &PodInfo) -> Option<String> {
    let gates = &pod.spec().scheduling_gates;
    if gates.is_empty() {
        return None;
    }
    let names: Vec<&str> = gates.iter().map(|gate| &**gate).collect();
    Some(format!("waiting for scheduling gates: [{}]", names.join(" ")))
}
