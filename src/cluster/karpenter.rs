//! Karpenter's objects: NodePools, NodeClaims, and the classes of the providers.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NodeClaimId, NodeId, NodePoolId, ObjectHead};
use crate::api::{self, Kind, Name};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A NodePool.
#[derive(Clone, Debug)]
pub struct NodePool {
    /// Spec.
    pub object: Arc<api::karpenter::NodePool>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

/// A NodeClaim.
#[derive(Clone, Debug)]
pub struct NodeClaim {
    /// Metadata, spec and status.
    pub object: Arc<api::karpenter::NodeClaim>,
    /// `metadata.deletionTimestamp`: the claim stays until its instance is gone.
    pub deletion: Option<SimTime>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Removal of the object.
    pub removed: Option<SimTime>,
}

impl NodeClaim {
    /// Whether the object exists.
    pub const fn exists(&self) -> bool {
        self.removed.is_none()
    }
}

/// The classes of nodes, by kind and name.
pub(super) type NodeClasses = BTreeMap<(Kind, Name), api::karpenter::NodeClass>;

impl Cluster {
    /// A NodePool.
    pub fn node_pool(&self, id: NodePoolId) -> &NodePool {
        &self.node_pools[id.index()]
    }

    /// Every NodePool that exists, in order of creation.
    pub fn node_pools(&self) -> impl Iterator<Item = (NodePoolId, &NodePool)> {
        let pools = self.node_pools.iter().enumerate().filter(|(_, pool)| !pool.removed);
        pools.map(|(index, pool)| (NodePoolId::from_index(index), pool))
    }

    /// The NodePool of this name.
    pub fn node_pool_id(&self, name: &str) -> Option<NodePoolId> {
        self.index.get(Kind::NodePool, None, name)?.try_into().ok()
    }

    /// Creates a NodePool, or replaces the one of its name.
    pub fn apply_node_pool(&mut self, object: api::karpenter::NodePool, now: SimTime) -> NodePoolId {
        let id = if let Some(id) = self.node_pool_id(&object.meta.name) {
            let pool = &mut self.node_pools[id.index()];
            if *pool.object != object {
                pool.object = Arc::new(object);
                pool.head.change(&mut self.versions);
            }
            id
        } else {
            let id = NodePoolId::from_index(self.node_pools.len());
            self.index.add(Kind::NodePool, id, None, &object.meta.name);
            let head = ObjectHead::new(&mut self.versions, now);
            self.node_pools.push(NodePool { object: Arc::new(object), head, removed: false });
            id
        };
        self.changes.push(Change::NodePoolChanged(id));
        id
    }

    /// Removes a NodePool. Its NodeClaims are left to whoever owns them.
    pub fn remove_node_pool(&mut self, id: NodePoolId) {
        let pool = &mut self.node_pools[id.index()];
        if !pool.removed {
            pool.removed = true;
            pool.head.change(&mut self.versions);
            self.index.remove(Kind::NodePool, id, None, &pool.object.meta.name);
            self.changes.push(Change::NodePoolRemoved(id));
        }
    }

    /// A NodeClaim.
    pub fn node_claim(&self, id: NodeClaimId) -> &NodeClaim {
        &self.node_claims[id.index()]
    }

    /// Every NodeClaim that ever was, in order of creation.
    pub fn node_claims(&self) -> impl ExactSizeIterator<Item = (NodeClaimId, &NodeClaim)> {
        self.node_claims.iter().enumerate().map(|(index, claim)| (NodeClaimId::from_index(index), claim))
    }

    /// The NodeClaim of this name.
    pub fn node_claim_id(&self, name: &str) -> Option<NodeClaimId> {
        self.index.get(Kind::NodeClaim, None, name)?.try_into().ok()
    }

    /// Creates a NodeClaim.
    pub fn create_node_claim(&mut self, mut object: api::karpenter::NodeClaim, now: SimTime) -> NodeClaimId {
        object.meta.creation_time.get_or_insert(now);
        let id = NodeClaimId::from_index(self.node_claims.len());
        self.index.add(Kind::NodeClaim, id, None, &object.meta.name);
        let head = ObjectHead::new(&mut self.versions, now);
        let deletion = object.meta.deletion_time;
        self.node_claims.push(NodeClaim { object: Arc::new(object), deletion, head, removed: None });
        self.changes.push(Change::NodeClaimChanged(id));
        id
    }

    /// Changes a NodeClaim's metadata or status if `update` does.
    pub fn update_node_claim(&mut self, id: NodeClaimId, update: impl FnOnce(&mut api::karpenter::NodeClaim)) {
        let claim = &mut self.node_claims[id.index()];
        if claim.removed.is_some() {
            return;
        }
        let mut object = (*claim.object).clone();
        update(&mut object);
        if object != *claim.object {
            claim.object = Arc::new(object);
            claim.head.change(&mut self.versions);
            self.changes.push(Change::NodeClaimChanged(id));
        }
    }

    /// Requests the deletion of a NodeClaim, whose finalizer holds it until its node and its instance are gone.
    pub fn delete_node_claim(&mut self, id: NodeClaimId, now: SimTime) {
        let claim = &mut self.node_claims[id.index()];
        if claim.deletion.is_none() && claim.removed.is_none() {
            claim.deletion = Some(now);
            Arc::make_mut(&mut claim.object).meta.deletion_time = Some(now);
            claim.head.change(&mut self.versions);
            self.changes.push(Change::NodeClaimChanged(id));
        }
    }

    /// Removes a NodeClaim.
    pub fn remove_node_claim(&mut self, id: NodeClaimId, now: SimTime) {
        let claim = &mut self.node_claims[id.index()];
        if claim.removed.is_none() {
            claim.removed = Some(now);
            claim.head.change(&mut self.versions);
            self.index.remove(Kind::NodeClaim, id, None, &claim.object.meta.name);
            self.changes.push(Change::NodeClaimRemoved(id));
        }
    }

    /// The node of a NodeClaim, from its registration on.
    pub fn node_of_claim(&self, id: NodeClaimId) -> Option<NodeId> {
        self.node_id(self.node_claim(id).object.status.node_name.as_ref()?)
    }

    /// The class of nodes of this kind and name.
    pub fn node_class(&self, kind: &str, name: &Name) -> Option<&api::karpenter::NodeClass> {
        self.node_classes.get(&(Kind::named(kind)?, name.clone()))
    }

    /// Forgets a class of nodes that is removed.
    pub(super) fn remove_node_class(&mut self, kind: Kind, name: &Name) {
        self.node_classes.remove(&(kind, name.clone()));
    }
}

impl Apply for Box<api::karpenter::NodePool> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_node_pool((**self).clone(), now);
        None
    }
}

impl Apply for Box<api::karpenter::NodeClaim> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        match cluster.node_claim_id(&self.meta.name) {
            Some(id) => cluster.update_node_claim(id, |claim| *claim = (**self).clone()),
            None => _ = cluster.create_node_claim((**self).clone(), now),
        }
        None
    }
}

impl Apply for Box<api::karpenter::NodeClass> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let key = (self.kind, self.meta.name.clone());
        let before = cluster.node_classes.insert(key, (**self).clone());
        let is_changed = before.as_ref() != Some(&**self);
        if let (id, true) = cluster.note_plain(self.kind, &self.meta, is_changed, now) {
            cluster.changes.push(Change::ObjectUpdated(id.into()));
        }
        None
    }
}

impl Resource for NodePoolId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::NodePool
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.node_pool(self).object.meta.name
    }

    fn namespace(self, _: &Cluster) -> Name {
        Name::default()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.node_pool(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.node_pools[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_node_pool(self);
    }
}

impl Resource for NodeClaimId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::NodeClaim
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.node_claim(self).object.meta.name
    }

    fn namespace(self, _: &Cluster) -> Name {
        Name::default()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.node_claim(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.node_claims[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, now: SimTime) {
        cluster.delete_node_claim(self, now);
    }
}
