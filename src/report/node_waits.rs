//! Pods that waited for a node: those that were bound to one that came after them, and where the time went.

use crate::record::{Facts, PodRecord};
use crate::units::{SimDuration, SimTime};

/// The wait of one pod. Together the spans are the time from its creation until it was ready, or until the last of them that
/// is known. A step that had begun when the pod came counts from then on.
pub(super) struct NodeWait<'a> {
    pub pod: &'a PodRecord,
    /// Until somebody asked for the machine; zero of one that was on its way already.
    pub decision: Option<SimDuration>,
    /// Until the machine was there.
    pub launch: Option<SimDuration>,
    /// Until its Node object was.
    pub register: SimDuration,
    /// Until it was ready; `None` if the pod was bound before.
    pub ready: Option<SimDuration>,
    /// Until the pod was bound.
    pub schedule: SimDuration,
    /// Until its containers ran: images and volumes.
    pub pull: Option<SimDuration>,
    /// Until it was ready.
    pub start: Option<SimDuration>,
}

/// Every pod that waited for a node, in order of creation. Pods of DaemonSets follow their node and wait for none.
pub(super) fn node_waits(facts: &Facts) -> Vec<NodeWait<'_>> {
    facts.pods.iter().filter_map(|pod| wait_of(pod, facts)).collect()
}

fn wait_of<'a>(pod: &'a PodRecord, facts: &Facts) -> Option<NodeWait<'a>> {
    let (bound, node) = (pod.scheduled?, facts.nodes.get(pod.node? as usize)?);
    if node.created <= pod.created || pod.workload.starts_with("DaemonSet/") {
        return None;
    }
    let instance = node.instance.and_then(|instance| facts.instances.get(instance as usize));
    let mut at = pod.created;
    // What lies before the step before has taken no time of its own.
    let mut until = |time: SimTime| {
        let since = at;
        at = at.max(time.min(bound));
        at - since
    };
    let decision = instance.map(|instance| until(instance.requested));
    let launch = instance.and_then(|instance| instance.launched).map(&mut until);
    let register = until(node.created);
    let ready = instance.and_then(|instance| instance.ready).filter(|ready| *ready <= bound).map(&mut until);
    let schedule = until(bound);
    Some(NodeWait {
        pod,
        decision,
        launch,
        register,
        ready,
        schedule,
        pull: pod.running.map(|running| running - bound),
        start: pod.ready.zip(pod.running).map(|(ready, running)| ready - running),
    })
}

impl NodeWait<'_> {
    /// From the creation of the pod until it was bound.
    pub fn until_bound(&self) -> SimDuration {
        self.pod.scheduled.map_or(SimDuration::ZERO, |bound| bound - self.pod.created)
    }
}
