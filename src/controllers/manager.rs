//! The running controllers: they are woken by changes, read the cluster, ask the decision functions beside them
//! what to do, and do it through the cluster's methods.

use super::attach_detach::controller::AttachDetachController;
use super::common::client_rate::TokenBucket;
use super::common::event::ControllerEvent;
use super::common::settings::ControllerSettings;
use super::cron_job::controller::CronJobController;
use super::daemon_set::controller::DaemonSetController;
use super::deployment::controller::DeploymentController;
use super::disruption::controller::DisruptionController;
use super::endpoint_slice::controller::EndpointController;
use super::eviction::controller::{Drain, EvictionController};
use super::job::controller::JobController;
use super::namespace::controller::NamespaceController;
use super::node_lifecycle::controller::NodeLifecycleController;
use super::persistent_volume::collect;
use super::persistent_volume::controller::PersistentVolumeController;
use super::pod_gc::controller::PodGcController;
use super::replica_set::controller::ReplicaSetController;
use super::replication_controller::replication_manager;
use super::resource_quota::controller::ResourceQuotaController;
use super::stateful_set::controller::StatefulSetController;
use super::taint_eviction::controller::TaintEvictionController;
use super::ttl_after_finished::controller::TtlAfterFinishedController;
use crate::api::{DeploymentStrategy, Kind};
use crate::cluster::{
    Change, ChangeKind, Cluster, Disruption, DisruptionBudgetId, Interest, JobId, ObjectId, PodId, ReplicaSetId,
};
use crate::engine::{Agenda, Latency};

/// All running controllers.
#[derive(Debug)]
pub struct Controllers {
    deployment: DeploymentController,
    replica_set: ReplicaSetController,
    replication: ReplicaSetController,
    stateful_set: StatefulSetController,
    daemon_set: DaemonSetController,
    job: JobController,
    cron_job: CronJobController,
    ttl_after_finished: TtlAfterFinishedController,
    endpoint: EndpointController,
    node_lifecycle: NodeLifecycleController,
    taint_eviction: TaintEvictionController,
    pod_gc: PodGcController,
    persistent_volume: PersistentVolumeController,
    attach_detach: AttachDetachController,
    disruption: DisruptionController,
    resource_quota: ResourceQuotaController,
    namespace: NamespaceController,
    eviction: EvictionController,
    garbage_client: TokenBucket,
    garbage_latency: Latency,
    disruption_latency: Latency,
}

impl Controllers {
    /// Controllers of a cluster that is still empty.
    pub fn new(settings: ControllerSettings) -> Self {
        Self {
            deployment: DeploymentController::new(&settings),
            replica_set: ReplicaSetController::new(&settings),
            replication: replication_manager(&settings),
            stateful_set: StatefulSetController::new(&settings),
            daemon_set: DaemonSetController::new(&settings),
            job: JobController::new(&settings),
            cron_job: CronJobController::new(&settings),
            ttl_after_finished: TtlAfterFinishedController::new(&settings),
            endpoint: EndpointController::new(&settings),
            node_lifecycle: NodeLifecycleController::new(&settings),
            taint_eviction: TaintEvictionController::new(&settings),
            pod_gc: PodGcController::new(&settings),
            persistent_volume: PersistentVolumeController::new(&settings),
            attach_detach: AttachDetachController::new(&settings),
            disruption: DisruptionController::default(),
            resource_quota: ResourceQuotaController::new(&settings),
            namespace: NamespaceController::default(),
            eviction: EvictionController::new(&settings),
            garbage_client: settings.client(),
            garbage_latency: settings.sync_latency("garbage-collector"),
            disruption_latency: settings.sync_latency("disruption-controller"),
        }
    }

    /// What the controllers act on that watch every pod, and no owner.
    const OF_ALL_PODS: Interest = PersistentVolumeController::INTEREST
        .and(AttachDetachController::INTEREST)
        .and(DisruptionController::INTEREST)
        .and(ResourceQuotaController::INTEREST)
        .and(NamespaceController::INTEREST)
        .and(PodGcController::INTEREST)
        .and(TaintEvictionController::INTEREST);

    /// The changes that some controller acts on.
    pub const INTEREST: Interest = Self::OF_ALL_PODS.and(
        Interest::of(&[
            ChangeKind::DeploymentSpec,
            ChangeKind::DeploymentRemoved,
            ChangeKind::ReplicaSetSpec,
            ChangeKind::ReplicaSetStatus,
            ChangeKind::ReplicaSetRemoved,
            ChangeKind::StatefulSetSpec,
            ChangeKind::StatefulSetRemoved,
            ChangeKind::DaemonSetSpec,
            ChangeKind::DaemonSetRemoved,
            ChangeKind::JobSpec,
            ChangeKind::JobStatus,
            ChangeKind::JobRemoved,
            ChangeKind::CronJobSpec,
            ChangeKind::CronJobStatus,
            ChangeKind::CronJobRemoved,
            ChangeKind::PodAdded,
            ChangeKind::PodRunning,
            ChangeKind::PodRestarted,
            ChangeKind::PodReadiness,
            ChangeKind::PodTerminating,
            ChangeKind::PodEnded,
            ChangeKind::PodRemoved,
            ChangeKind::PodBound,
            ChangeKind::DisruptionBudgetSpec,
            ChangeKind::DisruptionBudgetStatus,
            ChangeKind::ServiceChanged,
            ChangeKind::ServiceRemoved,
            ChangeKind::Machine,
            ChangeKind::NodeAdded,
            ChangeKind::NodeUpdated,
            ChangeKind::NodeReadiness,
            ChangeKind::NodeRemoved,
        ])
        .without_bare_pods(),
    );

    /// A change of the cluster: the controllers that act on it are woken.
    #[expect(clippy::too_many_lines, reason = "one condition for each controller")]
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        let is_bare = change.pod().is_some_and(|pod| cluster.pod(pod).is_bare());
        if PersistentVolumeController::INTEREST.wants(change, is_bare) {
            self.persistent_volume.observe(change, cluster, agenda);
        }
        if AttachDetachController::INTEREST.wants(change, is_bare) {
            self.attach_detach.observe(change, cluster, agenda);
        }
        if DisruptionController::INTEREST.wants(change, is_bare) {
            self.disruption.observe(change, cluster);
        }
        if ResourceQuotaController::INTEREST.wants(change, is_bare) {
            self.resource_quota.observe(change, cluster, agenda);
        }
        if NamespaceController::INTEREST.wants(change, is_bare) {
            self.namespace.observe(change, cluster, agenda);
        }
        if is_bare {
            if PodGcController::INTEREST.wants(change, is_bare) {
                self.pod_gc.observe(change, cluster, agenda);
            }
            if TaintEvictionController::INTEREST.wants(change, is_bare) {
                self.taint_eviction.observe(change, cluster, agenda);
            }
            return;
        }
        match change {
            Change::DeploymentSpec(id) => {
                self.deployment.wake(id, agenda);
            }
            Change::DeploymentRemoved(id) => {
                for set in cluster.deployment(id).replica_sets.clone() {
                    cluster.remove_replica_set(set);
                }
            }
            Change::ReplicaSetSpec(id) => {
                self.controller_of(id, cluster).wake(id, agenda);
                self.wake_deployment_of(id, cluster, agenda);
            }
            Change::ReplicaSetStatus(id) => {
                self.controller_of(id, cluster).wake_if_failing(id, agenda);
                self.wake_deployment_of(id, cluster, agenda);
            }
            Change::ReplicaSetRemoved(id) => {
                self.wake_deployment_of(id, cluster, agenda);
                self.collect(&cluster.replica_set(id).pods, agenda);
            }
            Change::StatefulSetSpec(id) => self.stateful_set.wake(id, agenda),
            Change::StatefulSetRemoved(id) => self.collect(&cluster.stateful_set(id).pods, agenda),
            Change::DaemonSetSpec(id) => self.daemon_set.wake(id, agenda),
            Change::DaemonSetRemoved(id) => self.collect(&cluster.daemon_set(id).pods, agenda),
            Change::PodAdded(pod) | Change::PodRunning(pod) | Change::PodRestarted(pod) => {
                self.wake_owner(pod, cluster, agenda);
                if matches!(change, Change::PodRunning(_)) {
                    self.endpoint.observe_slices(pod, cluster, agenda);
                }
            }
            Change::PodReadiness(pod)
            | Change::PodTerminating(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => {
                self.wake_owner(pod, cluster, agenda);
                if matches!(change, Change::PodRemoved(_)) {
                    self.wake_recreating_deployment(pod, cluster, agenda);
                }
                self.endpoint.observe(pod, cluster, agenda);
                self.endpoint.observe_slices(pod, cluster, agenda);
                self.pod_gc.observe(change, cluster, agenda);
                self.taint_eviction.observe(change, cluster, agenda);
            }
            Change::JobSpec(id) => {
                self.job.spec_changed(id, cluster, agenda);
                self.cron_job.observe_job(id, cluster, agenda);
                self.ttl_after_finished.observe(id, cluster, agenda);
            }
            Change::JobStatus(id) => {
                self.job.observe(id, cluster, agenda);
                self.cron_job.observe_job(id, cluster, agenda);
                self.ttl_after_finished.observe(id, cluster, agenda);
            }
            Change::JobRemoved(id) => {
                self.cron_job.observe_job(id, cluster, agenda);
                self.remove_pods_of_job(id, cluster, agenda);
            }
            Change::CronJobSpec(id) => self.cron_job.spec_changed(id, cluster, agenda),
            Change::CronJobStatus(id) => self.cron_job.wake(id, agenda),
            Change::CronJobRemoved(id) => {
                for job in cluster.cron_job(id).jobs.clone() {
                    let at = self.garbage_client.take(agenda.now() + self.garbage_latency.draw());
                    agenda.schedule(at, ControllerEvent::CollectJob(job));
                }
            }
            Change::PodBound(pod) => {
                self.taint_eviction.observe(change, cluster, agenda);
                self.tell_owner_of_binding(pod, cluster, agenda);
            }
            Change::DisruptionBudgetSpec(id) => self.look_for_pods(id, agenda),
            Change::DisruptionBudgetStatus(id) if self.disruption.has_no_pods(id) => self.look_for_pods(id, agenda),
            Change::ServiceChanged(id) | Change::ServiceRemoved(id) => self.endpoint.observe_service(id, agenda),
            Change::Machine { .. } => self.node_lifecycle.observe(change, cluster, agenda),
            Change::NodeAdded(_) | Change::NodeUpdated(_) | Change::NodeReadiness(_) | Change::NodeRemoved(_) => {
                self.node_lifecycle.observe(change, cluster, agenda);
                self.taint_eviction.observe(change, cluster, agenda);
                self.pod_gc.observe(change, cluster, agenda);
                self.daemon_set.observe_node(change, cluster, agenda);
                self.endpoint.observe_nodes(cluster, agenda);
            }
            _ => {}
        }
    }

    /// The controller manager has started anew: nothing is left of what it knew, and it lists everything. What kubectl goes on to
    /// do is no concern of it.
    pub fn restart<A: Agenda<ControllerEvent>>(
        &mut self,
        settings: ControllerSettings,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let before = std::mem::replace(self, Self::new(settings));
        self.eviction = before.eviction;
        for change in cluster.listing() {
            self.observe(change, cluster, agenda);
        }
        self.attach_detach.start(cluster, agenda);
    }

    /// Plans the sync of a budget that tells if it selects no pod.
    fn look_for_pods<A: Agenda<ControllerEvent>>(&mut self, id: DisruptionBudgetId, agenda: &mut A) {
        // It is quicker than most: the status of a budget follows its pods within 2 to 10 ms.
        let at = agenda.now() + self.disruption_latency.draw() / 2;
        agenda.schedule(at, ControllerEvent::LookForPods(id));
    }

    /// Everything of this instant was observed: writes what takes no time.
    pub fn settle(&mut self, cluster: &mut Cluster) {
        self.disruption.sync(cluster);
    }

    /// Starts to drain a node.
    ///
    /// # Errors
    /// kubectl's words for why the node is not drained.
    pub fn drain<A: Agenda<ControllerEvent>>(
        &mut self,
        drain: Drain,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Result<(), String> {
        self.eviction.start(drain, cluster, agenda)
    }

    /// Takes the drains that ended without success since the last call, with kubectl's error unless it is the timeout.
    pub fn take_failed_drains(&mut self) -> Vec<(Drain, Option<String>)> {
        self.eviction.take_failed()
    }

    /// A pod has its node, which most owners have no use for.
    fn tell_owner_of_binding<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        match cluster.pod(pod).owner {
            Some(ObjectId::ReplicaSet(id)) => self.controller_of(id, cluster).wake_if_failing(id, agenda),
            Some(ObjectId::Job(id)) => self.job.observe(id, cluster, agenda),
            _ => {}
        }
    }

    fn wake_owner<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        match cluster.pod(pod).owner {
            Some(ObjectId::ReplicaSet(id)) => self.controller_of(id, cluster).wake(id, agenda),
            Some(ObjectId::StatefulSet(id)) => self.stateful_set.wake(id, agenda),
            Some(ObjectId::DaemonSet(id)) => self.daemon_set.wake(id, agenda),
            Some(ObjectId::Job(id)) => self.job.observe(id, cluster, agenda),
            _ => {}
        }
    }

    /// The controller of a ReplicaSet or ReplicationController.
    fn controller_of(&mut self, id: ReplicaSetId, cluster: &Cluster) -> &mut ReplicaSetController {
        match cluster.replica_set(id).kind {
            Kind::ReplicationController => &mut self.replication,
            _ => &mut self.replica_set,
        }
    }

    /// A Deployment with strategy `Recreate` waits until its old pods are gone, which no status of a ReplicaSet tells: the
    /// last pod of a ReplicaSet wakes it (`deletePod` of the Deployment controller).
    fn wake_recreating_deployment<A: Agenda<ControllerEvent>>(
        &mut self,
        pod: PodId,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        let Some(ObjectId::ReplicaSet(set)) = cluster.pod(pod).owner else { return };
        let set = cluster.replica_set(set);
        let Some(deployment) = set.deployment.filter(|_| set.pods.is_empty()) else { return };
        if cluster.deployment(deployment).object.strategy == DeploymentStrategy::Recreate {
            self.deployment.wake(deployment, agenda);
        }
    }

    /// The garbage collector deletes the pods of an owner that is gone, as its client's rate limit allows.
    fn collect<A: Agenda<ControllerEvent>>(&mut self, pods: &[PodId], agenda: &mut A) {
        for pod in pods {
            let at = self.garbage_client.take(agenda.now() + self.garbage_latency.draw());
            agenda.schedule(at, ControllerEvent::DeletePod(*pod, Disruption::Deletion));
        }
    }

    /// A Job is gone: nobody counts its pods any more, and the garbage collector deletes them.
    fn remove_pods_of_job<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &mut Cluster, agenda: &mut A) {
        for pod in cluster.job(id).pods.clone() {
            cluster.count_job_pod(pod, agenda.now());
        }
        self.collect(&cluster.job(id).pods, agenda);
    }

    fn wake_deployment_of<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, cluster: &Cluster, agenda: &mut A) {
        if let Some(deployment) = cluster.replica_set(id).deployment {
            self.deployment.wake(deployment, agenda);
        }
    }

    /// Handles an event.
    pub fn handle<A: Agenda<ControllerEvent>>(
        &mut self,
        event: ControllerEvent,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        match event {
            ControllerEvent::SyncDeployment(id) => self.deployment.sync(id, cluster, agenda),
            ControllerEvent::WriteDeployment(id) => self.deployment.write(id, cluster, agenda),
            ControllerEvent::SyncReplicaSet(id) => self.controller_of(id, cluster).sync(id, cluster, agenda),
            ControllerEvent::CreateReplicaSetPod { set, sync } => {
                self.controller_of(set, cluster).create_pod(set, sync, cluster, agenda);
            }
            ControllerEvent::SyncStatefulSet(id) => self.stateful_set.sync(id, cluster, agenda),
            ControllerEvent::CreateStatefulSetPod(id) => self.stateful_set.create_later(id, cluster, agenda),
            ControllerEvent::SyncDaemonSet(id) => self.daemon_set.sync(id, cluster, agenda),
            ControllerEvent::CreateDaemonSetPod(id) => self.daemon_set.create_later(id, cluster, agenda),
            ControllerEvent::SyncJob(id) => self.job.sync(id, cluster, agenda),
            ControllerEvent::CallForJob(id) => self.job.call(id, cluster, agenda),
            ControllerEvent::SyncCronJob(id) => self.cron_job.sync(id, cluster, agenda),
            ControllerEvent::CollectJob(id) => cluster.remove_job(id, now),
            ControllerEvent::ExpireJob(id) => TtlAfterFinishedController::expire(id, cluster, now),
            ControllerEvent::DeletePod(pod, Disruption::Deletion) => self.delete_pod(pod, cluster, agenda),
            ControllerEvent::DeletePod(pod, reason) => {
                let grace = cluster.template_of(pod).template.spec.termination_grace_period;
                cluster.delete_pod(pod, grace, reason, now);
            }
            ControllerEvent::SyncEndpoint(pod) => EndpointController::sync(pod, cluster),
            ControllerEvent::SyncServiceEndpoint { service, pod } => {
                EndpointController::sync_endpoint(service, pod, cluster);
            }
            ControllerEvent::SyncService(id) => EndpointController::sync_service(id, cluster),
            ControllerEvent::NodeSilent { node, silence } => {
                self.node_lifecycle.node_silent(node, silence, cluster, agenda);
            }
            ControllerEvent::NodeReports { node, generation } => {
                self.node_lifecycle.node_reports(node, generation, cluster, agenda);
            }
            ControllerEvent::SyncNodeTaints(node) => self.node_lifecycle.sync_taints(node, cluster, now),
            ControllerEvent::RegisterNodes => self.node_lifecycle.register_nodes(cluster),
            ControllerEvent::EndMonitorPass => self.node_lifecycle.end_pass(cluster, agenda),
            ControllerEvent::TaintNodes { zone } => self.node_lifecycle.taint_nodes(zone, cluster, agenda),
            ControllerEvent::EvictPod { pod, plan } => self.taint_eviction.evict(pod, plan, cluster, agenda),
            ControllerEvent::SyncClaim(id) => self.persistent_volume.sync(id, cluster),
            ControllerEvent::ResyncClaims => self.persistent_volume.resync(cluster, agenda),
            ControllerEvent::SyncVolume(id) => self.persistent_volume.sync_volume(id, cluster, agenda),
            ControllerEvent::CollectClaim(id) => collect(id, cluster, now),
            ControllerEvent::ReconcileVolumes => self.attach_detach.reconcile(cluster, agenda),
            ControllerEvent::AttachmentSeen(id) => self.attach_detach.attachment_seen(id, cluster, agenda),
            ControllerEvent::AttachTimeout { attachment, attempt } => {
                self.attach_detach.attach_timeout(attachment, attempt, cluster, agenda);
            }
            ControllerEvent::SyncResourceQuota(id) => self.resource_quota.sync(id, cluster, agenda),
            ControllerEvent::ResyncResourceQuota(id) => self.resource_quota.resync(id, cluster, agenda),
            ControllerEvent::SyncNamespace(id) => self.namespace.sync(id, cluster, agenda),
            ControllerEvent::EndNamespacePass(id) => self.namespace.end_pass(id, cluster, agenda),
            ControllerEvent::CollectPods => self.pod_gc.collect(cluster, now),
            ControllerEvent::LookForPods(id) => self.disruption.look_for_pods(id, cluster),
            ControllerEvent::EvictDrainedPod { drain, pod } => self.eviction.evict_drained(drain, pod, cluster, agenda),
            ControllerEvent::DrainTimeout { drain } => self.eviction.time_is_over(drain, cluster),
        }
    }

    /// Deletes a pod that its owner, or the garbage collector because there is none, decided to delete.
    fn delete_pod<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        match cluster.pod(pod).owner {
            Some(ObjectId::ReplicaSet(id)) if !cluster.replica_set(id).removed => {
                let controller = self.controller_of(id, cluster);
                controller.delete_later(id, pod, cluster, agenda.now());
                // The pod may have been gone already: then nothing else wakes the controller.
                controller.wake(id, agenda);
            }
            Some(ObjectId::StatefulSet(id)) if !cluster.stateful_set(id).removed => {
                self.stateful_set.delete_later(id, pod, cluster, agenda);
            }
            Some(ObjectId::DaemonSet(id)) if !cluster.daemon_set(id).removed => {
                self.daemon_set.delete_later(id, pod, cluster, agenda);
            }
            _ => {
                let grace = cluster.template_of(pod).template.spec.termination_grace_period;
                cluster.delete_pod(pod, grace, Disruption::Deletion, agenda.now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{PodManagementPolicy, PodSpec};
    use crate::controllers::test_cluster::TestCluster;

    #[test]
    fn pods_of_a_deleted_owner_are_collected() {
        let mut test = TestCluster::new(2);
        let set = test.stateful_set(2, PodManagementPolicy::Parallel);
        let daemon = test.daemon_set(PodSpec::default());
        test.run_until(10_000);
        assert_eq!(test.pods().len(), 4);
        test.cluster.remove_stateful_set(set);
        test.cluster.remove_daemon_set(daemon);
        test.react();
        test.run_until(20_000);
        assert!(test.pods().is_empty(), "{:?}", test.pods());
        assert!(test.cluster.workloads().all(|(_, workload)| workload.desired == 0 && workload.active == 0));
        test.check_quiet();
    }
}
