//! What the Cluster Autoscaler sees and does: the cloud's node groups and instances, and the API server.
//!
//! A run answers from the cluster's state; the replay of recordings from a small scripted one. Nodes and the pods on them
//! are in the [`Snapshot`](super::snapshot::Snapshot), which whoever answers keeps up to date.

use super::options::GroupOptions;
use crate::api::{self, LabelSelector, Name, PodPhase};
use crate::cluster::{NodeId, PodId};
use crate::scheduler::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

/// A node group, by its place in the provider's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u32);

impl GroupId {
    /// The group at a place of the provider's list.
    pub fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its place.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node group as the cloud provider describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeGroup {
    /// Its id, for example the name of an Auto Scaling group.
    pub name: Name,
    /// Least number of nodes.
    pub min: i64,
    /// Most nodes.
    pub max: i64,
    /// Nodes that the cloud is asked for.
    pub target: i64,
    /// Its options.
    pub options: GroupOptions,
}

/// A node as its object shows it.
#[derive(Clone, Debug)]
pub struct ObservedNode {
    /// Its id.
    pub id: NodeId,
    /// The object.
    pub object: Arc<api::Node>,
    /// Whether its conditions and taints say that it is ready (`GetNodeReadiness`).
    pub ready: bool,
    /// The last change of the condition.
    pub ready_changed: SimTime,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
    /// The group that it belongs to.
    pub group: Option<GroupId>,
    /// Whether its machine exists in the cloud.
    pub has_instance: bool,
}

/// Why an instance could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceError {
    /// The cloud's code.
    pub code: Name,
    /// Whether the cloud has no more of them (`OutOfResourcesErrorClass`), else another class.
    pub out_of_resources: bool,
    /// The cloud's words.
    pub message: Name,
}

/// A machine of a node group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id, which its node's name is equal to.
    pub name: Name,
    /// Why it could not be made.
    pub error: Option<InstanceError>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// What of a pod is not in the scheduler's view of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodFacts {
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
    /// `metadata.deletionTimestamp`: the moment when its grace period is over.
    pub deleted: Option<SimTime>,
    /// `status.phase`.
    pub phase: PodPhase,
}

/// A PodDisruptionBudget as the autoscaler counts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Which pods; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub disruptions_allowed: i64,
}

/// What became of an eviction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evicted {
    /// The pod is deleted, or is gone already.
    Accepted,
    /// The API server refused, with these words.
    Refused(String),
}

/// A taint of the autoscaler's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `ToBeDeletedByClusterAutoscaler`, and the cordon that goes with it if the option says so.
    ToBeDeleted {
        /// Whether the node is cordoned too.
        cordon: bool,
    },
    /// `DeletionCandidateOfClusterAutoscaler`.
    DeletionCandidate,
}

/// What an Event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSubject {
    /// A pod.
    Pod(PodId),
    /// A node.
    Node(NodeId),
    /// The autoscaler's status ConfigMap.
    Status,
}

/// A Kubernetes Event of the autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub subject: EventSubject,
    /// Whether its type is Warning.
    pub is_warning: bool,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: String,
}

/// What the Cluster Autoscaler sees and does besides the snapshot.
pub trait Environment {
    /// The node groups in the provider's order.
    fn groups(&self) -> Vec<NodeGroup>;

    /// Every node in the order of creation.
    fn nodes(&self) -> Vec<ObservedNode>;

    /// How many nodes and pods there ever were: ids of simulated ones start there.
    fn id_bounds(&self) -> (usize, usize);

    /// The instances of a group, in the order in which they were made.
    fn instances(&self, group: GroupId) -> Vec<Instance>;

    /// The node that the provider makes for a group; `None` if it cannot say.
    fn template(&self, group: GroupId) -> Option<Arc<api::Node>>;

    /// The pods that DaemonSets would put on a node.
    fn daemon_pods(&self, node: &api::Node) -> Vec<Arc<PodInfo>>;

    /// Pods without a node whose condition says that they are unschedulable, in the order of creation.
    fn unschedulable(&self) -> Vec<Arc<PodInfo>>;

    /// The chunks that CapacityBuffers keep room for: pods that do not exist, each with an id that no pod has.
    fn chunks(&self) -> Vec<Arc<PodInfo>>;

    /// What else is known of a pod; `None` if it does not exist.
    fn pod(&self, pod: PodId) -> Option<PodFacts>;

    /// Replicas of the controller of a pod; `None` if the controller does not exist. Controllers without replicas have 1.
    fn controller_replicas(&self, pod: PodId) -> Option<i32>;

    /// PodDisruptionBudgets in the order of creation.
    fn budgets(&self) -> Vec<Budget>;

    /// What a node of a group costs in an hour; `None` if nobody knows.
    fn node_price_per_hour(&self, group: GroupId) -> Option<f64>;

    /// What a cpu and a GiB of memory cost in an hour.
    fn pod_prices_per_hour(&self) -> (f64, f64);

    /// The content of the ConfigMap of the priority expander.
    fn priorities(&self) -> Option<&str>;

    /// Which of some equally good options is taken.
    fn draw(&mut self, options: usize) -> usize;

    /// Asks the cloud for more nodes; `why` is for the records.
    ///
    /// # Errors
    /// The cloud's words if it refuses.
    fn increase_size(&mut self, group: GroupId, delta: i64, why: &str) -> Result<(), String>;

    /// Asks the cloud for fewer nodes than those that it has not made yet.
    ///
    /// # Errors
    /// The cloud's words if it refuses.
    fn decrease_target_size(&mut self, group: GroupId, delta: i64) -> Result<(), String>;

    /// Deletes instances, and as many nodes from the target; `why` is for the records.
    ///
    /// # Errors
    /// The cloud's words if it refuses.
    fn delete_instances(&mut self, group: GroupId, names: &[Name], why: &str) -> Result<(), String>;

    /// Sets or takes away a taint of the autoscaler's on a node.
    fn mark(&mut self, node: NodeId, mark: Mark, set: bool);

    /// Asks the API server to evict a pod.
    fn evict(&mut self, pod: PodId, is_best_effort: bool) -> Evicted;

    /// Whether a pod still exists.
    fn exists(&self, pod: PodId) -> bool;

    /// Emits an Event.
    fn emit(&mut self, event: Event);
}
