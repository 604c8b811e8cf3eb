//! The cluster of a run as the autoscaler sees it.

use crate::api::{self, Name, well_known};
use crate::autoscaler::cluster_autoscaler::environment::{
    Budget, Environment, Event, EventSubject, Evicted, GroupId, Instance, InstanceError, Mark, NodeGroup, ObservedNode,
    PodFacts,
};
use crate::autoscaler::cluster_autoscaler::options::GroupOptions;
use crate::autoscaler::cluster_autoscaler::taints;
use crate::cluster::{
    ApiEvent, Cluster, EventObject, EvictionAnswer, InstanceOrigin, InstanceState, LaunchFailure, NodeGroupId, NodeId,
    NodeReady, ObjectId, PodId, Severity,
};
use crate::engine::RandomStream;
use crate::scheduler::PodInfo;
use crate::units::{NanoDollars, SimDuration, SimTime};
use rand::RngExt;
use std::sync::Arc;

/// The source of the autoscaler's Events.
const SOURCE: &str = "cluster-autoscaler";
/// The ConfigMap that Events about the autoscaler itself are about.
const STATUS: (&str, &str) = ("kube-system", "cluster-autoscaler-status");
/// What a core and a GiB of memory cost in an hour, for the price expander: the list prices of Compute Engine's N1 series,
/// as the provider of GCE has them (`cloudprovider/gce/gce_price_info.go`).
const POD_PRICES_PER_HOUR: (f64, f64) = (0.033_174, 0.004_446);

/// The pods that DaemonSets put on a node, as the scheduler would see them.
pub type DaemonPods = fn(&Cluster, &api::Node) -> Vec<Arc<PodInfo>>;

/// The chunks of all CapacityBuffers, as the scheduler would see them.
pub type BufferChunks = fn(&Cluster) -> Vec<Arc<PodInfo>>;

/// The cluster of a run.
pub struct RunEnvironment<'a> {
    /// The state.
    pub cluster: &'a mut Cluster,
    /// The groups that may be resized.
    pub groups: &'a [NodeGroupId],
    /// The options of all groups.
    pub options: GroupOptions,
    /// Nodes that exist.
    pub nodes: &'a [NodeId],
    /// Pods that are marked as unschedulable.
    pub unschedulable: Vec<Arc<PodInfo>>,
    /// The chunks that CapacityBuffers keep room for.
    pub chunks: &'a [Arc<PodInfo>],
    /// Content of the ConfigMap of the priority expander.
    pub priorities: Option<&'a str>,
    /// Longest time that evicted pods get.
    pub max_graceful_termination: SimDuration,
    /// Decides between equally good options.
    pub draws: &'a mut RandomStream,
    /// What DaemonSets put on a node.
    pub daemon_pods: DaemonPods,
    /// Now.
    pub now: SimTime,
}

impl RunEnvironment<'_> {
    fn group(&self, id: GroupId) -> Option<NodeGroupId> {
        self.groups.get(id.index()).copied()
    }

    /// The group of a node; the pools that may not be resized are none.
    fn group_of(&self, node: NodeId) -> Option<GroupId> {
        let pool = self.cluster.node(node).pool? as usize;
        self.groups.iter().position(|group| group.index() == pool).map(GroupId::from_index)
    }
}

/// Whether a node is ready: its condition says so, and no taint says otherwise.
fn is_ready(ready: NodeReady, node: &api::Node) -> bool {
    const NOT_READY: [&str; 3] =
        [well_known::TAINT_NOT_READY, well_known::TAINT_DISK_PRESSURE, well_known::TAINT_NETWORK_UNAVAILABLE];
    ready == NodeReady::True && !node.taints.iter().any(|taint| NOT_READY.contains(&&*taint.key))
}

impl Environment for RunEnvironment<'_> {
    fn groups(&self) -> Vec<NodeGroup> {
        let groups = self.groups.iter().map(|id| {
            let group = self.cluster.node_group(*id);
            let (min, max) = group.bounds.map_or((0, 0), |bounds| (bounds.min.into(), bounds.max.into()));
            NodeGroup { name: group.name.clone(), min, max, target: group.target.into(), options: self.options }
        });
        groups.collect()
    }

    fn nodes(&self) -> Vec<ObservedNode> {
        let observed = self.nodes.iter().map(|id| {
            let node = self.cluster.node(*id);
            ObservedNode {
                id: *id,
                object: Arc::clone(&node.object),
                ready: is_ready(node.ready, &node.object),
                ready_changed: node.ready_changed,
                created: node.head.created,
                group: self.group_of(*id),
                has_instance: node.instance.is_none_or(|instance| self.cluster.instance(instance).is_wanted()),
            }
        });
        observed.collect()
    }

    fn id_bounds(&self) -> (usize, usize) {
        (self.cluster.nodes().len(), self.cluster.pods().len())
    }

    fn instances(&self, group: GroupId) -> Vec<Instance> {
        let Some(group) = self.group(group) else { return Vec::new() };
        let instances = self.cluster.node_group(group).instances.iter().map(|id| {
            let instance = self.cluster.instance(*id);
            let failure = instance.failure.as_ref().filter(|_| instance.state == InstanceState::Failed);
            Instance {
                name: instance.choice().node.meta.name.clone(),
                error: failure.map(|(_, failure)| InstanceError {
                    code: failure.code().into(),
                    out_of_resources: matches!(failure, LaunchFailure::StockOut | LaunchFailure::Quota(_)),
                    message: failure.code().into(),
                }),
                deleting: !instance.is_wanted(),
            }
        });
        instances.collect()
    }

    fn template(&self, group: GroupId) -> Option<Arc<api::Node>> {
        Some(Arc::new(self.cluster.node_group(self.group(group)?).template()))
    }

    fn daemon_pods(&self, node: &api::Node) -> Vec<Arc<PodInfo>> {
        (self.daemon_pods)(self.cluster, node)
    }

    fn unschedulable(&self) -> Vec<Arc<PodInfo>> {
        self.unschedulable.clone()
    }

    fn chunks(&self) -> Vec<Arc<PodInfo>> {
        self.chunks.to_vec()
    }

    fn pod(&self, pod: PodId) -> Option<PodFacts> {
        if pod.index() >= self.cluster.pods().len() {
            return None;
        }
        let pod = self.cluster.pod(pod);
        pod.exists().then(|| PodFacts {
            created: pod.head.created,
            deleted: pod.deletion.map(|deletion| deletion.requested + deletion.grace),
            phase: pod.phase,
        })
    }

    fn controller_replicas(&self, pod: PodId) -> Option<i32> {
        if pod.index() >= self.cluster.pods().len() {
            return None;
        }
        Some(match self.cluster.pod(pod).owner? {
            ObjectId::ReplicaSet(set) => self.cluster.replica_set(set).spec_replicas,
            _ => 1,
        })
    }

    fn budgets(&self) -> Vec<Budget> {
        let budgets = self.cluster.disruption_budgets().map(|(_, budget)| Budget {
            namespace: budget.object.meta.namespace.clone(),
            name: budget.object.meta.name.clone(),
            selector: budget.object.selector.clone(),
            disruptions_allowed: budget.status.disruptions_allowed.into(),
        });
        budgets.collect()
    }

    fn node_price_per_hour(&self, group: GroupId) -> Option<f64> {
        self.cluster.node_group(self.group(group)?).price_per_hour.map(NanoDollars::as_dollars)
    }

    fn pod_prices_per_hour(&self) -> (f64, f64) {
        POD_PRICES_PER_HOUR
    }

    fn priorities(&self) -> Option<&str> {
        self.priorities
    }

    fn draw(&mut self, options: usize) -> usize {
        if options > 1 { self.draws.random_range(0..options) } else { 0 }
    }

    fn increase_size(&mut self, group: GroupId, delta: i64, why: &str) -> Result<(), String> {
        let group = self.group(group).ok_or("no such group")?;
        let by = u32::try_from(delta).map_err(|_| "size increase must be positive".to_owned())?;
        let (origin, why) = (InstanceOrigin::ClusterAutoscaler, Name::from(why));
        let made = self.cluster.increase_node_group(group, by, origin, &why, self.now);
        made.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    fn decrease_target_size(&mut self, group: GroupId, delta: i64) -> Result<(), String> {
        let group = self.group(group).ok_or("no such group")?;
        let by = u32::try_from(delta).map_err(|_| "size decrease must be negative".to_owned())?;
        self.cluster.decrease_node_group_target(group, by).map_err(|refusal| refusal.to_string())
    }

    fn delete_instances(&mut self, group: GroupId, names: &[Name], why: &str) -> Result<(), String> {
        let group = self.group(group).ok_or("no such group")?;
        let (origin, why) = (InstanceOrigin::ClusterAutoscaler, Name::from(why));
        for name in names {
            let instances = &self.cluster.node_group(group).instances;
            let is_it = |id: &&crate::cluster::InstanceId| self.cluster.instance(**id).choice().node.meta.name == *name;
            if let Some(id) = instances.iter().find(is_it).copied() {
                self.cluster.delete_instance(id, origin, &why, self.now);
            }
        }
        Ok(())
    }

    fn mark(&mut self, node: NodeId, mark: Mark, set: bool) {
        let taint = match mark {
            Mark::ToBeDeleted { .. } => taints::to_be_deleted(self.now),
            Mark::DeletionCandidate => taints::deletion_candidate(self.now),
        };
        self.cluster.update_node(node, |object| {
            object.taints.retain(|known| known.key != taint.key);
            if set {
                object.taints.push(taint);
            }
            if mark == (Mark::ToBeDeleted { cordon: true }) {
                object.unschedulable = set;
            }
        });
    }

    fn evict(&mut self, pod: PodId, _: bool) -> Evicted {
        if !self.cluster.pod(pod).exists() {
            return Evicted::Accepted;
        }
        let grace = self.cluster.template_of(pod).template.spec.termination_grace_period;
        let longest = self.max_graceful_termination;
        let grace = if longest > SimDuration::ZERO { grace.min(longest) } else { grace };
        match self.cluster.evict_pod(pod, Some(grace), self.now) {
            EvictionAnswer::Evict { .. } => Evicted::Accepted,
            refused => Evicted::Refused(refused.message()),
        }
    }

    fn exists(&self, pod: PodId) -> bool {
        self.cluster.pod(pod).exists()
    }

    fn emit(&mut self, event: Event) {
        let object = match event.subject {
            EventSubject::Pod(pod) => EventObject::Pod(pod),
            EventSubject::Node(node) => EventObject::Other {
                kind: "Node",
                namespace: Name::default(),
                name: self.cluster.node(node).object.meta.name.clone(),
            },
            EventSubject::Status => {
                EventObject::Other { kind: "ConfigMap", namespace: STATUS.0.into(), name: STATUS.1.into() }
            }
        };
        let severity = if event.is_warning { Severity::Warning } else { Severity::Normal };
        let message = event.message.into();
        self.cluster.emit(ApiEvent { severity, reason: event.reason, source: SOURCE, object, message });
    }
}
