//! Answers of `wavetank fit`: their JSON form. The text for people is made in [`text`].

mod text;

use serde::Serialize;

/// The version of the JSON form. It changes when a field is removed or changes its meaning.
pub const FIT_FORMAT_VERSION: u32 = 1;

/// A reason in Kubernetes' words, and how many nodes give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// The reason, for example `Insufficient cpu`.
    pub reason: String,
    /// Nodes.
    pub nodes: usize,
}

/// The pod that is asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AskedPod {
    /// `Pod`, or the workload's kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name of the Pod or workload.
    pub name: String,
    /// Requested cores.
    pub request_cpu_cores: f64,
    /// Requested memory.
    pub request_memory_bytes: i64,
    /// Requests of other resources.
    pub request_other: Vec<OtherAmount>,
    /// `spec.priority`.
    pub priority: i32,
}

/// An amount of a resource besides cpu and memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherAmount {
    /// The resource.
    pub resource: String,
    /// Units or bytes.
    pub amount: i64,
}

/// What the pods found on one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeFit {
    /// Name.
    pub node: String,
    /// Zone label.
    pub zone: Option<String>,
    /// Whether the node is one of those to be added.
    pub is_new: bool,
    /// Asked pods that were placed here.
    pub fits: usize,
    /// Cores that no pod requests, after that.
    pub free_cpu_cores: f64,
    /// Memory that no pod requests, after that.
    pub free_memory_bytes: i64,
    /// Pods that the node could still take by its limit of pods.
    pub free_pods: i64,
    /// What is free of other resources that the pod requests.
    pub free_other: Vec<OtherAmount>,
    /// The plugin that rejects one more pod here; null if it fits.
    pub rejected_by: Option<String>,
    /// In Kubernetes' words.
    pub reasons: Vec<String>,
}

/// What the pods found in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ZoneFit {
    /// Zone label; null for nodes without one.
    pub zone: Option<String>,
    /// Nodes in the zone.
    pub nodes: usize,
    /// Asked pods that were placed here.
    pub fits: usize,
}

/// Why one more pod finds no place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextPod {
    /// The message of its `FailedScheduling` event, without the part about preemption.
    pub message: String,
    /// Reasons by the number of nodes.
    pub reasons: Vec<ReasonCount>,
}

/// How many of a pod fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// [`FIT_FORMAT_VERSION`].
    pub format_version: u32,
    /// `how-many`.
    pub question: &'static str,
    /// The answer in one line.
    pub answer: String,
    /// The release whose rules apply.
    pub kubernetes_version: String,
    /// The pod.
    pub pod: AskedPod,
    /// How many fit.
    pub fits: usize,
    /// `--max`.
    pub max: usize,
    /// Whether the search ended at `--max`, so that more may fit.
    pub stopped_at_max: bool,
    /// Why one more pod finds no place; null if it does.
    pub next: Option<NextPod>,
    /// By zone; empty if no node has one.
    pub zones: Vec<ZoneFit>,
    /// By node.
    pub nodes: Vec<NodeFit>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// How many nodes of a shape are needed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodesForReport {
    /// [`FIT_FORMAT_VERSION`].
    pub format_version: u32,
    /// `nodes-for`.
    pub question: &'static str,
    /// The answer in one line.
    pub answer: String,
    /// The release whose rules apply.
    pub kubernetes_version: String,
    /// The pod.
    pub pod: AskedPod,
    /// How many pods are to fit.
    pub wanted: usize,
    /// The shape of the nodes, as it was given.
    pub pool: String,
    /// Nodes to add; null if no number of them is enough.
    pub nodes_needed: Option<usize>,
    /// Pods that fit on one node fewer; null if none is needed or no number is enough.
    pub fits_with_one_fewer: Option<usize>,
    /// Pods that fit with `tried_nodes`.
    pub fits: usize,
    /// The nodes of the answer, or the most that were tried.
    pub tried_nodes: usize,
    /// Why one more pod finds no place with the nodes of the answer, or with the most that were tried; null if it does.
    pub next: Option<NextPod>,
    /// By zone; empty if no node has one.
    pub zones: Vec<ZoneFit>,
    /// By node, present ones first.
    pub nodes: Vec<NodeFit>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// A pod that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// `namespace/name`.
    pub pod: String,
    /// The node to which it goes.
    pub to: String,
}

/// A node that can go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DroppedNode {
    /// Name.
    pub node: String,
    /// Zone label.
    pub zone: Option<String>,
    /// The larger of the requested shares of cpu and memory, when its turn came.
    pub utilization_ratio: f64,
    /// Its pods and where they go, in the order in which they are placed.
    pub moves: Vec<Move>,
    /// DaemonSet and static pods that go with the node.
    pub ends_with_node: usize,
}

/// A node that stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptNode {
    /// Name.
    pub node: String,
    /// Zone label.
    pub zone: Option<String>,
    /// The larger of the requested shares of cpu and memory, at the end.
    pub utilization_ratio: f64,
    /// A word for the reason: `no-place`, `disruption-budget`, `no-controller`, `system-pod`, `not-safe-to-evict`,
    /// `control-plane`, `scale-down-disabled`, `last-node`.
    pub blocked_by: &'static str,
    /// The pod that keeps it, if it is one.
    pub pod: Option<String>,
    /// Why, in a few words.
    pub reason: String,
    /// Why, in a sentence.
    pub detail: String,
}

/// Which nodes can go with every pod still placed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompressReport {
    /// [`FIT_FORMAT_VERSION`].
    pub format_version: u32,
    /// `compress`.
    pub question: &'static str,
    /// The answer in one line.
    pub answer: String,
    /// The release whose rules apply.
    pub kubernetes_version: String,
    /// Nodes that there are.
    pub nodes: usize,
    /// Nodes that can go.
    pub droppable: usize,
    /// Evictions that this takes. A pod that moves twice counts twice.
    pub evictions: usize,
    /// Nodes that can go, in the order in which they do.
    pub dropped: Vec<DroppedNode>,
    /// Nodes that stay.
    pub kept: Vec<KeptNode>,
    /// What else there is to know.
    pub notes: Vec<String>,
}
