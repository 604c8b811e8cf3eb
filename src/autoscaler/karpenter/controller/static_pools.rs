//! Static NodePools, which keep a number of nodes whatever the pods ask for (`pkg/controllers/static`).

use super::event::KarpenterEvent;
use super::lifecycle::Lifecycle;
use super::shared::Shared;
use crate::api::Name;
use crate::autoscaler::karpenter::amounts::Amounts;
use crate::autoscaler::karpenter::daemon_set::DaemonPods;
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::template::Template;
use crate::cluster::{Cluster, NodeClaimId, NodePoolId};
use crate::engine::Agenda;
use std::collections::BTreeSet;

/// Pools that are to be looked at.
#[derive(Debug, Default)]
pub struct StaticPools {
    planned: BTreeSet<NodePoolId>,
}

impl StaticPools {
    /// A pool or one of its NodeClaims changed.
    pub fn consider<A: Agenda<KarpenterEvent>>(
        &mut self,
        pool: NodePoolId,
        shared: &Shared,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        let is_static = cluster.node_pool(pool).object.is_static() && shared.settings.static_capacity;
        if is_static && self.planned.insert(pool) {
            agenda.schedule(agenda.now(), KarpenterEvent::StaticPool(pool));
        }
    }

    /// Makes the NodeClaims that are missing, or deletes those that are too many.
    pub fn reconcile<A: Agenda<KarpenterEvent>>(
        &mut self,
        id: NodePoolId,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        self.planned.remove(&id);
        let pool = cluster.node_pool(id);
        let (name, false) = (pool.object.meta.name.clone(), pool.removed) else { return };
        let Some(replicas) = pool.object.replicas else { return };
        let running = running_claims(&name, shared, cluster);
        let wanted = usize::try_from(replicas).unwrap_or(0);
        for _ in running.len()..wanted {
            let Some(new) = template_claim(&name, shared) else { break };
            let inputs = format!("replicas={wanted};running={}", running.len());
            if lifecycle.create(&new, "static capacity", shared, cluster, agenda).is_none() {
                shared.report(&name, "Provision", inputs, "limits");
                break;
            }
            shared.report(&name, "Provision", inputs, "");
        }
        let surplus = running.len().saturating_sub(wanted);
        let mut by_cost: Vec<(bool, f64, NodeClaimId)> = running
            .iter()
            .map(|claim| {
                let object = &cluster.node_claim(*claim).object;
                let node = shared.mirror.state.node(&object.meta.name);
                let cost = node.map_or(0.0, |node| shared.mirror.state.disruption_cost(node));
                (object.status.provider_id.is_some(), cost, *claim)
            })
            .collect();
        by_cost.sort_by(|left, right| left.0.cmp(&right.0).then(left.1.total_cmp(&right.1)).then(left.2.cmp(&right.2)));
        for (_, _, claim) in by_cost.into_iter().take(surplus) {
            let inputs = format!("replicas={wanted};running={}", running.len());
            let target = cluster.node_claim(claim).object.meta.name.clone();
            shared.report(&target, "Delete", inputs, "");
            shared.delete_claim(claim, "ScaledDown", cluster, agenda.now());
        }
    }
}

/// The NodeClaims of a pool that are neither being deleted nor about to be replaced.
fn running_claims(pool: &Name, shared: &Shared, cluster: &Cluster) -> Vec<NodeClaimId> {
    let is_running = |claim: &crate::cluster::NodeClaim| {
        claim.exists()
            && claim.deletion.is_none()
            && claim.object.node_pool() == Some(pool)
            && !shared.queued.contains(&claim.object.meta.name)
    };
    cluster.node_claims().filter(|(_, claim)| is_running(claim)).map(|(id, _)| id).collect()
}

/// A NodeClaim as its pool's template says, for no pods.
pub fn template_claim(pool: &Name, shared: &Shared) -> Option<NewClaim> {
    let state = &shared.mirror.state;
    let mut daemons = DaemonPods::new(state.daemon_sets.values());
    let template = Template::new(state.pools.get(pool)?, &mut daemons, &shared.mirror.options)?;
    Some(NewClaim {
        pool: pool.clone(),
        requirements: template.requirements.clone(),
        types: template.allowed,
        pods: Vec::new(),
        requests: Amounts::default(),
        min_values_relaxed: false,
    })
}
