//! What is written into a NodeClaim and its node on the way, each part by a rule of its own: registration, and the conditions
//! Consolidatable and Drifted; and what ends a NodeClaim: its expiry, or that its instance is taken back.

use super::api_events::Told;
use super::drift::{HASH_VERSION, drift_reason, template_hash};
use super::shared::Shared;
use crate::api::karpenter::{NodeClaimCondition, NodeClaimConditionType, keys};
use crate::api::{ConditionStatus, Labels, Name, Taint};
use crate::cluster::{Change, Cluster, InstanceId, NodeClaimId};
use crate::units::SimTime;

/// A condition.
pub fn condition(
    kind: NodeClaimConditionType,
    is_true: bool,
    reason: &str,
    message: &str,
    now: SimTime,
) -> NodeClaimCondition {
    NodeClaimCondition {
        condition_type: kind,
        status: if is_true { ConditionStatus::True } else { ConditionStatus::Unknown },
        reason: Name::from(reason),
        message: Name::from(message),
        last_transition: now,
    }
}

/// A condition that is true for the reason of its own name.
pub fn plainly(kind: NodeClaimConditionType, now: SimTime) -> NodeClaimCondition {
    condition(kind, true, kind.as_str(), "", now)
}

/// Offerings that could not be had are not asked for again for a while.
pub fn note_unavailable(instance: InstanceId, shared: &mut Shared, cluster: &Cluster, now: SimTime) {
    let instance = cluster.instance(instance);
    if instance.without_capacity.is_empty() {
        return;
    }
    for index in &instance.without_capacity {
        if let Some(choice) = instance.request.choices.get(usize::from(*index)) {
            let catalogue = &mut shared.mirror.catalogue;
            catalogue.note_unavailable(&choice.instance_type, &choice.zone, choice.capacity_type, now);
        }
    }
    shared.mirror.refresh_pools(cluster);
}

/// The node has joined: it gets what the NodeClaim says (`registration.go`).
pub fn register(id: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    let claim = std::sync::Arc::clone(&cluster.node_claim(id).object);
    let registered = NodeClaimConditionType::Registered;
    if claim.status.is_true(registered) || !claim.status.is_true(NodeClaimConditionType::Launched) {
        return;
    }
    let Some(node) = shared.mirror.node_of(id).filter(|node| cluster.node(*node).exists()) else { return };
    cluster.update_node(node, |node| {
        let labels = node.meta.labels.iter().chain(claim.meta.labels.iter());
        let labels: Labels = labels.map(|(key, value)| (key.clone(), value.clone())).collect();
        node.meta.labels = labels.with(keys::REGISTERED, "true");
        let annotations = node.meta.annotations.iter().chain(claim.meta.annotations.iter());
        node.meta.annotations = annotations.map(|(key, value)| (key.clone(), value.clone())).collect();
        for taint in claim.spec.taints.iter().chain(&claim.spec.startup_taints) {
            let is_there = |known: &Taint| known.key == taint.key && known.effect == taint.effect;
            if !node.taints.iter().any(is_there) {
                node.taints.push(taint.clone());
            }
        }
        node.taints.retain(|taint| taint.key != keys::TAINT_UNREGISTERED);
    });
    let name = cluster.node(node).object.meta.name.clone();
    cluster.update_node_claim(id, |claim| {
        claim.status.node_name = Some(name);
        claim.status.set_condition(plainly(registered, now));
    });
    shared.mirror.observe(Change::NodeUpdated(node), cluster);
}

/// The provider takes a spot instance back: the NodeClaim is deleted, so that the pods move before the end.
pub fn interrupt(id: NodeClaimId, instance: InstanceId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    let choice = cluster.instance(instance).choice().clone();
    shared.mirror.catalogue.note_unavailable(&choice.instance_type, &choice.zone, choice.capacity_type, now);
    shared.mirror.refresh_pools(cluster);
    let node = shared.mirror.node_of(id);
    let warning = || Told::warning("SpotInterrupted", "Spot interruption warning was triggered");
    shared.recorder.node_and_claim(node, id, [warning(), warning()], "", cluster, now);
    let ends = |what: &str| {
        Told::warning("TerminatingOnInterruption", format!("Interruption triggered termination for the {what}"))
    };
    shared.recorder.node_and_claim(node, id, [ends("Node"), ends("NodeClaim")], "", cluster, now);
    let name = cluster.node_claim(id).object.meta.name.clone();
    let inputs = format!("instance_type={};zone={}", choice.instance_type, choice.zone);
    shared.report(&name, "Interrupt", inputs, "");
    shared.delete_claim(id, "SpotInterrupted", cluster, now);
}

/// The condition Drifted.
pub fn check_drift(id: NodeClaimId, shared: &Shared, cluster: &mut Cluster, now: SimTime) {
    let claim = &cluster.node_claim(id).object;
    let drifted = NodeClaimConditionType::Drifted;
    let pool = claim.node_pool().and_then(|pool| shared.mirror.state.pools.get(pool));
    let Some(pool) = pool.filter(|_| claim.status.is_true(NodeClaimConditionType::Launched)) else { return };
    match drift_reason(&pool.spec, claim) {
        Some(reason) => {
            cluster.update_node_claim(id, |claim| {
                claim.status.set_condition(condition(drifted, true, reason, reason, now));
            });
        }
        None => cluster.update_node_claim(id, |claim| claim.status.clear_condition(drifted)),
    }
}

/// A NodeClaim of a dump has the hash of another program: unless it has drifted it is what its NodePool says today.
pub fn adopt(id: NodeClaimId, shared: &Shared, cluster: &mut Cluster) {
    let claim = &cluster.node_claim(id).object;
    let pool = claim.node_pool().and_then(|pool| shared.mirror.state.pools.get(pool));
    let Some(pool) = pool.filter(|_| !claim.status.is_true(NodeClaimConditionType::Drifted)) else { return };
    let hash = template_hash(&pool.spec);
    cluster.update_node_claim(id, |claim| {
        let annotations = claim.meta.annotations.with(keys::NODE_POOL_HASH, &hash);
        claim.meta.annotations = annotations.with(keys::NODE_POOL_HASH_VERSION, HASH_VERSION);
    });
}

/// The condition Consolidatable: no pod came or left for a while. Returns when that will be so.
pub fn check_consolidatable(id: NodeClaimId, shared: &Shared, cluster: &mut Cluster, now: SimTime) -> Option<SimTime> {
    let claim = &cluster.node_claim(id).object;
    let kind = NodeClaimConditionType::Consolidatable;
    let pool = claim.node_pool().and_then(|pool| shared.mirror.state.pools.get(pool))?;
    let initialized = claim.status.condition(NodeClaimConditionType::Initialized);
    let initialized = initialized.filter(|condition| condition.status == ConditionStatus::True);
    let (Some(after), Some(initialized)) = (pool.spec.disruption.consolidate_after, initialized) else {
        cluster.update_node_claim(id, |claim| claim.status.clear_condition(kind));
        return None;
    };
    let since = claim.status.last_pod_event.unwrap_or(initialized.last_transition);
    let due = since + after;
    if now < due {
        cluster.update_node_claim(id, |claim| claim.status.clear_condition(kind));
        return Some(due);
    }
    cluster.update_node_claim(id, |claim| claim.status.set_condition(plainly(kind, now)));
    None
}

/// A NodeClaim that has lived long enough is deleted, whatever budgets say. Returns when that will be so.
pub fn check_expiry(id: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) -> Option<SimTime> {
    let claim = &cluster.node_claim(id).object;
    let expire_after = claim.spec.expire_after?;
    let expires = claim.meta.creation_time.unwrap_or(SimTime::ZERO) + expire_after;
    if now < expires {
        return Some(expires);
    }
    let name = claim.meta.name.clone();
    shared.report(&name, "Expire", format!("expire_after_seconds={}", expire_after.whole_seconds()), "");
    shared.delete_claim(id, "Expired", cluster, now);
    None
}
