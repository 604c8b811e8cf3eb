//! SchedulingGates: pods with gates stay out of the scheduling queue.

use super::descriptor::{Descriptor, ExtensionPoint};
use super::plugin::Plugin;
use crate::scheduler::framework::{ClusterEvent, EventKind, PodChange};
use crate::scheduler::view::PodInfo;

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreEnqueue],
    events: &[EventKind::PendingPodUpdate(PodChange::SchedulingGatesEliminated)],
    hint: |_, _, pod, event| matches!(event, ClusterEvent::PendingPodUpdate { new, .. } if new.id == pod.id),
    ..Descriptor::of(Plugin::SchedulingGates, "SchedulingGates")
};

/// Why the pod does not enter the queue; `None` if it may.
pub fn pre_enqueue(pod: &PodInfo) -> Option<String> {
    let gates = &pod.spec().scheduling_gates;
    if gates.is_empty() {
        return None;
    }
    let names: Vec<&str> = gates.iter().map(|gate| &**gate).collect();
    Some(format!("waiting for scheduling gates: [{}]", names.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{hint, pod};
    use super::*;
    use crate::api::PodSpec;
    use crate::cluster::PodId;
    use std::sync::Arc;

    fn gated(gates: &[&str]) -> PodInfo {
        let scheduling_gates = gates.iter().map(|gate| (*gate).into()).collect();
        pod(PodSpec { scheduling_gates, ..PodSpec::default() })
    }

    #[test]
    fn gates_keep_a_pod_out_of_the_queue() {
        let cases = [
            (&[][..], None, "no gate"),
            (&["a.com/quota"], Some("waiting for scheduling gates: [a.com/quota]"), "one gate"),
            (&["a", "b"], Some("waiting for scheduling gates: [a b]"), "all gates are named"),
        ];
        for (gates, expected, why) in cases {
            assert_eq!(pre_enqueue(&gated(gates)).as_deref(), expected, "{why}");
        }
    }

    #[test]
    fn the_end_of_the_gates_concerns_the_pod_itself() {
        let waiting = gated(&["a"]);
        let update = |index| {
            let new = Arc::new(PodInfo { id: PodId::from_index(index), ..gated(&[]) });
            ClusterEvent::PendingPodUpdate {
                old: Arc::new(waiting.clone()),
                new,
                change: PodChange::SchedulingGatesEliminated,
            }
        };
        for (index, expected, why) in [(0, true, "its gates went"), (1, false, "those of another pod")] {
            assert_eq!(hint(Plugin::SchedulingGates, &waiting, &update(index)), expected, "{why}");
        }
    }
}
