//! Nodes that go: tainted, drained, their instances given back (`pkg/controllers/node/termination`).
//!
//! The real controller looks at such a node every second. Here it looks when a pod of the node has changed, or when time alone
//! makes a difference, in the same rhythm.

use super::api_events::Told;
use super::drain::{DrainPod, drain_step};
use super::event::KarpenterEvent;
use super::shared::Shared;
use crate::api::karpenter::{NodeClaimCondition, NodeClaimConditionType, keys};
use crate::api::{ConditionStatus, Name, Taint, TaintEffect};
use crate::autoscaler::karpenter::pod::Protection;
use crate::autoscaler::karpenter::state::PodOwner;
use crate::cluster::{
    Cluster, Deletion, Disruption, EvictionAnswer, InstanceOrigin, InstanceState, Machine, NodeClaimId, NodeId, PodId,
};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// How often a node that is drained is looked at.
const DRAIN_PERIOD: SimDuration = SimDuration::from_secs(1);
/// How often it is asked whether an instance is gone.
const INSTANCE_PERIOD: SimDuration = SimDuration::from_secs(5);
/// A node is drained at least so long, so that pods are seen that were just bound to it (`MinDrainTime`).
const MIN_DRAIN_TIME: SimDuration = SimDuration::from_secs(5);
/// The first and the longest delay between tries of an eviction.
const EVICTION_RETRY: [SimDuration; 2] = [SimDuration::from_millis(100), SimDuration::from_secs(10)];
/// The priority classes of what the system needs.
const CRITICAL: [&str; 2] = ["system-cluster-critical", "system-node-critical"];
/// Label that keeps load balancers away.
const EXCLUDE_BALANCERS: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// A NodeClaim that is being deleted.
#[derive(Debug)]
struct Termination {
    /// When it began.
    started: SimTime,
    /// When the node is looked at next.
    planned: Option<SimTime>,
    /// When draining began.
    draining: Option<SimTime>,
    /// When the provider was told to stop the instance.
    stopping: Option<SimTime>,
}

/// The termination controllers.
#[derive(Debug, Default)]
pub struct Terminator {
    terminations: BTreeMap<NodeClaimId, Termination>,
    /// Pods in the eviction queue, by how often their eviction was refused.
    evictions: BTreeMap<PodId, u32>,
    /// Of these those that wait for their budget, by when they were last tried.
    held: BTreeMap<PodId, SimTime>,
}

impl Terminator {
    /// A NodeClaim changed: its deletion may have been asked for.
    pub fn consider<A: Agenda<KarpenterEvent>>(&mut self, id: NodeClaimId, cluster: &Cluster, agenda: &mut A) {
        let claim = cluster.node_claim(id);
        if claim.exists() && claim.deletion.is_some() && !self.terminations.contains_key(&id) {
            let started = agenda.now();
            let termination = Termination { started, planned: None, draining: None, stopping: None };
            self.terminations.insert(id, termination);
            self.plan(id, started, agenda);
        }
    }

    fn plan<A: Agenda<KarpenterEvent>>(&mut self, id: NodeClaimId, at: SimTime, agenda: &mut A) {
        let Some(termination) = self.terminations.get_mut(&id) else { return };
        let now = agenda.now();
        let at = at.max(now);
        if termination.planned.is_none_or(|planned| at < planned || planned < now) {
            termination.planned = Some(at);
            agenda.schedule(at, KarpenterEvent::Terminate(id));
        }
    }

    /// A pod of a node changed: the node is looked at when its next second begins.
    pub fn pod_changed<A: Agenda<KarpenterEvent>>(&mut self, claim: NodeClaimId, agenda: &mut A) {
        if let Some(termination) = self.terminations.get(&claim) {
            let at = next_look(termination.started, agenda.now(), DRAIN_PERIOD);
            self.plan(claim, at, agenda);
        }
    }

    /// An instance is gone: it is noticed when the provider is asked next.
    pub fn instance_changed<A: Agenda<KarpenterEvent>>(&mut self, claim: NodeClaimId, agenda: &mut A) {
        if let Some(termination) = self.terminations.get(&claim) {
            let from = termination.stopping.unwrap_or(termination.started);
            self.plan(claim, agenda.now().next_tick(from, INSTANCE_PERIOD), agenda);
        }
    }

    /// A budget changed: pods that wait for it are tried again in their rhythm.
    pub fn budget_changed<A: Agenda<KarpenterEvent>>(&mut self, agenda: &mut A) {
        let [_, longest] = EVICTION_RETRY;
        for (pod, last) in std::mem::take(&mut self.held) {
            agenda.schedule(next_look(last, agenda.now(), longest), KarpenterEvent::Evict(pod));
        }
    }

    /// A node that is being terminated is looked at.
    pub fn terminate<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodeClaimId,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(termination) = self.terminations.get_mut(&id) else { return };
        if termination.planned.is_some_and(|planned| planned <= now) {
            termination.planned = None;
        }
        let claim = cluster.node_claim(id);
        let (Some(deletion), true) = (claim.deletion, claim.exists()) else {
            self.terminations.remove(&id);
            return;
        };
        let is_registered = claim.object.status.is_true(NodeClaimConditionType::Registered);
        let deadline = claim.object.spec.termination_grace_period.map(|grace| deletion + grace);
        let node = shared.mirror.node_of(id).filter(|node| is_registered && cluster.node(*node).exists());
        if termination.stopping.is_none()
            && let Some(node) = node
            && !self.drained(id, node, deadline, shared, cluster, agenda)
        {
            return;
        }
        self.stop(id, node, shared, cluster, agenda);
    }

    /// Drains a node. Whether that is done.
    fn drained<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodeClaimId,
        node: NodeId,
        deadline: Option<SimTime>,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> bool {
        let now = agenda.now();
        let is_gone = |state| matches!(state, InstanceState::Deleted | InstanceState::Failed);
        let instance = shared.mirror.instance_of(id).map(|instance| cluster.instance(instance).state);
        if instance.is_some_and(is_gone) {
            return true;
        }
        set_disrupted(node, cluster);
        let Some(termination) = self.terminations.get_mut(&id) else { return false };
        if termination.draining.is_none() {
            let drained = NodeClaimConditionType::Drained;
            set_condition(id, drained, ConditionStatus::Unknown, "Draining", cluster, now);
        }
        let since = *termination.draining.get_or_insert(now);
        let started = termination.started;
        let pods = pods_of(node, shared, cluster);
        let step = drain_step(&pods, deadline, now);
        for (pod, grace) in &step.delete {
            delete_expiring(*pod, *grace, shared, cluster, now);
        }
        if step.waiting > 0 {
            let name = cluster.node(node).object.meta.name.clone();
            let message = format!("Failed to drain node, {} pods are waiting to be evicted", step.waiting);
            shared.recorder.named("Node", &name, Told::warning("FailedDraining", message), "", cluster, now);
            for pod in step.evict {
                if let std::collections::btree_map::Entry::Vacant(entry) = self.evictions.entry(pod) {
                    entry.insert(0);
                    agenda.schedule(now, KarpenterEvent::Evict(pod));
                }
            }
            if let Some(next) = step.next.filter(|next| *next < SimTime::MAX) {
                self.plan(id, next_look(started, next, DRAIN_PERIOD), agenda);
            }
            return false;
        }
        if now - since < MIN_DRAIN_TIME {
            self.plan(id, since + MIN_DRAIN_TIME, agenda);
            return false;
        }
        set_condition(id, NodeClaimConditionType::Drained, ConditionStatus::True, "Drained", cluster, now);
        let detached = NodeClaimConditionType::VolumesDetached;
        set_condition(id, detached, ConditionStatus::True, "VolumesDetached", cluster, now);
        true
    }

    /// Gives the instance back; once it is gone, the node and the NodeClaim go too.
    fn stop<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodeClaimId,
        node: Option<NodeId>,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let instance = shared.mirror.instance_of(id);
        let is_gone = |state| matches!(state, InstanceState::Deleted | InstanceState::Failed);
        if let Some(instance) = instance.filter(|instance| !is_gone(cluster.instance(*instance).state)) {
            let Some(termination) = self.terminations.get_mut(&id) else { return };
            if termination.stopping.is_none() {
                termination.stopping = Some(now);
                let reason = shared.deletion_reasons.get(&id).cloned().unwrap_or_else(|| Name::from("Deleted"));
                cluster.delete_instance(instance, InstanceOrigin::Karpenter, &reason, now);
                let terminating = NodeClaimConditionType::InstanceTerminating;
                set_condition(id, terminating, ConditionStatus::True, "InstanceTerminating", cluster, now);
            }
            return;
        }
        if let Some(node) = node {
            // Of a dump, whose machine no cloud keeps.
            cluster.set_machine(node, Machine::Down);
            cluster.remove_node(node, now);
        }
        cluster.remove_node_claim(id, now);
        self.terminations.remove(&id);
        shared.deletion_reasons.remove(&id);
    }

    /// The eviction queue tries to evict a pod.
    pub fn evict<A: Agenda<KarpenterEvent>>(
        &mut self,
        pod: PodId,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(refused) = self.evictions.get(&pod).copied() else { return };
        let state = cluster.pod(pod);
        let node = state.node;
        if !state.exists() || state.deletion.is_some() {
            self.evictions.remove(&pod);
            return;
        }
        let namespace = cluster.namespace_name(state.namespace).clone();
        let name = state.name.clone();
        let answer = cluster.evict_pod(pod, None, now);
        if answer.is_done() {
            self.evictions.remove(&pod);
            let claim = node.and_then(|node| shared.mirror.claim_of(node));
            let told = Told::normal("Evicted", format!("Evicted pod: {}", eviction_reason(claim, cluster)));
            shared.recorder.pod(pod, told, cluster, now);
            return;
        }
        let why = match answer {
            EvictionAnswer::MoreThanOneBudget => "eviction does not support multiple PDBs",
            _ => "evicting pod violates a PDB",
        };
        if let Some(node) = node {
            let node = cluster.node(node).object.meta.name.clone();
            let message = format!("Failed to drain node, {why} (Pod={namespace}/{name})");
            shared.recorder.named("Node", &node, Told::warning("FailedDraining", message), "", cluster, now);
        }
        let [first, longest] = EVICTION_RETRY;
        let delay = first * 2_i64.saturating_pow(refused.min(16));
        self.evictions.insert(pod, refused + 1);
        if delay < longest {
            agenda.schedule(now + delay, KarpenterEvent::Evict(pod));
        } else {
            // Nothing but a change of its budget makes a difference.
            self.held.insert(pod, now);
        }
    }
}

/// The next instant after `from`, in a rhythm, that is not before `now`.
fn next_look(from: SimTime, now: SimTime, period: SimDuration) -> SimTime {
    let at = now.next_tick(from, period);
    if at == from { at + period } else { at }
}

/// The taint of nodes that are about to go.
pub fn set_disrupted(node: NodeId, cluster: &mut Cluster) {
    let taint = Taint {
        key: Name::from(keys::TAINT_DISRUPTED),
        value: Name::default(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    };
    cluster.update_node(node, |node| {
        if !node.taints.contains(&taint) {
            node.taints.retain(|known| known.key != taint.key);
            node.taints.push(taint);
        }
        node.meta.labels = node.meta.labels.with(EXCLUDE_BALANCERS, "karpenter");
    });
}

fn set_condition(
    id: NodeClaimId,
    condition_type: NodeClaimConditionType,
    status: ConditionStatus,
    reason: &str,
    cluster: &mut Cluster,
    now: SimTime,
) {
    let condition = NodeClaimCondition {
        condition_type,
        status,
        reason: Name::from(reason),
        message: if status == ConditionStatus::True { Name::default() } else { Name::from(reason) },
        last_transition: now,
    };
    cluster.update_node_claim(id, |claim| claim.status.set_condition(condition));
}

/// The pods of a node, in order of their ids.
fn pods_of(node: NodeId, shared: &Shared, cluster: &Cluster) -> Vec<DrainPod<PodId>> {
    let mut ids = cluster.node(node).pods.clone();
    ids.sort_unstable();
    let drain_pod = |id: &PodId| {
        let state = shared.mirror.state.pod(super::mirror::Mirror::key(*id))?;
        let class = shared.mirror.state.class_of(state);
        let pod = cluster.pod(*id);
        let spec = &cluster.template_of(*id).template.spec;
        let protected_until = match class.protection {
            Protection::None => None,
            Protection::Always => Some(SimTime::MAX),
            Protection::For(span) => Some(pod.start_time.map_or(SimTime::MAX, |started| started + span)),
        };
        Some(DrainPod {
            pod: *id,
            has_ended: pod.phase.is_terminal(),
            stays: class.tolerates_disruption || state.owner == PodOwner::Node,
            deletion: pod.deletion.map(|Deletion { requested, grace, .. }| requested + grace),
            grace: spec.termination_grace_period,
            protected_until,
            is_critical: CRITICAL.contains(&&*spec.priority_class_name),
            is_of_daemon_set: state.owner == PodOwner::DaemonSet,
        })
    };
    ids.iter().filter_map(drain_pod).collect()
}

/// The time of a node is nearly over: a pod is deleted, whatever protects it.
fn delete_expiring(pod: PodId, grace: SimDuration, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    let own = cluster.template_of(pod).template.spec.termination_grace_period;
    let message = format!(
        "Deleting the pod to accommodate the terminationTime of the node. The pod was granted {} seconds of grace-period of its {} terminationGracePeriodSeconds. This bypasses the PDB of the pod and the do-not-disrupt annotation.",
        grace.whole_seconds(),
        own.whole_seconds()
    );
    shared.recorder.pod(pod, Told::normal("Disrupted", message), cluster, now);
    cluster.delete_pod(pod, grace, Disruption::Deletion, now);
}

/// Why the pods of a node are evicted.
fn eviction_reason(claim: Option<NodeClaimId>, cluster: &Cluster) -> Name {
    let status = claim.map(|claim| &cluster.node_claim(claim).object.status);
    let reason = status.and_then(|status| status.condition(NodeClaimConditionType::DisruptionReason));
    let reason = reason.filter(|condition| condition.status == ConditionStatus::True);
    reason.map_or_else(|| Name::from("Forceful Termination"), |condition| condition.reason.clone())
}
