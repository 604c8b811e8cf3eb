//! A node as Karpenter sees it: a Node, a NodeClaim, or both; until the node is initialized the NodeClaim says what it will
//! be (`pkg/controllers/state/statenode.go`).

use super::amounts::Amounts;
use crate::api::karpenter::{NodeClaim, NodeClaimConditionType, keys};
use crate::api::{Labels, Name, Node, Taint, TaintEffect, well_known};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A Node, with what of its status matters.
#[derive(Clone, Debug)]
pub struct NodeObject {
    /// The Node.
    pub object: Arc<Node>,
    /// Condition Ready is True.
    pub ready: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// A node of the picture. One of `node` and `claim` is there.
#[derive(Clone, Debug, Default)]
pub struct StateNode {
    /// The Node, once it has joined.
    pub node: Option<NodeObject>,
    /// The NodeClaim, of a node that Karpenter made.
    pub claim: Option<Arc<NodeClaim>>,
    /// Karpenter is about to remove it.
    pub marked_for_deletion: bool,
    /// Until when it is kept for pods that were promised a place on it.
    pub nominated_until: SimTime,
    /// Whether virtual pods of a CapacityBuffer have their place on it.
    pub has_buffer_pods: bool,
    /// How many volumes of a driver it takes.
    pub volume_limits: BTreeMap<Name, usize>,
}

impl StateNode {
    /// The Node, if it is to be believed: a managed one only once it is registered.
    fn registered_node(&self) -> Option<&Node> {
        let node = self.node.as_ref()?;
        self.is_registered().then_some(&node.object)
    }

    /// Name: the NodeClaim's until the node is registered.
    pub fn name(&self) -> &str {
        let claim = || self.claim.as_ref().map_or("", |claim| &claim.meta.name);
        self.registered_node().map_or_else(claim, |node| &node.meta.name)
    }

    /// Labels: the NodeClaim's until the node is registered.
    pub fn labels(&self) -> &Labels {
        match (self.registered_node(), &self.claim, &self.node) {
            (Some(node), _, _) => &node.meta.labels,
            (None, Some(claim), _) => &claim.meta.labels,
            (None, None, Some(node)) => &node.object.meta.labels,
            (None, None, None) => NO_LABELS.get_or_init(Labels::default),
        }
    }

    /// An annotation.
    pub fn annotation(&self, key: &str) -> Option<&Name> {
        match (self.registered_node(), &self.claim) {
            (Some(node), _) => node.meta.annotations.get(key),
            (None, claim) => claim.as_ref()?.meta.annotations.get(key),
        }
    }

    /// The NodePool.
    pub fn pool(&self) -> Option<&Name> {
        self.labels().get(keys::NODE_POOL)
    }

    /// What pods know the host by.
    pub fn host_name(&self) -> Name {
        let label = self.labels().get(well_known::HOSTNAME).filter(|name| !name.is_empty());
        label.cloned().unwrap_or_else(|| Name::from(self.name()))
    }

    /// Whether Karpenter made it.
    pub const fn is_managed(&self) -> bool {
        self.claim.is_some()
    }

    fn has_label(&self, key: &str) -> bool {
        let node = self.node.as_ref();
        node.and_then(|node| node.object.meta.labels.get(key)).is_some_and(|value| value == "true")
    }

    /// Whether the node was synced with its NodeClaim.
    pub fn is_registered(&self) -> bool {
        !self.is_managed() || self.has_label(keys::REGISTERED)
    }

    /// Whether it is ready for pods.
    pub fn is_initialized(&self) -> bool {
        !self.is_managed() || self.has_label(keys::INITIALIZED)
    }

    /// Whether it is about to go.
    pub fn is_deleting(&self) -> bool {
        let claim_goes = |claim: &NodeClaim| {
            claim.meta.deletion_time.is_some() || claim.status.is_true(NodeClaimConditionType::InstanceTerminating)
        };
        self.marked_for_deletion
            || match &self.claim {
                Some(claim) => claim_goes(claim),
                None => self.node.as_ref().is_some_and(|node| node.deleting),
            }
    }

    /// Taints that pods must tolerate. Those that go by themselves before the node is initialized do not count.
    pub fn taints(&self) -> Vec<Taint> {
        let claim = self.claim.as_deref();
        let taints = match (&self.node, claim) {
            (Some(node), _) if self.is_registered() => &node.object.taints,
            (_, Some(claim)) => &claim.spec.taints,
            (Some(node), None) => &node.object.taints,
            (None, None) => return Vec::new(),
        };
        let Some(claim) = claim.filter(|_| !self.is_initialized()) else { return taints.clone() };
        let is_startup = |taint: &Taint| claim.spec.startup_taints.iter().any(|startup| is_same_taint(startup, taint));
        taints.iter().filter(|taint| !is_ephemeral(taint) && !is_startup(taint)).cloned().collect()
    }

    /// Capacity, and the one node that it is.
    pub fn capacity(&self) -> Amounts {
        let mut capacity = self.resources(|node| &node.capacity, |claim| &claim.status.capacity);
        capacity.set_nodes(1);
        capacity
    }

    /// What it offers to pods.
    pub fn allocatable(&self) -> Amounts {
        self.resources(|node| &node.allocatable, |claim| &claim.status.allocatable)
    }

    fn resources(
        &self,
        of_node: fn(&Node) -> &crate::api::ResourceList,
        of_claim: fn(&NodeClaim) -> &crate::api::ResourceList,
    ) -> Amounts {
        let node = self.node.as_ref().map(|node| Amounts::from_list(of_node(&node.object)));
        let claim = self.claim.as_ref().filter(|_| !self.is_initialized());
        match (node, claim) {
            (Some(mut node), Some(claim)) => {
                node.fill_zeros(&Amounts::from_list(of_claim(claim)));
                node
            }
            (Some(node), None) => node,
            (None, Some(claim)) => Amounts::from_list(of_claim(claim)),
            (None, None) => Amounts::default(),
        }
    }
}

/// Of a node of which nothing is known.
static NO_LABELS: std::sync::OnceLock<Labels> = std::sync::OnceLock::new();

/// `MatchTaint`: the value does not count.
fn is_same_taint(left: &Taint, right: &Taint) -> bool {
    left.key == right.key && left.effect == right.effect
}

/// Taints that a node has while it starts, whoever made it.
pub fn is_ephemeral(taint: &Taint) -> bool {
    use TaintEffect::{NoExecute, NoSchedule};
    let known = [
        (well_known::TAINT_NOT_READY, NoSchedule),
        (well_known::TAINT_NOT_READY, NoExecute),
        (well_known::TAINT_UNREACHABLE, NoSchedule),
        ("node.cloudprovider.kubernetes.io/uninitialized", NoSchedule),
        (keys::TAINT_UNREGISTERED, NoExecute),
    ];
    known.contains(&(taint.key.as_str(), taint.effect)) || taint.key.starts_with("readiness.k8s.io/")
}
