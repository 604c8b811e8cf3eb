//! Karpenter's picture of the cluster: nodes with their NodeClaims, pods, and what they use (`pkg/controllers/state`).
//!
//! It is kept by small changes, so that a decision costs no pass over all objects.

use super::amounts::Amounts;
use super::daemon_set::DaemonPod;
use super::instance_type::InstanceType;
use super::pod::{ClassId, ClassTable, PodClass, Protection};
use super::requirements::Requirements;
use super::state_node::StateNode;
use crate::api::karpenter::NodePool;
use crate::api::{LabelSelector, Labels, Name, PodPhase};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A pod, by a number that its owner chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodKey(pub u64);

/// What owns a pod, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodOwner {
    /// A DaemonSet: the pod comes with the node.
    DaemonSet,
    /// A StatefulSet: the next pod waits for this one's end.
    StatefulSet,
    /// A Node: a static pod.
    Node,
    /// Something else, or nothing.
    #[default]
    Other,
}

/// A pod.
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own")]
#[derive(Clone, Debug)]
pub struct StatePod {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// The unique identifier, the last resort of the queue's order.
    pub uid: Name,
    /// What it has in common with others.
    pub class: ClassId,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
    /// `status.startTime`.
    pub started: Option<SimTime>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// What owns it.
    pub owner: PodOwner,
    /// `spec.nodeName`.
    pub node: Option<Name>,
    /// Condition Ready is False.
    pub not_ready: bool,
    /// Condition PodScheduled has the reason Unschedulable.
    pub unschedulable: bool,
    /// `status.nominatedNodeName` is set.
    pub nominated: bool,
    /// Its volumes, if any is a claim.
    pub volumes: Option<Arc<PodVolumes>>,
}

/// The claims of a pod, as far as they bear on where it can be.
#[derive(Clone, Debug, Default)]
pub struct PodVolumes {
    /// Requirements of which one must be met; none if the pod can be anywhere.
    pub alternatives: Vec<Requirements>,
    /// Claims by driver.
    pub claims: BTreeSet<(Name, Name)>,
    /// Why the pod cannot be provisioned for.
    pub problem: Option<String>,
}

impl StatePod {
    /// Neither ended nor being deleted.
    pub const fn is_active(&self) -> bool {
        !self.phase.is_terminal() && !self.terminating
    }

    /// Whether it needs a new place when its node goes.
    pub fn is_reschedulable(&self) -> bool {
        let goes_on = self.is_active() || (self.owner == PodOwner::StatefulSet && self.terminating);
        goes_on && !matches!(self.owner, PodOwner::DaemonSet | PodOwner::Node)
    }

    /// Whether it waits for a node that does not exist yet.
    pub fn is_provisionable(&self) -> bool {
        self.unschedulable
            && self.node.is_none()
            && !self.nominated
            && !matches!(self.owner, PodOwner::DaemonSet | PodOwner::Node)
    }

    /// Whether `karpenter.sh/do-not-disrupt` protects it now.
    pub fn is_protected(&self, class: &PodClass, now: SimTime) -> bool {
        match class.protection {
            Protection::None => false,
            Protection::Always => true,
            Protection::For(span) => self.started.is_none_or(|started| now - started < span),
        }
    }

    /// Whether Karpenter would evict it when its node goes.
    pub fn is_evictable(&self, class: &PodClass, now: SimTime) -> bool {
        self.is_active()
            && !class.tolerates_disruption
            && self.owner != PodOwner::Node
            && !self.is_protected(class, now)
    }
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct Pdb {
    /// Which pods; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub disruptions_allowed: i32,
    /// It never allows any: `maxUnavailable: 0` or `0%`, or `minAvailable: 100%`.
    pub blocks_fully: bool,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub always_allows_unhealthy: bool,
}

/// A NodePool with the instance types that its provider offers.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The NodePool.
    pub spec: Arc<NodePool>,
    /// Its instance types, in the provider's order.
    pub instance_types: Arc<Vec<InstanceType>>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// What the pods of a node use.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// The pods, in order of namespace and name.
    pub pods: BTreeSet<(Name, Name, PodKey)>,
    /// Requests of those that have not ended.
    pub requests: Amounts,
    /// The DaemonSets' part.
    pub daemon_requests: Amounts,
}

/// The picture.
#[derive(Clone, Debug, Default)]
pub struct ClusterState {
    /// What pods have in common.
    pub classes: ClassTable,
    /// NodePools by name.
    pub pools: BTreeMap<Name, Pool>,
    /// DaemonSets by namespace and name.
    pub daemon_sets: BTreeMap<(Name, Name), DaemonPod>,
    /// PodDisruptionBudgets by namespace and name.
    pub pdbs: BTreeMap<(Name, Name), Pdb>,
    /// Namespaces with their labels.
    pub namespaces: BTreeMap<Name, Labels>,
    /// Nodes by a name that never changes: that of the NodeClaim, or the node's own without one.
    nodes: BTreeMap<Name, StateNode>,
    pods: BTreeMap<PodKey, StatePod>,
    /// Pods that are not bound, in order of namespace and name.
    unbound: BTreeSet<(Name, Name, PodKey)>,
    usage: BTreeMap<Name, Usage>,
}

impl ClusterState {
    /// An empty cluster.
    pub fn new(classes: ClassTable) -> Self {
        Self { classes, ..Self::default() }
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (&Name, &StateNode)> {
        self.nodes.iter()
    }

    /// A node.
    pub fn node(&self, key: &str) -> Option<&StateNode> {
        self.nodes.get(key)
    }

    /// A node, to be changed.
    pub fn node_mut(&mut self, key: &str) -> Option<&mut StateNode> {
        self.nodes.get_mut(key)
    }

    /// A node came or changed.
    pub fn put_node(&mut self, key: Name, node: StateNode) {
        self.nodes.insert(key, node);
    }

    /// A node is gone.
    pub fn remove_node(&mut self, key: &str) {
        self.nodes.remove(key);
    }

    /// A pod.
    pub fn pod(&self, key: PodKey) -> Option<&StatePod> {
        self.pods.get(&key)
    }

    /// The class of a pod.
    pub fn class_of(&self, pod: &StatePod) -> &PodClass {
        self.classes.get(pod.class)
    }

    /// A pod came or changed.
    pub fn put_pod(&mut self, key: PodKey, pod: StatePod) {
        self.remove_pod(key);
        let place = (pod.namespace.clone(), pod.name.clone(), key);
        match &pod.node {
            None => {
                self.unbound.insert(place);
            }
            Some(node) => {
                let usage = self.usage.entry(node.clone()).or_default();
                usage.pods.insert(place);
                if !pod.phase.is_terminal() {
                    let requests = &self.classes.get(pod.class).requests;
                    usage.requests.merge(requests);
                    if pod.owner == PodOwner::DaemonSet {
                        usage.daemon_requests.merge(requests);
                    }
                }
            }
        }
        self.pods.insert(key, pod);
    }

    /// A pod is gone.
    pub fn remove_pod(&mut self, key: PodKey) {
        let Some(pod) = self.pods.remove(&key) else { return };
        let place = (pod.namespace.clone(), pod.name.clone(), key);
        let Some(node) = &pod.node else {
            self.unbound.remove(&place);
            return;
        };
        let Some(usage) = self.usage.get_mut(node) else { return };
        usage.pods.remove(&place);
        if !pod.phase.is_terminal() {
            let requests = &self.classes.get(pod.class).requests;
            usage.requests.take(requests);
            if pod.owner == PodOwner::DaemonSet {
                usage.daemon_requests.take(requests);
            }
        }
        if usage.pods.is_empty() {
            self.usage.remove(node);
        }
    }

    /// What the pods of a node use, by the Node's name.
    pub fn usage(&self, node: &str) -> Option<&Usage> {
        self.usage.get(node)
    }

    /// The pods of a node, by the Node's name.
    pub fn pods_on<'a>(&'a self, node: &str) -> impl Iterator<Item = (PodKey, &'a StatePod)> + 'a {
        let keys = self.usage.get(node).into_iter().flat_map(|usage| &usage.pods);
        keys.filter_map(|(_, _, key)| Some((*key, self.pods.get(key)?)))
    }

    /// Pods that are bound to a node.
    pub fn bound(&self) -> impl Iterator<Item = (PodKey, &StatePod)> {
        let keys = self.usage.values().flat_map(|usage| &usage.pods);
        keys.filter_map(|(_, _, key)| Some((*key, self.pods.get(key)?)))
    }

    /// Pods that wait for a node that does not exist yet.
    pub fn provisionable(&self) -> impl Iterator<Item = (PodKey, &StatePod)> {
        let pods = self.unbound.iter().filter_map(|(_, _, key)| Some((*key, self.pods.get(key)?)));
        pods.filter(|(_, pod)| pod.is_provisionable())
    }

    /// The budgets that a pod is under.
    pub fn budgets_of<'a>(&'a self, pod: &'a StatePod) -> impl Iterator<Item = (&'a Name, &'a Pdb)> {
        let labels = &self.class_of(pod).labels;
        let matching = move |pdb: &Pdb| pdb.selector.as_ref().is_some_and(|selector| selector.matches(labels));
        let in_namespace = self.pdbs.range((pod.namespace.clone(), Name::default())..);
        in_namespace
            .take_while(|((namespace, _), _)| *namespace == pod.namespace)
            .filter(move |(_, pdb)| matching(pdb))
            .map(|((_, name), pdb)| (name, pdb))
    }

    /// The budgets that keep a pod from being evicted.
    pub fn blocking_budgets(&self, pod: &StatePod, now: SimTime, blocks: fn(&Pdb) -> bool) -> Vec<Name> {
        if self.pdbs.is_empty() || !pod.is_evictable(self.class_of(pod), now) {
            return Vec::new();
        }
        let matching: Vec<(&Name, &Pdb)> = self.budgets_of(pod).collect();
        match matching.as_slice() {
            [] => Vec::new(),
            [(name, pdb)] => {
                let passes = (pdb.always_allows_unhealthy && pod.not_ready) || !blocks(pdb);
                if passes { Vec::new() } else { vec![(*name).clone()] }
            }
            several => several.iter().map(|(name, _)| (*name).clone()).collect(),
        }
    }

    /// Whether a pod on a node that goes can be given a new place now.
    pub fn is_currently_reschedulable(&self, pod: &StatePod, now: SimTime) -> bool {
        let class = self.class_of(pod);
        pod.is_reschedulable()
            && (!pod.is_active() || !pod.is_protected(class, now))
            && self.blocking_budgets(pod, now, |pdb| pdb.blocks_fully).is_empty()
    }

    /// How much it costs to evict the pods of a node, and 1 for the node itself.
    pub fn disruption_cost(&self, node: &StateNode) -> f64 {
        let Some(object) = &node.node else { return 1.0 };
        let pods = self.pods_on(&object.object.meta.name);
        let costly = pods.filter(|(_, pod)| !pod.phase.is_terminal() && pod.owner != PodOwner::DaemonSet);
        costly.fold(1.0, |cost, (_, pod)| cost + self.class_of(pod).eviction_cost.max(0.0))
    }

    /// What the nodes of a pool have together, which its limits are about.
    pub fn pool_usage(&self, pool: &str) -> Amounts {
        let mut sum = Amounts::default();
        for node in self.nodes.values().filter(|node| node.pool().is_some_and(|name| name == pool)) {
            sum.merge(&node.capacity());
        }
        sum
    }
}
