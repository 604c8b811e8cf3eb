//! The life of a NodeClaim: it is created and launched, its node registers and is initialized; it expires, drifts, is
//! interrupted or collected as garbage (`pkg/controllers/nodeclaim`).

use super::api_events::Told;
use super::conditions::{
    adopt, check_consolidatable, check_drift, check_expiry, condition, interrupt, note_unavailable, plainly, register,
};
use super::drift::{HASH_VERSION, template_hash};
use super::event::KarpenterEvent;
use super::launch::choices;
use super::shared::Shared;
use crate::api::karpenter::{NodeClaim, NodeClaimConditionType, NodeClaimSpec, NodeClaimStatus, keys};
use crate::api::{ConditionStatus, Name, ObjectMeta, OwnerReference, Taint};
use crate::autoscaler::karpenter::amounts::Amounts;
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::state_node::is_ephemeral;
use crate::cluster::{
    Change, Cluster, Instance, InstanceOrigin, InstanceRequest, InstanceState, LaunchFailure, NodeClaimId, NodeId,
    NodeReady,
};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// A NodeClaim is deleted that is not launched by then (`LaunchTimeout`).
const LAUNCH_TIMEOUT: SimDuration = SimDuration::from_minutes(5);
/// A NodeClaim is deleted whose node has not registered by then (`registrationTimeout`).
const REGISTRATION_TIMEOUT: SimDuration = SimDuration::from_minutes(15);
/// After it has written a status the controller waits, so that it reads what it wrote.
const AFTER_WRITE: SimDuration = SimDuration::from_secs(1);
/// Pod events closer together than this are one (`dedupeTimeout` of podevents).
const POD_EVENT_DEDUPE: SimDuration = SimDuration::from_secs(10);
/// How often NodeClaims without an instance are collected.
const GARBAGE_PERIOD: SimDuration = SimDuration::from_minutes(2);
/// Delays between tries of a launch that failed: the first one, which doubles, and the longest.
const RETRY: [SimDuration; 2] = [SimDuration::from_secs(1), SimDuration::from_minutes(1)];

/// What is kept of a NodeClaim.
#[derive(Debug, Default)]
struct Life {
    /// Until when its controller waits after a write.
    busy_until: SimTime,
    /// When a reconcile is planned.
    planned: Option<SimTime>,
    /// Why it was made.
    reason: Name,
    /// Launches that failed.
    failures: u32,
    /// When the next launch is tried.
    retry: Option<SimTime>,
    /// Whether it was made here, or taken over.
    is_known: bool,
    /// Whether the end of its startup taints is planned.
    awaits_startup: bool,
}

/// The controllers of NodeClaims.
#[derive(Debug)]
pub struct Lifecycle {
    lives: BTreeMap<NodeClaimId, Life>,
    /// When garbage is first collected.
    garbage_phase: SimTime,
}

impl Lifecycle {
    /// Nothing was made yet.
    pub fn new(garbage_phase: SimTime) -> Self {
        Self { lives: BTreeMap::new(), garbage_phase }
    }

    /// Makes a NodeClaim and asks for its instance. `None` if the limits of its pool are used up.
    pub fn create<A: Agenda<KarpenterEvent>>(
        &mut self,
        new: &NewClaim,
        reason: &str,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Option<NodeClaimId> {
        let now = agenda.now();
        let pool = shared.mirror.state.pools.get(&new.pool)?;
        let limits = Amounts::from_list(&pool.spec.limits);
        if !shared.mirror.state.pool_usage(&new.pool).within(&limits) {
            return None;
        }
        let spec = std::sync::Arc::clone(&pool.spec);
        let (requirements, labels) = new.written(pool, &shared.mirror.options);
        let template = &spec.template;
        let relaxed = if new.min_values_relaxed { "true" } else { "false" };
        let annotations = template
            .annotations
            .with(keys::NODE_POOL_HASH, &template_hash(&spec))
            .with(keys::NODE_POOL_HASH_VERSION, HASH_VERSION)
            .with(keys::MIN_VALUES_RELAXED, relaxed);
        let claim = NodeClaim {
            meta: ObjectMeta {
                name: shared.claim_name(&new.pool),
                labels,
                annotations,
                owner: Some(OwnerReference { kind: Name::from("NodePool"), name: new.pool.clone() }),
                creation_time: Some(now),
                ..ObjectMeta::default()
            },
            spec: NodeClaimSpec {
                taints: template.taints.clone(),
                startup_taints: template.startup_taints.clone(),
                requirements,
                requests: new.requests.to_list(),
                node_class: template.node_class.clone(),
                termination_grace_period: template.termination_grace_period,
                expire_after: template.expire_after,
            },
            status: NodeClaimStatus {
                conditions: [
                    NodeClaimConditionType::Launched,
                    NodeClaimConditionType::Registered,
                    NodeClaimConditionType::Initialized,
                ]
                .map(|kind| condition(kind, false, "AwaitingReconciliation", "object is awaiting reconciliation", now))
                .to_vec(),
                ..NodeClaimStatus::default()
            },
        };
        let id = cluster.create_node_claim(claim, now);
        shared.mirror.observe(Change::NodeClaimChanged(id), cluster);
        self.lives.insert(id, Life { reason: Name::from(reason), is_known: true, ..Life::default() });
        self.launch(id, shared, cluster, now);
        self.plan(id, now + LAUNCH_TIMEOUT, agenda);
        Some(id)
    }

    /// Asks for the instance of a NodeClaim.
    fn launch(&mut self, id: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
        let claim = std::sync::Arc::clone(&cluster.node_claim(id).object);
        let pool = claim.node_pool().and_then(|pool| shared.mirror.state.pools.get(pool));
        let choices = pool.map(|pool| choices(&claim, pool, &shared.mirror.options, cluster)).unwrap_or_default();
        if choices.is_empty() {
            let text = "all requested instance types were unavailable during launch";
            Self::cannot_launch(id, text, shared, cluster, now);
            return;
        }
        let reason = self.lives.get(&id).map(|life| life.reason.clone()).unwrap_or_default();
        let request = InstanceRequest {
            origin: InstanceOrigin::Karpenter,
            reason,
            group: None,
            node_claim: Some(claim.meta.name.clone()),
            choices,
        };
        let instance = cluster.request_instance(request, now);
        shared.mirror.set_instance(id, instance);
    }

    /// There is no capacity: the NodeClaim is given up, and its pods are provisioned for again.
    fn cannot_launch(id: NodeClaimId, text: &str, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
        let name = cluster.node_claim(id).object.meta.name.clone();
        let message = format!("NodeClaim {name} event: {text}");
        shared.recorder.claim(id, Told::warning("InsufficientCapacityError", message), "", cluster, now);
        shared.report(&name, "LaunchFailed", String::new(), "InsufficientCapacityError");
        shared.delete_claim(id, "InsufficientCapacity", cluster, now);
    }

    /// Plans a reconcile, unless one is planned before.
    pub fn plan<A: Agenda<KarpenterEvent>>(&mut self, id: NodeClaimId, at: SimTime, agenda: &mut A) {
        let life = self.lives.entry(id).or_default();
        let at = at.max(agenda.now());
        if life.planned.is_none_or(|planned| at < planned || planned < agenda.now()) {
            life.planned = Some(at);
            agenda.schedule(at, KarpenterEvent::Reconcile(id));
        }
    }

    /// A NodeClaim is gone.
    pub fn forget(&mut self, id: NodeClaimId) {
        self.lives.remove(&id);
    }

    /// A pod came to a node, ended on it or leaves it (`podevents`).
    pub fn note_pod_event(node: NodeId, shared: &Shared, cluster: &mut Cluster, now: SimTime) {
        let Some(claim) = shared.mirror.claim_of(node) else { return };
        let last = cluster.node_claim(claim).object.status.last_pod_event;
        if last.is_none_or(|last| now - last >= POD_EVENT_DEDUPE) {
            cluster.update_node_claim(claim, |claim| claim.status.last_pod_event = Some(now));
        }
    }

    /// An instance of a NodeClaim changed.
    pub fn instance_changed<A: Agenda<KarpenterEvent>>(
        &mut self,
        claim: NodeClaimId,
        instance: &Instance,
        agenda: &mut A,
    ) {
        let at = if instance.state == InstanceState::Deleted {
            agenda.now().next_tick(self.garbage_phase, GARBAGE_PERIOD)
        } else {
            agenda.now()
        };
        self.plan(claim, at, agenda);
    }

    /// The controllers of a NodeClaim look at it.
    pub fn reconcile<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodeClaimId,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let claim = cluster.node_claim(id);
        let life = self.lives.entry(id).or_default();
        if life.planned.is_some_and(|planned| planned <= now) {
            life.planned = None;
        }
        if !claim.exists() || claim.deletion.is_some() {
            return;
        }
        if now < life.busy_until {
            let until = life.busy_until;
            self.plan(id, until, agenda);
            return;
        }
        if !std::mem::replace(&mut life.is_known, true) {
            adopt(id, shared, cluster);
        }
        let before = cluster.node_claim(id).head.resource_version;
        self.follow_instance(id, shared, cluster, now);
        if cluster.node_claim(id).deletion.is_some() {
            return;
        }
        register(id, shared, cluster, now);
        self.initialize(id, shared, cluster, agenda);
        if let Some(life) = self.lives.get_mut(&id)
            && cluster.node_claim(id).head.resource_version != before
        {
            life.busy_until = now + AFTER_WRITE;
        }
        check_drift(id, shared, cluster, now);
        let deadlines = [
            Self::check_liveness(id, shared, cluster, now),
            check_consolidatable(id, shared, cluster, now),
            check_expiry(id, shared, cluster, now),
            self.lives.get(&id).and_then(|life| life.retry),
        ];
        if cluster.node_claim(id).deletion.is_some() {
            return;
        }
        shared.mirror.observe(Change::NodeClaimChanged(id), cluster);
        if let Some(next) = deadlines.into_iter().flatten().min() {
            self.plan(id, next, agenda);
        }
    }

    /// The state of the instance is written into the NodeClaim (`launch.go`), and what happens to it is acted on.
    fn follow_instance(&mut self, id: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
        let Some(instance_id) = shared.mirror.instance_of(id) else { return };
        let instance = cluster.instance(instance_id);
        let is_launched = cluster.node_claim(id).object.status.is_true(NodeClaimConditionType::Launched);
        if let (false, Some((_, failure))) = (is_launched, instance.failure.clone()) {
            note_unavailable(instance_id, shared, cluster, now);
            match failure {
                LaunchFailure::StockOut | LaunchFailure::Quota(_) => {
                    let text = format!("creating instance, insufficient capacity, {}", failure.code());
                    Self::cannot_launch(id, &text, shared, cluster, now);
                }
                LaunchFailure::Other(code) => self.launch_failed(id, &code, shared, cluster, now),
            }
            return;
        }
        if !is_launched && instance.launched.is_some() {
            note_unavailable(instance_id, shared, cluster, now);
            let instance = cluster.instance(instance_id);
            let (choice, provider_id) = (instance.choice().clone(), instance.provider_id());
            cluster.update_node_claim(id, |claim| {
                let of_cloud = choice.node.meta.labels.without(crate::api::well_known::HOSTNAME);
                let merged = of_cloud.iter().chain(claim.meta.labels.iter());
                claim.meta.labels = merged.map(|(key, value)| (key.clone(), value.clone())).collect();
                let status = &mut claim.status;
                status.provider_id = Some(provider_id);
                status.capacity = choice.node.capacity.clone();
                status.allocatable = choice.node.allocatable.clone();
                status.set_condition(plainly(NodeClaimConditionType::Launched, now));
            });
            let life = self.lives.entry(id).or_default();
            life.retry = None;
            return;
        }
        if cluster.instance(instance_id).interrupted.is_some() {
            interrupt(id, instance_id, shared, cluster, now);
        } else if cluster.instance(instance_id).state == InstanceState::Deleted {
            let is_registered = cluster.node_claim(id).object.status.is_true(NodeClaimConditionType::Registered);
            let is_ready = |node: NodeId| cluster.node(node).exists() && cluster.node(node).ready == NodeReady::True;
            if is_registered && !shared.mirror.node_of(id).is_some_and(is_ready) {
                let name = cluster.node_claim(id).object.meta.name.clone();
                shared.report(&name, "GarbageCollect", String::new(), "");
                shared.delete_claim(id, "GarbageCollected", cluster, now);
            }
        }
    }

    /// A launch failed for a reason that may pass: it is tried again.
    fn launch_failed(&mut self, id: NodeClaimId, code: &str, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
        let life = self.lives.entry(id).or_default();
        match life.retry {
            Some(at) if now >= at => {
                life.retry = None;
                self.launch(id, shared, cluster, now);
            }
            Some(_) => {}
            None => {
                let [first, longest] = RETRY;
                let delay = first * 2_i64.saturating_pow(life.failures.min(16));
                life.failures += 1;
                life.retry = Some(now + delay.min(longest));
                let text = code.to_owned();
                cluster.update_node_claim(id, |claim| {
                    let launched = NodeClaimConditionType::Launched;
                    claim.status.set_condition(condition(launched, false, "LaunchFailed", &text, now));
                });
            }
        }
    }

    /// The node is ready for pods once nothing keeps it from them (`initialization.go`).
    fn initialize<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodeClaimId,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let claim = std::sync::Arc::clone(&cluster.node_claim(id).object);
        let (registered, initialized) = (NodeClaimConditionType::Registered, NodeClaimConditionType::Initialized);
        if claim.status.is_true(initialized) || !claim.status.is_true(registered) {
            return;
        }
        let Some(node) = shared.mirror.node_of(id).filter(|node| cluster.node(*node).exists()) else { return };
        let state = cluster.node(node);
        let object = &state.object;
        let is_startup = |taint: &&Taint| {
            claim.spec.startup_taints.iter().any(|startup| startup.key == taint.key && startup.effect == taint.effect)
        };
        let taint_text = |taint: &Taint| format!("{}:{}", taint.key, taint.effect.as_str());
        let waits_for = if state.ready != NodeReady::True {
            Some(("NodeNotReady", "Node status is NotReady".to_owned()))
        } else if let Some(taint) = object.taints.iter().find(is_startup) {
            let life = self.lives.entry(id).or_default();
            if !std::mem::replace(&mut life.awaits_startup, true) {
                let at = now + shared.settings.startup_taints_removed_after;
                agenda.schedule(at, KarpenterEvent::StartupTaints(id));
            }
            Some(("StartupTaintsExist", format!("StartupTaint \"{}\" still exists", taint_text(taint))))
        } else {
            let ephemeral = object.taints.iter().find(|taint| is_ephemeral(taint));
            ephemeral.map(|taint| {
                let message = format!("KnownEphemeralTaint \"{}\" still exists", taint_text(taint));
                ("KnownEphemeralTaintsExist", message)
            })
        };
        if let Some((reason, message)) = waits_for {
            cluster.update_node_claim(id, |claim| {
                claim.status.set_condition(condition(initialized, false, reason, &message, now));
            });
            return;
        }
        cluster.update_node(node, |node| node.meta.labels = node.meta.labels.with(keys::INITIALIZED, "true"));
        cluster.update_node_claim(id, |claim| {
            claim.status.set_condition(plainly(initialized, now));
            claim.status.set_condition(plainly(NodeClaimConditionType::Ready, now));
        });
        shared.mirror.observe(Change::NodeUpdated(node), cluster);
    }

    /// What runs on a node has removed its startup taints.
    pub fn remove_startup_taints(id: NodeClaimId, shared: &Shared, cluster: &mut Cluster) {
        let startup = cluster.node_claim(id).object.spec.startup_taints.clone();
        if let Some(node) = shared.mirror.node_of(id) {
            let is_startup = |taint: &Taint| startup.iter().any(|of| of.key == taint.key && of.effect == taint.effect);
            cluster.update_node(node, |node| node.taints.retain(|taint| !is_startup(taint)));
        }
    }

    /// A NodeClaim that is not launched, or whose node does not register, is given up (`liveness.go`). Returns when.
    fn check_liveness(id: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) -> Option<SimTime> {
        let status = &cluster.node_claim(id).object.status;
        let registered = status.condition(NodeClaimConditionType::Registered)?;
        if registered.status == ConditionStatus::True {
            return None;
        }
        let launched = status.condition(NodeClaimConditionType::Launched)?;
        let (until, reason) = if launched.status == ConditionStatus::True {
            (registered.last_transition + REGISTRATION_TIMEOUT, "registration_timeout")
        } else {
            (launched.last_transition + LAUNCH_TIMEOUT, "launch_timeout")
        };
        if now < until {
            return Some(until);
        }
        let name = cluster.node_claim(id).object.meta.name.clone();
        shared.report(&name, "GiveUp", String::new(), reason);
        shared.delete_claim(id, reason, cluster, now);
        None
    }
}
