//! What the running scheduler does with a pod that found no node: preemption, the way back into the queue, the message.

use super::{RateLimit, Scheduler};
use crate::api::Name;
use crate::cluster::{ApiEvent, Cluster, Disruption, EventMessage, EventObject, NodeId, PodId, Severity};
use crate::scheduler::framework::{Context, Diagnosis, HintContext, post_filter};
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

impl<L: RateLimit> Scheduler<L> {
    /// No node was found: preemption is tried, the pod goes back to the queue, and the user is told why. Returns whether pods
    /// were preempted.
    pub(super) fn reject(
        &mut self,
        pod: &Arc<PodInfo>,
        profile: usize,
        diagnosis: &Arc<Diagnosis>,
        cluster: &mut Cluster,
        now: SimTime,
    ) -> bool {
        // Of a nominated pod the text depends on the node, unless all that counts is that room is being made there.
        let is_repeated = pod.nominated_node_name.is_none() || self.room_is_made;
        let known = self.failure_texts.get(diagnosis, pod, self.room_is_made).filter(|_| is_repeated);
        if let Some(message) = known {
            self.put_back(pod, diagnosis, message, None, cluster, now);
            return false;
        }
        let somebody_is_below = self.view.snapshot().lowest_priority().is_some_and(|lowest| lowest < pod.priority());
        if somebody_is_below {
            self.note_starts(cluster);
        }
        let context = Context::new(&self.view, &self.profiles[profile]);
        let outcome = post_filter(&context, pod, diagnosis, &mut self.scratch.state, self.ties.current());
        let mut message = diagnosis.message(self.view.snapshot(), pod, context.profile.version);
        outcome.append_to(&mut message);
        if let Some(chosen) = outcome.preemption.chosen() {
            self.ties.advance();
            let node = chosen.node;
            let name = cluster.node(node).object.meta.name.clone();
            let nominated = Arc::new(PodInfo { nominated_node_name: Some(name), ..PodInfo::clone(pod) });
            // Pods of lower priority that wait for room on this node have to look for another.
            let nominated_there = self.view.nominator().pods_on(node).iter();
            let lower = nominated_there.filter(|waiting| waiting.priority() < pod.priority());
            let lower: Vec<PodId> = lower.map(|waiting| waiting.id).collect();
            let mut ended: Vec<Arc<PodInfo>> =
                lower.into_iter().filter_map(|id| self.view.end_nomination(id)).collect();
            for waiting in &ended {
                cluster.set_nominated_node(waiting.id, None);
                let cleared = PodInfo { nominated_node_name: None, ..PodInfo::clone(waiting) };
                let hints = HintContext { listers: self.view.listers(), profiles: &self.profiles };
                self.queue.update(Arc::new(cleared), &[], &hints, now);
            }
            let moved = self.view.nominator().node_of(pod.id).is_some_and(|before| before != node);
            ended.extend(self.view.end_nomination(pod.id).filter(|_| moved));
            self.view.nominate(Arc::clone(&nominated), node);
            cluster.set_nominated_node(pod.id, Some(node));
            let hints = HintContext { listers: self.view.listers(), profiles: &self.profiles };
            self.queue.update(nominated, &[], &hints, now);
            for waiting in ended {
                self.offer_end_of_nomination(waiting, now);
            }
            for victim in &chosen.victims {
                preempt(victim, pod, cluster, now);
            }
        }
        let message = Name::from(message);
        if self.room_is_made || (!somebody_is_below && pod.nominated_node_name.is_none()) {
            self.failure_texts.insert(diagnosis, pod, self.room_is_made, message.clone());
        }
        let nominated = outcome.preemption.nominated;
        self.put_back(pod, diagnosis, message, nominated, cluster, now);
        nominated.is_some()
    }

    /// Puts a pod that found no node back into the queue and tells the user why.
    fn put_back(
        &mut self,
        pod: &PodInfo,
        diagnosis: &Arc<Diagnosis>,
        message: Name,
        nominated: Option<NodeId>,
        cluster: &mut Cluster,
        now: SimTime,
    ) {
        self.kept_attempts.rejected(pod.id, &message, nominated);
        let hints = HintContext { listers: self.view.listers(), profiles: &self.profiles };
        self.queue.reject(pod.id, diagnosis.plugins, &hints, now);
        self.gather(pod, diagnosis);
        report_failure(cluster, pod.id, message, is_unresolvable(diagnosis));
    }
}

/// Whether no change of the pods on the nodes could make a node feasible.
pub(super) fn is_unresolvable(diagnosis: &Diagnosis) -> bool {
    !diagnosis.preemption_may_help()
}

/// Deletes a victim of preemption and says so.
fn preempt(victim: &PodInfo, by: &PodInfo, cluster: &mut Cluster, now: SimTime) {
    if cluster.pod(victim.id).deletion.is_some() {
        return;
    }
    let node = cluster.pod(victim.id).node.map(|node| cluster.node(node).object.meta.name.clone()).unwrap_or_default();
    cluster.emit(ApiEvent {
        severity: Severity::Normal,
        reason: "Preempted",
        source: ApiEvent::SCHEDULER,
        object: EventObject::Pod(victim.id),
        message: format!("Preempted by pod {}/{} on node {node}", by.namespace, by.name).into(),
    });
    let grace = cluster.template_of(victim.id).template.spec.termination_grace_period;
    cluster.delete_pod(victim.id, grace, Disruption::Preemption, now);
}

/// The event `FailedScheduling` and the pod's condition.
pub(super) fn report_failure(cluster: &mut Cluster, id: PodId, message: Name, unresolvable: bool) {
    cluster.note_scheduling_attempt(id, Some((message.clone(), unresolvable)));
    cluster.emit(ApiEvent {
        severity: Severity::Warning,
        reason: ApiEvent::FAILED_SCHEDULING,
        source: ApiEvent::SCHEDULER,
        object: EventObject::Pod(id),
        message: EventMessage::Text(message),
    });
}
