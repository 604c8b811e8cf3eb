//! Nodes that may be disrupted by choice, and what that costs (`pkg/controllers/disruption/types.go`, `helpers.go`).

use super::method::Method;
use crate::api::karpenter::{ConsolidationPolicy, NodeClaimConditionType, keys};
use crate::api::{Name, well_known};
use crate::autoscaler::karpenter::instance_type::InstanceType;
use crate::autoscaler::karpenter::options::Options;
use crate::autoscaler::karpenter::requirements::Requirements;
use crate::autoscaler::karpenter::state::{ClusterState, PodKey, Pool};
use crate::autoscaler::karpenter::state_node::StateNode;
use crate::units::SimTime;
use std::collections::BTreeSet;

/// A node that may be disrupted.
#[derive(Clone, Debug)]
pub struct Candidate<'s> {
    /// Its name in the state.
    pub key: &'s Name,
    /// The node.
    pub node: &'s StateNode,
    /// Its NodePool.
    pub pool: &'s Pool,
    /// Its instance type, if the pool still has it.
    pub instance_type: Option<&'s InstanceType>,
    /// The pods that would need a new place.
    pub reschedulable: Vec<PodKey>,
    /// The cost of evicting its pods, less for a node that will not live long.
    pub disruption_cost: f64,
    /// 1 for the node, and the cost of evicting the pods that need a new place.
    pub reschedule_cost: f64,
    /// Dollars an hour; 0 if unknown.
    pub price: f64,
}

/// A node that is not disrupted, and why, for its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The node's name in the state.
    pub node: Name,
    /// The reason of the event.
    pub event: BlockedEvent,
    /// Its message.
    pub message: String,
}

/// Reasons of events about nodes that are not disrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockedEvent {
    /// `DisruptionBlocked`.
    DisruptionBlocked,
    /// `Unconsolidatable`.
    Unconsolidatable,
}

impl Candidate<'_> {
    /// Name of its NodePool.
    pub fn pool_name(&self) -> &Name {
        &self.pool.spec.meta.name
    }

    /// Whether no pod would be disrupted by its removal.
    pub fn is_empty(&self, options: &Options) -> bool {
        if options.version.ranks_by_savings() { self.reschedule_cost <= 1.0 } else { self.reschedulable.is_empty() }
    }

    /// Dollars an hour for each unit of disruption.
    pub fn savings_ratio(&self) -> f64 {
        self.price / self.reschedule_cost
    }

    /// Its capacity type.
    pub fn capacity_type(&self) -> Option<&Name> {
        self.node.labels().get(keys::CAPACITY_TYPE)
    }

    /// The lowest price of the offerings that its labels allow.
    pub fn lowest_price(&self, options: &Options) -> Option<f64> {
        let labels = Requirements::from_labels(self.node.labels());
        self.instance_type?.lowest_price(&labels, &options.well_known)
    }

    fn has_condition(&self, condition: NodeClaimConditionType) -> bool {
        self.node.claim.as_ref().is_some_and(|claim| claim.status.is_true(condition))
    }
}

/// The nodes that a method may disrupt, and those that it may not. Those in `queued` are being disrupted already.
pub fn candidates<'s>(
    state: &'s ClusterState,
    options: &Options,
    now: SimTime,
    method: Method,
    queued: &BTreeSet<Name>,
) -> (Vec<Candidate<'s>>, Vec<Blocked>) {
    let mut blocked = Vec::new();
    let disruptable = all_candidates(state, now, method, queued, &mut blocked);
    let mut candidates = Vec::new();
    for candidate in disruptable {
        match is_for(&candidate, options, method) {
            Ok(true) => candidates.push(candidate),
            Ok(false) => {}
            Err(message) => {
                let event = BlockedEvent::Unconsolidatable;
                blocked.push(Blocked { node: candidate.key.clone(), event, message });
            }
        }
    }
    (candidates, blocked)
}

/// The nodes that can be disrupted at all.
pub fn all_candidates<'s>(
    state: &'s ClusterState,
    now: SimTime,
    method: Method,
    queued: &BTreeSet<Name>,
    blocked: &mut Vec<Blocked>,
) -> Vec<Candidate<'s>> {
    let mut candidates = Vec::new();
    for (key, node) in state.nodes() {
        if queued.contains(key) {
            continue;
        }
        match candidate(state, now, method, key, node) {
            Ok(candidate) => candidates.push(candidate),
            Err(message) if node.is_managed() => {
                blocked.push(Blocked { node: key.clone(), event: BlockedEvent::DisruptionBlocked, message });
            }
            Err(_) => {}
        }
    }
    candidates
}

/// A node as a candidate, or why it is none (`NewCandidate`).
fn candidate<'s>(
    state: &'s ClusterState,
    now: SimTime,
    method: Method,
    key: &'s Name,
    node: &'s StateNode,
) -> Result<Candidate<'s>, String> {
    let claim = node.claim.as_ref().ok_or("Node isn't managed by karpenter")?;
    let object = node.node.as_ref().ok_or("Nodeclaim does not have an associated node")?;
    if !node.is_initialized() {
        return Err("Node isn't initialized".into());
    }
    if node.is_deleting() {
        return Err("Node is deleting or marked for deletion".into());
    }
    if node.nominated_until > now {
        return Err("Node is nominated for a pending pod".into());
    }
    if node.annotation(keys::DO_NOT_DISRUPT).is_some_and(|value| value == "true") {
        return Err(format!("Disruption is blocked through the \"{}\" annotation", keys::DO_NOT_DISRUPT));
    }
    let pool_name =
        node.pool().ok_or_else(|| format!("Node doesn't have required label (label={})", keys::NODE_POOL))?;
    let pool = state.pools.get(pool_name).filter(|pool| !pool.instance_types.is_empty());
    let pool = pool.ok_or_else(|| format!("NodePool not found (NodePool={pool_name})"))?;
    let is_forced = method.is_eventual() && claim.spec.termination_grace_period.is_some();
    let pods: Vec<_> = state.pods_on(&object.object.meta.name).collect();
    if !is_forced {
        for (_, pod) in &pods {
            if pod.is_active() && pod.is_protected(state.class_of(pod), now) {
                let (namespace, name) = (&pod.namespace, &pod.name);
                return Err(format!("Pod has \"{}\" annotation (Pod={namespace}/{name})", keys::DO_NOT_DISRUPT));
            }
        }
        for (_, pod) in &pods {
            let budgets = state.blocking_budgets(pod, now, |pdb| pdb.disruptions_allowed == 0);
            match budgets.as_slice() {
                [] => {}
                [budget] => {
                    return Err(format!(
                        "Pdb prevents pod evictions (PodDisruptionBudget=[{}/{budget}])",
                        pod.namespace
                    ));
                }
                several => {
                    let names: Vec<String> = several.iter().map(|name| format!("{}/{name}", pod.namespace)).collect();
                    let names = names.join(" ");
                    return Err(format!("Eviction does not support multiple PDBs (PodDisruptionBudget(s)=[{names}])"));
                }
            }
        }
    }
    let cost = |pod: &crate::autoscaler::karpenter::state::StatePod| state.class_of(pod).eviction_cost;
    let eviction: f64 = pods.iter().fold(0.0, |sum, (_, pod)| sum + cost(pod));
    let moving = || pods.iter().filter(|(_, pod)| pod.is_reschedulable());
    Ok(Candidate {
        key,
        node,
        pool,
        instance_type: instance_type(pool, node),
        reschedulable: moving().map(|(key, _)| *key).collect(),
        disruption_cost: eviction * lifetime_remaining(claim, now),
        reschedule_cost: moving().fold(1.0, |sum, (_, pod)| sum + cost(pod).max(0.0)),
        price: price(pool, node),
    })
}

/// The instance type of a node, if its pool still has it.
fn instance_type<'s>(pool: &'s Pool, node: &StateNode) -> Option<&'s InstanceType> {
    let name = node.labels().get(well_known::INSTANCE_TYPE)?;
    pool.instance_types.iter().find(|of| of.name == *name)
}

/// Dollars an hour for a node of a pool. What is not known is taken for free, so that nothing is saved by removing it.
pub fn price(pool: &Pool, node: &StateNode) -> f64 {
    let label = |key| node.labels().get(key).map_or("", Name::as_str);
    let price =
        instance_type(pool, node).and_then(|of| of.price_of(label(well_known::ZONE), label(keys::CAPACITY_TYPE)));
    price.filter(|price| *price < f64::MAX).unwrap_or(0.0)
}

/// Which part of its life a node has before it.
fn lifetime_remaining(claim: &crate::api::karpenter::NodeClaim, now: SimTime) -> f64 {
    let Some(lifetime) = claim.spec.expire_after else { return 1.0 };
    let age = claim.meta.creation_time.map_or(0.0, |created| (now - created).as_secs_f64());
    let lifetime = lifetime.as_secs_f64();
    ((lifetime - age) / lifetime).clamp(0.0, 1.0)
}

/// Whether a method is about the node (`ShouldDisrupt`); if not, there may be something to say about it.
fn is_for(candidate: &Candidate<'_>, options: &Options, method: Method) -> Result<bool, String> {
    let spec = &candidate.pool.spec;
    let pool = candidate.pool_name();
    match method {
        Method::StaticDrift => return Ok(spec.is_static() && candidate.has_condition(NodeClaimConditionType::Drifted)),
        _ if spec.is_static() => return Ok(false),
        Method::Drift => return Ok(candidate.has_condition(NodeClaimConditionType::Drifted)),
        _ => {}
    }
    let disruption = &spec.disruption;
    let consolidatable = candidate.has_condition(NodeClaimConditionType::Consolidatable);
    let disabled = || Err(format!("NodePool \"{pool}\" has consolidation disabled"));
    if method == Method::Emptiness {
        if disruption.consolidate_after.is_none() {
            return disabled();
        }
        if candidate.node.has_buffer_pods {
            return Err(format!("Node \"{}\" has buffer pods", candidate.node.name()));
        }
        return Ok(candidate.is_empty(options) && consolidatable);
    }
    let labels = candidate.node.labels();
    if candidate.instance_type.is_none() {
        let name = labels.get(well_known::INSTANCE_TYPE).map_or("", Name::as_str);
        return Err(format!("Instance Type \"{name}\" not found"));
    }
    if let Some(missing) = [keys::CAPACITY_TYPE, well_known::ZONE].into_iter().find(|key| !labels.contains_key(key)) {
        return Err(format!("Node does not have label \"{missing}\""));
    }
    if disruption.consolidate_after.is_none() {
        return disabled();
    }
    let policy = disruption.consolidation_policy;
    if options.version.ranks_by_savings() {
        if candidate.is_empty(options) {
            return Ok(false);
        }
        if policy == ConsolidationPolicy::WhenEmpty {
            return Err(format!("NodePool \"{pool}\" has consolidation policy WhenEmpty, but node is not empty"));
        }
    } else if policy != ConsolidationPolicy::WhenEmptyOrUnderutilized {
        return Err(format!("NodePool \"{pool}\" has non-empty consolidation disabled"));
    }
    Ok(consolidatable)
}

/// Puts those first that are disrupted first.
pub fn sort(candidates: &mut [Candidate<'_>], options: &Options) {
    let order = options.map_order;
    candidates.sort_by(|left, right| {
        let by_cost = if options.version.ranks_by_savings() {
            right.savings_ratio().total_cmp(&left.savings_ratio())
        } else {
            left.disruption_cost.total_cmp(&right.disruption_cost)
        };
        let place = |candidate: &Candidate<'_>| order.rank(candidate.key);
        by_cost.then_with(|| place(left).cmp(&place(right))).then_with(|| left.node.name().cmp(right.node.name()))
    });
}
