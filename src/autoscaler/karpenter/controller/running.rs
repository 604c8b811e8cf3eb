//! Takes changes and events, and hands them to the parts of Karpenter.

use super::disruptor::Disruptor;
use super::event::KarpenterEvent;
use super::lifecycle::Lifecycle;
use super::provisioner::Provisioner;
use super::settings::KarpenterSettings;
use super::shared::Shared;
use super::static_pools::StaticPools;
use super::terminator::Terminator;
use crate::api::karpenter::NodeClaimConditionType;
use crate::autoscaler::karpenter::state::PodOwner;
use crate::cluster::{Change, ChangeKind, Cluster, InstanceState, Interest, NodeClaimId, NodeId, ObjectId, PodId};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};

/// The running Karpenter.
#[derive(Debug)]
pub struct KarpenterController {
    shared: Shared,
    provisioner: Provisioner,
    lifecycle: Lifecycle,
    disruptor: Disruptor,
    terminator: Terminator,
    static_pools: StaticPools,
    /// The version of the picture that those who sleep were told of.
    told: u64,
}

impl KarpenterController {
    /// At the start of a run.
    pub fn new(settings: KarpenterSettings) -> Self {
        let phase = |purpose, period| SimTime::ZERO + settings.streams.phase(purpose, period);
        Self {
            provisioner: Provisioner::default(),
            lifecycle: Lifecycle::new(phase("phase/karpenter-garbage", SimDuration::from_minutes(2))),
            disruptor: Disruptor::new(phase("phase/karpenter", SimDuration::from_secs(10))),
            terminator: Terminator::default(),
            static_pools: StaticPools::default(),
            shared: Shared::new(settings),
            told: 0,
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::NamespaceChanged,
        ChangeKind::NamespaceRemoved,
        ChangeKind::NodeAdded,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeReadiness,
        ChangeKind::NodeRemoved,
        ChangeKind::PodAdded,
        ChangeKind::PodBound,
        ChangeKind::PodRunning,
        ChangeKind::PodReadiness,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::DaemonSetSpec,
        ChangeKind::DaemonSetRemoved,
        ChangeKind::DisruptionBudgetSpec,
        ChangeKind::DisruptionBudgetStatus,
        ChangeKind::DisruptionBudgetRemoved,
        ChangeKind::NodePoolChanged,
        ChangeKind::NodePoolRemoved,
        ChangeKind::NodeClaimChanged,
        ChangeKind::NodeClaimRemoved,
        ChangeKind::InstanceChanged,
        ChangeKind::CapacityBufferStatus,
        ChangeKind::CapacityBufferRemoved,
        ChangeKind::ObjectUpdated,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<KarpenterEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        if matches!(change, Change::ObjectUpdated(object) if !matches!(object, ObjectId::Pod(_))) {
            return;
        }
        let removed_from = match change {
            Change::NodeRemoved(node) => self.shared.mirror.claim_of(node),
            _ => None,
        };
        self.shared.mirror.observe(change, cluster);
        match change {
            Change::PodAdded(pod) | Change::ObjectUpdated(ObjectId::Pod(pod)) => self.consider_pod(pod, agenda),
            Change::PodBound(pod) | Change::PodTerminating(pod) | Change::PodEnded(pod) | Change::PodRemoved(pod) => {
                self.shared.decisions.forget_pod(pod);
                self.consider_pod(pod, agenda);
                self.pod_of_node_changed(pod, change, cluster, agenda);
            }
            Change::NodeAdded(node) | Change::NodeUpdated(node) | Change::NodeReadiness(node) => {
                self.node_changed(node, cluster, agenda);
            }
            Change::NodeRemoved(_) => {
                if let Some(claim) = removed_from {
                    self.shared.delete_claim(claim, "NodeDeleted", cluster, agenda.now());
                }
            }
            Change::NodeClaimChanged(claim) | Change::NodeClaimRemoved(claim) => {
                self.claim_changed(claim, cluster, agenda);
            }
            Change::NodePoolChanged(pool) => {
                let name = cluster.node_pool(pool).object.meta.name.clone();
                for claim in claims_of_pool(&name, cluster) {
                    self.lifecycle.plan(claim, agenda.now(), agenda);
                }
                self.static_pools.consider(pool, &self.shared, cluster, agenda);
            }
            Change::NodePoolRemoved(pool) => {
                let name = cluster.node_pool(pool).object.meta.name.clone();
                for claim in claims_of_pool(&name, cluster) {
                    self.shared.delete_claim(claim, "NodePoolDeleted", cluster, agenda.now());
                }
            }
            Change::DisruptionBudgetSpec(_)
            | Change::DisruptionBudgetStatus(_)
            | Change::DisruptionBudgetRemoved(_) => self.terminator.budget_changed(agenda),
            Change::CapacityBufferStatus(buffer) | Change::CapacityBufferRemoved(buffer) => {
                self.provisioner.consider_buffer(buffer, &self.shared, agenda);
            }
            Change::InstanceChanged(instance) => {
                let state = cluster.instance(instance);
                let Some(claim) = state.request.node_claim.as_ref().and_then(|name| cluster.node_claim_id(name)) else {
                    return;
                };
                self.lifecycle.instance_changed(claim, state, agenda);
                if matches!(state.state, InstanceState::Deleted | InstanceState::Failed) {
                    self.terminator.instance_changed(claim, agenda);
                }
            }
            _ => {}
        }
        self.pass_on_decisions(cluster);
        self.wake(agenda);
    }

    /// Tells those who sleep that something has changed.
    fn wake<A: Agenda<KarpenterEvent>>(&mut self, agenda: &mut A) {
        let version = self.shared.mirror.version;
        if version != self.told {
            self.told = version;
            self.provisioner.wake(agenda);
            self.disruptor.wake(version, agenda);
        }
    }

    fn consider_pod<A: Agenda<KarpenterEvent>>(&mut self, pod: PodId, agenda: &mut A) {
        self.provisioner.consider_pod(pod, &self.shared, agenda);
    }

    fn pod_of_node_changed<A: Agenda<KarpenterEvent>>(
        &mut self,
        pod: PodId,
        change: Change,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let Some(node) = cluster.pod(pod).node else { return };
        let Some(claim) = self.shared.mirror.claim_of(node) else { return };
        self.terminator.pod_changed(claim, agenda);
        let key = super::mirror::Mirror::key(pod);
        let is_of_daemon_set = self.shared.mirror.state.pod(key).is_some_and(|pod| pod.owner == PodOwner::DaemonSet);
        if !is_of_daemon_set && !matches!(change, Change::PodRemoved(_)) {
            Lifecycle::note_pod_event(node, &self.shared, cluster, agenda.now());
        }
    }

    fn node_changed<A: Agenda<KarpenterEvent>>(&mut self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        self.provisioner.consider_node(node, &self.shared, cluster, agenda);
        let Some(claim) = self.shared.mirror.claim_of(node) else { return };
        let is_initialized = cluster.node_claim(claim).object.status.is_true(NodeClaimConditionType::Initialized);
        if !is_initialized {
            self.lifecycle.plan(claim, agenda.now(), agenda);
        }
    }

    fn claim_changed<A: Agenda<KarpenterEvent>>(&mut self, id: NodeClaimId, cluster: &Cluster, agenda: &mut A) {
        let claim = cluster.node_claim(id);
        self.disruptor.claim_changed(id, agenda);
        if let Some(pool) = claim.object.node_pool().and_then(|pool| cluster.node_pool_id(pool)) {
            self.static_pools.consider(pool, &self.shared, cluster, agenda);
        }
        if !claim.exists() {
            self.shared.decisions.forget_node(&claim.object.meta.name);
            self.lifecycle.forget(id);
        } else if claim.deletion.is_some() {
            self.terminator.consider(id, cluster, agenda);
        } else {
            self.lifecycle.plan(id, agenda.now(), agenda);
        }
    }

    /// Something that was planned.
    pub fn handle<A: Agenda<KarpenterEvent>>(&mut self, event: KarpenterEvent, cluster: &mut Cluster, agenda: &mut A) {
        let Self { shared, provisioner, lifecycle, disruptor, terminator, static_pools, .. } = self;
        match event {
            KarpenterEvent::TriggerPod(pod) => provisioner.trigger_pod(pod, shared, agenda),
            KarpenterEvent::TriggerNode(node) => provisioner.trigger_node(node, shared, cluster, agenda),
            KarpenterEvent::TriggerBuffer(buffer) => provisioner.trigger_buffer(buffer, shared, agenda),
            KarpenterEvent::Batch { window } => provisioner.batch(window, lifecycle, shared, cluster, agenda),
            KarpenterEvent::Reconcile(claim) => lifecycle.reconcile(claim, shared, cluster, agenda),
            KarpenterEvent::StartupTaints(claim) => Lifecycle::remove_startup_taints(claim, shared, cluster),
            KarpenterEvent::Disrupt { plan } => disruptor.run(plan, lifecycle, shared, cluster, agenda),
            KarpenterEvent::Command { command } => disruptor.look(command, shared, cluster, agenda),
            KarpenterEvent::Terminate(claim) => terminator.terminate(claim, shared, cluster, agenda),
            KarpenterEvent::Evict(pod) => terminator.evict(pod, shared, cluster, agenda),
            KarpenterEvent::StaticPool(pool) => static_pools.reconcile(pool, lifecycle, shared, cluster, agenda),
        }
        self.pass_on_decisions(cluster);
        self.wake(agenda);
    }

    /// Hands the decisions over to whoever records them.
    fn pass_on_decisions(&mut self, cluster: &mut Cluster) {
        for decision in self.shared.decisions.fresh.drain(..) {
            cluster.note_decision(decision);
        }
    }
}

/// The NodeClaims of a pool.
fn claims_of_pool(pool: &crate::api::Name, cluster: &Cluster) -> Vec<NodeClaimId> {
    let of_pool = |claim: &crate::cluster::NodeClaim| claim.exists() && claim.object.node_pool() == Some(pool);
    cluster.node_claims().filter(|(_, claim)| of_pool(claim)).map(|(id, _)| id).collect()
}
