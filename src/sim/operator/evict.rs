//! The eviction API, and `kubectl drain`, which calls it.

use super::super::action_tracker::Subject;
use super::super::event::Event;
use super::Operator;
use crate::cluster::{Cluster, ObjectId};
use crate::controllers::eviction::controller::Drain;
use crate::controllers::manager::Controllers;
use crate::engine::EventQueue;
use crate::input::scenario::{DrainOptions, Duration, ObjectReference};
use crate::record::ActionOutcome;
use crate::units::{SimDuration, SimTime};

impl Operator<'_> {
    /// One call of the eviction API.
    pub(super) fn evict(&mut self, reference: &ObjectReference, cluster: &mut Cluster, now: SimTime) {
        let Some((object, target)) = self.referred(reference, "evict", cluster, now) else { return };
        let ObjectId::Pod(pod) = object else { return };
        let answer = cluster.evict_pod(pod, None, now);
        let outcome = if answer.is_done() { ActionOutcome::Done } else { ActionOutcome::Refused };
        self.tracker.note("evict", &target, outcome, &answer.message(), now);
        self.tracker.answered(Some(answer.code()));
    }

    /// `kubectl drain`.
    pub(super) fn drain(
        &mut self,
        options: &DrainOptions,
        cluster: &mut Cluster,
        controllers: &mut Controllers,
        queue: &mut EventQueue<Event>,
    ) {
        let now = queue.now();
        let timeout = options.timeout.get();
        let Some(node) = self.existing_node(&options.node, "drain", cluster, now) else { return };
        let drain = Drain {
            node,
            timeout: (timeout > SimDuration::ZERO).then_some(timeout),
            grace_period: options.grace_period.map(Duration::get),
            ignore_daemon_sets: options.ignore_daemon_sets,
            force: options.force,
            delete_empty_dir_data: options.delete_empty_dir_data,
        };
        match controllers.drain(drain, cluster, queue) {
            Ok(()) => self.tracker.follow("drain", &options.node, Subject::Drain(node), cluster, now),
            Err(reasons) => self.refused("drain", &options.node, None, &reasons, now),
        }
    }

    /// Notes the drains that ended without success since the last call.
    pub fn note_failed_drains(&mut self, controllers: &mut Controllers, cluster: &Cluster, now: SimTime) {
        for (drain, problem) in controllers.take_failed_drains() {
            self.tracker.gave_up(drain.node, problem, cluster, now);
        }
    }
}
