//! One scheduling cycle of the running scheduler, and the binding that ends it.

use super::reject::report_failure;
use super::storage::VolumeStep;
use super::{RateLimit, Scheduler, SchedulerEvent};
use crate::api::Name;
use crate::cluster::{ApiEvent, Cluster, EventMessage, EventObject, NodeId, PodId, Severity};
use crate::engine::Agenda;
use crate::scheduler::framework::Decision;
use crate::units::SimTime;

impl<L: RateLimit> Scheduler<L> {
    /// One scheduling cycle. Returns whether the next one follows at once: after one that took no time and changed nothing
    /// for anybody else.
    pub(super) fn cycle<A: Agenda<SchedulerEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) -> bool {
        let now = agenda.now();
        self.view.refresh();
        self.share_attempts(now);
        let popped = self.queue.pop();
        self.write_shared_attempts(cluster);
        let Some(popped) = popped else { return false };
        let info = popped.pod;
        let id = info.id;
        let Some(profile) = self.profile_of(id, cluster) else {
            self.queue.delete(id);
            return true;
        };
        self.note_attempt(&info, profile, cluster, now);
        self.attempts += 1;
        let end = now + self.timing.cycle;
        self.busy_until = end;
        match self.decide(&info, profile) {
            Decision::Placed(placement) => {
                self.ties.advance();
                cluster.note_scheduling_attempt(id, None);
                self.kept_attempts.placed(id, placement.node);
                let nominated = self.view.end_nomination(id);
                if self.profiles[profile].version.binding_ends_nomination_as_deletion() {
                    self.ending_nominations.extend(nominated);
                }
                let (pod, node) = (id, placement.node);
                let volumes = self.bind_volumes(pod, node, profile, cluster, agenda);
                if volumes != VolumeStep::Done && self.profiles[profile].version.nominates_while_binding() {
                    cluster.set_nominated_node(pod, Some(node));
                }
                if let VolumeStep::Failed(message) = volumes {
                    self.queue.fail(id, now);
                    report_failure(cluster, id, message, false);
                    return false;
                }
                self.view.add_pod(info, placement.node);
                self.queue.done(id);
                let at = self.limiter.take(end) + self.timing.until_bound();
                if volumes == VolumeStep::Waits {
                    // Bound when the volumes are.
                } else if at <= now {
                    self.bind(pod, node, cluster, now);
                } else {
                    agenda.schedule(at, SchedulerEvent::Bind { pod, node });
                }
                false
            }
            Decision::Unschedulable(diagnosis) => {
                let preempts = self.reject(&info, profile, &diagnosis, cluster, now);
                !preempts && end == now
            }
            Decision::NoNodes => {
                self.queue.fail(id, now);
                let message = "no nodes available to schedule pods";
                self.kept_attempts.rejected(id, message, None);
                report_failure(cluster, id, Name::from(message), false);
                end == now
            }
        }
    }

    /// Writes a binding.
    pub(super) fn bind(&mut self, pod: PodId, node: NodeId, cluster: &mut Cluster, now: SimTime) {
        let fits = cluster.node(node).exists();
        if fits && cluster.bind(pod, node, now) {
            cluster.emit(ApiEvent {
                severity: Severity::Normal,
                reason: "Scheduled",
                source: ApiEvent::SCHEDULER,
                object: EventObject::Pod(pod),
                message: EventMessage::Assigned(node),
            });
        } else if cluster.pod(pod).node.is_none() {
            self.view.remove_pod(pod);
            self.ending_nominations.retain(|nominated| nominated.id != pod);
            if cluster.pod(pod).is_active() {
                let info = self.pod_info(pod, cluster);
                self.queue.add(info, now);
            }
        }
    }
}
