//! The running resource quota controller.

use super::{is_replenished_by, used_after_count};
use crate::api::{Kind, QuotaScope};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, NamespaceId, PodId, ResourceQuotaId};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::work_queue::WorkQueue;
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};

/// Time between two full resyncs (`--resource-quota-sync-period`).
const SYNC_PERIOD: SimDuration = SimDuration::from_minutes(5);

/// The running resource quota controller.
#[derive(Debug)]
pub struct ResourceQuotaController {
    queue: WorkQueue,
    /// Full resyncs that will find something: those that would find nothing are left out.
    resyncs: WorkQueue,
    /// When the first full resync is.
    phase: SimTime,
    latency: Latency,
}

impl ResourceQuotaController {
    /// A controller that has seen no quota.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            queue: WorkQueue::default(),
            resyncs: WorkQueue::default(),
            phase: settings.started,
            latency: Latency::new(settings.resource_quota_sync, settings.streams, "latency/resourcequota-controller"),
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::ResourceQuotaSpec,
        ChangeKind::ResourceQuotaStatus,
        ChangeKind::ResourceQuotaRemoved,
        ChangeKind::PodResized,
        ChangeKind::PodResizeStatus,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::ServiceChanged,
        ChangeKind::ServiceRemoved,
        ChangeKind::ClaimRemoved,
        ChangeKind::DeploymentRemoved,
        ChangeKind::ReplicaSetRemoved,
        ChangeKind::StatefulSetRemoved,
        ChangeKind::DaemonSetRemoved,
        ChangeKind::JobRemoved,
        ChangeKind::CronJobRemoved,
        ChangeKind::HpaRemoved,
        ChangeKind::DisruptionBudgetRemoved,
        ChangeKind::PlainObjectRemoved,
    ]);

    /// A change of the cluster: the quotas that it bears on are counted anew.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::ResourceQuotaSpec(id) => {
                let quota = cluster.resource_quota(id);
                // Only a change of `hard` counts, and a quota that was never counted.
                if quota.object.hard != quota.status_hard {
                    self.wake(id, agenda);
                }
            }
            Change::ResourceQuotaStatus(id) => {
                // Where scopes are counted otherwise than admission charges them, the next resync takes the charge back.
                let scopes = &cluster.resource_quota(id).object.scopes;
                let is_odd =
                    |scope: &QuotaScope| matches!(scope, QuotaScope::PriorityClass | QuotaScope::VolumeAttributesClass);
                if scopes.iter().any(is_odd) {
                    self.plan_resync(id, agenda.now(), agenda);
                }
            }
            Change::ResourceQuotaRemoved(id) => {
                let quota = cluster.resource_quota(id);
                self.replenish(Kind::ResourceQuota, quota.namespace, cluster, agenda);
            }
            Change::PodTerminating(pod) => self.pod_terminates(pod, cluster, agenda),
            // Admission charges a wish that may never come true, and that is taken back without anything being counted anew.
            Change::PodResized(pod) => {
                for id in cluster.quotas_of(cluster.pod(pod).namespace) {
                    if is_replenished_by(Kind::Pod, &cluster.resource_quota(id).status_hard) {
                        self.plan_resync(id, agenda.now(), agenda);
                    }
                }
            }
            // That a kubelet finds a wish infeasible is no reason to count anew, what it allocates and what containers have is.
            Change::PodResizeStatus(pod) if cluster.resize_of(pod).is_some_and(|resize| resize.pending.is_some()) => {}
            Change::PodResizeStatus(pod) | Change::PodEnded(pod) | Change::PodRemoved(pod) => {
                self.replenish(Kind::Pod, cluster.pod(pod).namespace, cluster, agenda);
            }
            Change::ServiceChanged(id) | Change::ServiceRemoved(id) => {
                self.replenish(Kind::Service, cluster.service(id).namespace, cluster, agenda);
            }
            _ => {
                let Some(object) = change.object() else { return };
                if let Some(namespace) = cluster.namespace_id(&cluster.namespace_of(object)) {
                    self.replenish(cluster.kind_of(object), namespace, cluster, agenda);
                }
            }
        }
    }

    /// Has the quotas of a namespace that bound a kind counted anew.
    fn replenish<A: Agenda<ControllerEvent>>(
        &mut self,
        kind: Kind,
        namespace: NamespaceId,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        for id in cluster.quotas_of(namespace) {
            if is_replenished_by(kind, &cluster.resource_quota(id).status_hard) {
                self.wake(id, agenda);
            }
        }
    }

    /// A pod is being deleted: if it lasts for too long, a resync finds that it does not count any more.
    fn pod_terminates<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let Some(deletion) = cluster.counted_pod(pod, agenda.now()).deletion else { return };
        for id in cluster.quotas_of(cluster.pod(pod).namespace) {
            if is_replenished_by(Kind::Pod, &cluster.resource_quota(id).status_hard) {
                self.plan_resync(id, deletion.counts_until(), agenda);
            }
        }
    }

    /// Plans the first full resync after `time`.
    fn plan_resync<A: Agenda<ControllerEvent>>(&mut self, id: ResourceQuotaId, time: SimTime, agenda: &mut A) {
        let at = (time + SimDuration::from_nanos(1)).next_tick(self.phase, SYNC_PERIOD);
        if self.resyncs.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::ResyncResourceQuota(id));
        }
    }

    fn wake<A: Agenda<ControllerEvent>>(&mut self, id: ResourceQuotaId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncResourceQuota(id));
        }
    }

    /// Counts what the namespace of a quota uses, and writes it.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: ResourceQuotaId, cluster: &mut Cluster, agenda: &mut A) {
        if self.queue.take(id.index(), agenda.now()) {
            count(id, cluster, agenda.now());
        }
    }

    /// The same in a full resync. Pods that still count although they are being deleted call for another one.
    pub fn resync<A: Agenda<ControllerEvent>>(&mut self, id: ResourceQuotaId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.resyncs.take(id.index(), now) || cluster.resource_quota(id).removed {
            return;
        }
        count(id, cluster, now);
        if let Some(next) = cluster.next_pod_to_expire(cluster.resource_quota(id).namespace, now) {
            self.plan_resync(id, next, agenda);
        }
    }
}

/// Counts what the namespace of a quota uses, and writes it (`syncResourceQuota`).
fn count(id: ResourceQuotaId, cluster: &mut Cluster, now: SimTime) {
    let quota = cluster.resource_quota(id);
    if quota.removed {
        return;
    }
    let hard = quota.object.hard.clone();
    let used = used_after_count(&hard, &quota.status_used, &cluster.counted_usage(id, now));
    cluster.set_resource_quota_status(id, hard, used);
}
