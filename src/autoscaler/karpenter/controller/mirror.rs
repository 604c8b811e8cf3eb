//! Karpenter's picture of the cluster, kept up to date by changes (`pkg/controllers/state`).

use super::catalogue::{Catalogue, pool_types};
use super::claims::volumes_of;
use super::settings::KarpenterSettings;
use crate::api::karpenter::keys;
use crate::api::{self, IntOrPercent, Name, PodPhase, ResourceAmounts, pod_requests};
use crate::autoscaler::capacity_buffer::BufferRules;
use crate::autoscaler::capacity_buffer::chunks::chunks;
use crate::autoscaler::karpenter::daemon_set::DaemonPod;
use crate::autoscaler::karpenter::label::WellKnownLabels;
use crate::autoscaler::karpenter::options::{MapOrder, Options};
use crate::autoscaler::karpenter::pod::{ClassTable, Protection};
use crate::autoscaler::karpenter::state::{ClusterState, Pdb, PodKey, PodOwner, Pool, StatePod};
use crate::autoscaler::karpenter::state_node::{NodeObject, StateNode};
use crate::cluster::{
    CapacityBufferId, Change, Cluster, DaemonSetId, DisruptionBudgetId, InstanceId, NodeClaimId, NodeId, NodePoolId,
    NodeReady, ObjectId, PodId, TemplateId,
};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first key of chunks of CapacityBuffers, beyond those of all pods.
const FIRST_CHUNK: u64 = 1 << 63;
/// The label of reserved offerings that names their reservation.
const RESERVATION_LABEL: &str = "karpenter.k8s.aws/capacity-reservation-id";

/// The picture, and what belongs together in it.
#[derive(Debug)]
pub struct Mirror {
    /// What decisions read.
    pub state: ClusterState,
    /// How they decide.
    pub options: Options,
    /// Instance types by pool, and what cannot be had for the time being.
    pub catalogue: Catalogue,
    /// Grows with each change that may change a decision.
    pub version: u64,
    requests: BTreeMap<TemplateId, ResourceAmounts>,
    claims_of_nodes: BTreeMap<NodeId, NodeClaimId>,
    nodes_of_claims: BTreeMap<NodeClaimId, NodeId>,
    instances: BTreeMap<NodeClaimId, InstanceId>,
    has_timed_protection: bool,
    chunks: BTreeMap<CapacityBufferId, Vec<PodKey>>,
    keeps_buffers: bool,
}

impl Mirror {
    /// Of an empty cluster.
    pub fn new(settings: &KarpenterSettings) -> Self {
        let options = Options {
            version: settings.version,
            preference_policy: settings.preference_policy,
            min_values_policy: settings.min_values_policy,
            spot_to_spot_consolidation: settings.spot_to_spot_consolidation,
            reserved_capacity: settings.reserved_capacity,
            well_known: WellKnownLabels::new([]),
            reservation_label: RESERVATION_LABEL.into(),
            map_order: MapOrder::default(),
        };
        Self {
            state: ClusterState::new(ClassTable::new(settings.preference_policy)),
            options,
            catalogue: Catalogue::default(),
            version: 0,
            requests: BTreeMap::new(),
            claims_of_nodes: BTreeMap::new(),
            nodes_of_claims: BTreeMap::new(),
            instances: BTreeMap::new(),
            has_timed_protection: false,
            chunks: BTreeMap::new(),
            keeps_buffers: settings.capacity_buffer,
        }
    }

    /// The key of a pod.
    pub fn key(pod: PodId) -> PodKey {
        PodKey(pod.index() as u64)
    }

    /// The pod of a key; `None` of a chunk of a CapacityBuffer.
    pub fn pod(key: PodKey) -> Option<PodId> {
        let index = usize::try_from(key.0).ok().filter(|_| key.0 < FIRST_CHUNK)?;
        Some(PodId::from_index(index))
    }

    /// Whether a buffer has chunks.
    pub fn has_chunks(&self, buffer: CapacityBufferId) -> bool {
        self.chunks.get(&buffer).is_some_and(|chunks| !chunks.is_empty())
    }

    /// Notes which nodes have room for chunks by the last run of the provisioner (`UpdateBufferPodCounts`).
    pub fn note_chunks(&mut self, existing: &[(Name, Vec<PodKey>)]) {
        if self.chunks.is_empty() {
            return;
        }
        let with_chunks: BTreeMap<&Name, bool> =
            existing.iter().map(|(node, pods)| (node, pods.iter().any(|key| Self::pod(*key).is_none()))).collect();
        let nodes: Vec<Name> = self.state.nodes().map(|(name, _)| name.clone()).collect();
        for name in nodes {
            if let Some(node) = self.state.node_mut(&name) {
                node.has_buffer_pods = with_chunks.get(&name).copied().unwrap_or(false);
            }
        }
    }

    /// Puts the chunks of a buffer among the pods that wait, instead of those that it had before.
    fn put_chunks(&mut self, id: CapacityBufferId, cluster: &Cluster) {
        for key in self.chunks.remove(&id).unwrap_or_default() {
            self.state.remove_pod(key);
        }
        let buffer = cluster.capacity_buffer(id);
        let Some((template, names)) = chunks(buffer, BufferRules::Karpenter).filter(|_| !buffer.removed) else {
            return;
        };
        let template = Arc::new(template);
        let namespace = cluster.namespace_name(buffer.namespace);
        let requests = pod_requests(&template.spec);
        let class = self.state.classes.intern(namespace, &template.labels, &template, &requests);
        let uid = ObjectId::CapacityBuffer(id).uid().to_string();
        let mut keys = Vec::new();
        for (number, name) in (1_u64..).zip(names) {
            let key = PodKey(FIRST_CHUNK + ((id.index() as u64) << 32) + number);
            let chunk = StatePod {
                namespace: namespace.clone(),
                name,
                uid: format!("{uid}-{number}").into(),
                class,
                // Chunks are made for each run anew: every pod is older.
                created: SimTime::from_nanos(i64::MAX),
                started: None,
                phase: PodPhase::Pending,
                terminating: false,
                owner: PodOwner::Other,
                node: None,
                not_ready: true,
                unschedulable: true,
                nominated: false,
                volumes: None,
            };
            self.state.put_pod(key, chunk);
            keys.push(key);
        }
        self.chunks.insert(id, keys);
    }

    /// The node of a NodeClaim.
    pub fn node_of(&self, claim: NodeClaimId) -> Option<NodeId> {
        self.nodes_of_claims.get(&claim).copied()
    }

    /// The NodeClaim of a node.
    pub fn claim_of(&self, node: NodeId) -> Option<NodeClaimId> {
        self.claims_of_nodes.get(&node).copied()
    }

    /// The instance of a NodeClaim.
    pub fn instance_of(&self, claim: NodeClaimId) -> Option<InstanceId> {
        self.instances.get(&claim).copied()
    }

    /// An instance was asked for.
    pub fn set_instance(&mut self, claim: NodeClaimId, instance: InstanceId) {
        self.instances.insert(claim, instance);
    }

    /// Whether a pod may be protected from disruption for a while.
    pub const fn has_timed_protection(&self) -> bool {
        self.has_timed_protection
    }

    /// Whether every NodeClaim is launched, without which no loop decides (`Synced`).
    pub fn is_synced(&self) -> bool {
        let is_known = |claim: &api::karpenter::NodeClaim| {
            claim.status.provider_id.is_some() || claim.meta.deletion_time.is_some()
        };
        self.state.nodes().all(|(_, node)| node.claim.as_ref().is_none_or(|claim| is_known(claim)))
    }

    /// A change of the cluster.
    pub fn observe(&mut self, change: Change, cluster: &Cluster) {
        match change {
            Change::PodAdded(id)
            | Change::PodBound(id)
            | Change::PodTerminating(id)
            | Change::PodEnded(id)
            | Change::ObjectUpdated(ObjectId::Pod(id)) => {
                self.put_pod(id, cluster);
                self.version += 1;
            }
            Change::PodRunning(id) => self.put_pod(id, cluster),
            Change::PodReadiness(id) => {
                self.put_pod(id, cluster);
                self.version += u64::from(self.state.pdbs.values().any(|pdb| pdb.always_allows_unhealthy));
            }
            Change::PodRemoved(id) => {
                self.state.remove_pod(Self::key(id));
                self.version += 1;
            }
            Change::NodeAdded(id) | Change::NodeUpdated(id) | Change::NodeReadiness(id) => {
                self.put_node(id, cluster);
                self.version += 1;
            }
            Change::NodeRemoved(id) => {
                self.drop_node(id, cluster);
                self.version += 1;
            }
            Change::NodeClaimChanged(id) => {
                self.link_by_name(id, cluster);
                self.put_claim(id, cluster);
                self.version += 1;
            }
            Change::NodeClaimRemoved(id) => {
                if let Some(node) = self.nodes_of_claims.remove(&id) {
                    self.claims_of_nodes.remove(&node);
                }
                self.instances.remove(&id);
                self.state.remove_node(&cluster.node_claim(id).object.meta.name);
                self.version += 1;
            }
            Change::NodePoolChanged(id) => {
                self.put_pool(id, cluster);
                self.version += 1;
            }
            Change::NodePoolRemoved(id) => {
                self.state.pools.remove(&cluster.node_pool(id).object.meta.name);
                self.version += 1;
            }
            Change::DaemonSetSpec(id) => {
                self.put_daemon_set(id, cluster);
                self.version += 1;
            }
            Change::DaemonSetRemoved(id) => {
                let set = cluster.daemon_set(id);
                let key = (cluster.namespace_name(set.namespace).clone(), set.object.meta.name.clone());
                self.state.daemon_sets.remove(&key);
                self.version += 1;
            }
            Change::DisruptionBudgetSpec(id) | Change::DisruptionBudgetStatus(id) => {
                self.put_budget(id, cluster);
            }
            Change::DisruptionBudgetRemoved(id) => {
                let budget = cluster.disruption_budget(id);
                let key = (cluster.namespace_name(budget.namespace).clone(), budget.object.meta.name.clone());
                self.state.pdbs.remove(&key);
                self.version += 1;
            }
            Change::CapacityBufferStatus(id) | Change::CapacityBufferRemoved(id) if self.keeps_buffers => {
                self.put_chunks(id, cluster);
                self.version += 1;
            }
            Change::NamespaceChanged(id) => {
                let name = cluster.namespace_name(id).clone();
                self.state.namespaces.insert(name, cluster.namespace_labels(id).clone());
                self.version += 1;
            }
            Change::NamespaceRemoved(id) => {
                self.state.namespaces.remove(cluster.namespace_name(id));
            }
            _ => {}
        }
    }

    fn put_pod(&mut self, id: PodId, cluster: &Cluster) {
        let pod = cluster.pod(id);
        if !pod.exists() {
            return;
        }
        let info = cluster.template_of(id);
        let requests = self.requests.entry(pod.template).or_insert_with(|| pod_requests(&info.template.spec));
        let namespace = cluster.namespace_name(pod.namespace);
        let labels = cluster.pod_labels(id);
        let class = self.state.classes.intern(namespace, &labels, &info.template, requests);
        self.has_timed_protection |= matches!(self.state.classes.get(class).protection, Protection::For(_));
        let owner = match pod.owner {
            Some(ObjectId::DaemonSet(_)) => PodOwner::DaemonSet,
            Some(ObjectId::StatefulSet(_)) => PodOwner::StatefulSet,
            Some(ObjectId::Node(_)) => PodOwner::Node,
            _ => PodOwner::Other,
        };
        let key = Self::key(id);
        let uid = match self.state.pod(key) {
            Some(known) => known.uid.clone(),
            None => ObjectId::Pod(id).uid().into(),
        };
        let waits = pod.node.is_none() && pod.scheduling_attempts > 0 && !pod.reason.is_empty();
        self.state.put_pod(
            key,
            StatePod {
                namespace: namespace.clone(),
                name: pod.name.clone(),
                uid,
                class,
                created: pod.head.created,
                started: pod.start_time,
                phase: pod.phase,
                terminating: pod.deletion.is_some(),
                owner,
                node: pod.node.map(|node| cluster.node(node).object.meta.name.clone()),
                not_ready: !pod.ready,
                unschedulable: waits,
                nominated: cluster.nominated_node(id).is_some(),
                volumes: volumes_of(cluster, namespace, &pod.name, &info.template.spec.volumes),
            },
        );
    }

    /// Finds the NodeClaim of a node.
    fn link(&mut self, node: NodeId, cluster: &Cluster) -> Option<NodeClaimId> {
        if let Some(claim) = self.claim_of(node) {
            return Some(claim);
        }
        let state = cluster.node(node);
        let by_instance = state.instance.and_then(|instance| cluster.instance(instance).request.node_claim.clone());
        let claim = match by_instance {
            Some(name) => cluster.node_claim_id(&name)?,
            None if state.object.meta.labels.contains_key(keys::NODE_POOL) => {
                let name = Some(&state.object.meta.name);
                cluster
                    .node_claims()
                    .find(|(_, claim)| claim.exists() && claim.object.status.node_name.as_ref() == name)?
                    .0
            }
            None => return None,
        };
        self.set_link(node, claim, cluster);
        Some(claim)
    }

    fn link_by_name(&mut self, claim: NodeClaimId, cluster: &Cluster) {
        if self.nodes_of_claims.contains_key(&claim) {
            return;
        }
        if let Some(node) = cluster.node_of_claim(claim) {
            self.set_link(node, claim, cluster);
        }
    }

    fn set_link(&mut self, node: NodeId, claim: NodeClaimId, cluster: &Cluster) {
        self.claims_of_nodes.insert(node, claim);
        self.nodes_of_claims.insert(claim, node);
        // Until now it was a node that nobody manages.
        self.state.remove_node(&cluster.node(node).object.meta.name);
    }

    fn put_node(&mut self, id: NodeId, cluster: &Cluster) {
        if !cluster.node(id).exists() {
            return;
        }
        match self.link(id, cluster) {
            Some(claim) => self.put_claim(claim, cluster),
            None => {
                let name = cluster.node(id).object.meta.name.clone();
                let node = StateNode { node: Some(node_object(id, cluster)), ..StateNode::default() };
                self.state.put_node(name, node);
            }
        }
    }

    fn drop_node(&mut self, id: NodeId, cluster: &Cluster) {
        match self.claims_of_nodes.remove(&id) {
            Some(claim) => {
                self.nodes_of_claims.remove(&claim);
                self.put_claim(claim, cluster);
            }
            None => self.state.remove_node(&cluster.node(id).object.meta.name),
        }
    }

    fn put_claim(&mut self, id: NodeClaimId, cluster: &Cluster) {
        let claim = cluster.node_claim(id);
        if !claim.exists() {
            return;
        }
        let name = claim.object.meta.name.clone();
        let known = self.state.node(&name).cloned().unwrap_or_default();
        let node = self.node_of(id).filter(|node| cluster.node(*node).exists());
        let node = StateNode {
            node: node.map(|node| node_object(node, cluster)),
            claim: Some(Arc::clone(&claim.object)),
            ..known
        };
        self.state.put_node(name, node);
    }

    fn put_pool(&mut self, id: NodePoolId, cluster: &Cluster) {
        let spec = Arc::clone(&cluster.node_pool(id).object);
        self.know_labels(cluster);
        let instance_types = Arc::new(pool_types(&spec, &self.catalogue, &self.options.reservation_label, cluster));
        self.state.pools.insert(spec.meta.name.clone(), Pool { spec, instance_types, deleting: false });
    }

    /// What can be had has changed.
    pub fn refresh_pools(&mut self, cluster: &Cluster) {
        let pools: Vec<NodePoolId> = cluster.node_pools().map(|(id, _)| id).collect();
        for pool in pools {
            self.put_pool(pool, cluster);
        }
        self.version += 1;
    }

    /// The labels that the instance types have are known to Karpenter.
    fn know_labels(&mut self, cluster: &Cluster) {
        if self.state.pools.is_empty() {
            let types = cluster.instance_types().iter();
            let keys = types.flat_map(|of| of.labels.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
            self.options.well_known = WellKnownLabels::new(keys.chain([Name::from(RESERVATION_LABEL)]));
        }
    }

    fn put_daemon_set(&mut self, id: DaemonSetId, cluster: &Cluster) {
        let set = cluster.daemon_set(id);
        if set.removed {
            return;
        }
        let key = (cluster.namespace_name(set.namespace).clone(), set.object.meta.name.clone());
        let spec = &cluster.template(set.object.template).template.spec;
        self.state.daemon_sets.insert(key, DaemonPod::new(spec, None));
    }

    fn put_budget(&mut self, id: DisruptionBudgetId, cluster: &Cluster) {
        let budget = cluster.disruption_budget(id);
        let none =
            |number: &Option<IntOrPercent>| matches!(number, Some(IntOrPercent::Int(0) | IntOrPercent::Percent(0)));
        let pdb = Pdb {
            selector: budget.object.selector.clone(),
            disruptions_allowed: budget.status.disruptions_allowed,
            blocks_fully: none(&budget.object.max_unavailable)
                || budget.object.min_available == Some(IntOrPercent::Percent(100)),
            always_allows_unhealthy: budget.object.always_allow_unhealthy,
        };
        let key = (cluster.namespace_name(budget.namespace).clone(), budget.object.meta.name.clone());
        // Only whether it allows anything bears on a decision.
        let is_same = |known: &Pdb| {
            (known.disruptions_allowed == 0) == (pdb.disruptions_allowed == 0)
                && known.selector == pdb.selector
                && known.blocks_fully == pdb.blocks_fully
                && known.always_allows_unhealthy == pdb.always_allows_unhealthy
        };
        let is_new = !self.state.pdbs.get(&key).is_some_and(is_same);
        self.version += u64::from(is_new);
        self.state.pdbs.insert(key, pdb);
    }

    /// Marks a node as one that is about to go, or no more.
    pub fn mark_for_deletion(&mut self, claim: &Name, marked: bool) {
        if let Some(node) = self.state.node_mut(claim)
            && node.marked_for_deletion != marked
        {
            node.marked_for_deletion = marked;
            self.version += 1;
        }
    }

    /// A node is kept for pods that were promised a place on it.
    pub fn nominate(&mut self, claim: &Name, until: SimTime) {
        if let Some(node) = self.state.node_mut(claim) {
            node.nominated_until = node.nominated_until.max(until);
        }
    }
}

fn node_object(id: NodeId, cluster: &Cluster) -> NodeObject {
    let node = cluster.node(id);
    NodeObject { object: Arc::clone(&node.object), ready: node.ready == NodeReady::True, deleting: false }
}
