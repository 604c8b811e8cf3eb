//! The running TTL-after-finished controller.

use super::expiry;
use crate::cluster::{Cluster, JobId};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::engine::{Agenda, Latency};
use crate::units::SimTime;

/// The running TTL-after-finished controller.
#[derive(Debug)]
pub struct TtlAfterFinishedController {
    latency: Latency,
}

impl TtlAfterFinishedController {
    /// A controller that has seen no Job.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self { latency: settings.sync_latency("ttl-after-finished-controller") }
    }

    /// A Job was created or changed: plans its deletion, if it has finished and its time is limited.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &Cluster, agenda: &mut A) {
        let job = cluster.job(id);
        if let Some(expiry) = expiry(&job.status, job.object.spec.ttl_after_finished).filter(|_| job.removed.is_none())
        {
            agenda.schedule(expiry.max(agenda.now()) + self.latency.draw(), ControllerEvent::ExpireJob(id));
        }
    }

    /// The time of a Job may be over: deletes it, unless its time has been changed meanwhile, for which another look is
    /// planned.
    pub fn expire(id: JobId, cluster: &mut Cluster, now: SimTime) {
        let job = cluster.job(id);
        let expiry = expiry(&job.status, job.object.spec.ttl_after_finished);
        if expiry.is_some_and(|expiry| expiry <= now) {
            cluster.remove_job(id, now);
        }
    }
}
