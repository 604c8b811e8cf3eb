//! Answers of `wavetank explain`: their JSON form. The text for people is made in `text`.

mod grid;
mod node;
mod text;

pub use node::{ExplainedDecision, ExplainedNode, NodeExplanation};

use serde::Serialize;

/// The version of the JSON form. It changes when a field is removed or changes its meaning.
pub const EXPLAIN_FORMAT_VERSION: u32 = 1;

/// The pod that is asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedPod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The workload that it belongs to, as `Deployment/web`.
    pub workload: Option<String>,
    /// Scheduling attempts up to the end of the run, or up to `--at`.
    pub attempts: u32,
    /// The node that it is or was bound to by then.
    pub node: Option<String>,
}

/// What a pod asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Requests {
    /// Cores.
    pub cpu_cores: f64,
    /// Memory.
    pub memory_bytes: i64,
    /// Other resources.
    pub other: Vec<Request>,
}

/// A request of a resource besides cpu and memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The resource.
    pub resource: String,
    /// Units or bytes.
    pub amount: i64,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptResult {
    /// A node was chosen.
    Placed,
    /// No node fits; preemption makes room on one.
    Preempting,
    /// No node fits.
    Unschedulable,
}

/// A plugin that gave scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoringPlugin {
    /// Name.
    pub plugin: String,
    /// Weight.
    pub weight: i64,
}

/// What one plugin makes of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// As the plugin gave it.
    pub raw: i64,
    /// Normalised to 0..100 and weighted.
    pub weighted: i64,
}

/// A node that passed every filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeasibleNode {
    /// Name.
    pub node: String,
    /// Zone label.
    pub zone: Option<String>,
    /// Sum of the weighted scores; null where a single feasible node made scores needless.
    pub total: Option<i64>,
    /// In the order of `plugins`; empty without scores.
    pub scores: Vec<Score>,
    /// Whether it has the highest total.
    pub is_best: bool,
    /// Whether it was chosen.
    pub is_chosen: bool,
}

/// A node that a plugin rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedNode {
    /// Name.
    pub node: String,
    /// Zone label.
    pub zone: Option<String>,
    /// The plugin.
    pub plugin: String,
    /// `Unschedulable`: preemption may help; `UnschedulableAndUnresolvable`: it cannot.
    pub code: &'static str,
    /// In Kubernetes' words.
    pub reasons: Vec<String>,
}

/// How many nodes a plugin rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// The plugin.
    pub plugin: String,
    /// In Kubernetes' words.
    pub reason: String,
    /// Nodes.
    pub nodes: usize,
}

/// A plugin's part in the distance between two nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The plugin.
    pub plugin: String,
    /// Weighted score of the chosen node less that of the other.
    pub difference: i64,
}

/// The chosen node beside another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The plugin that would have chosen the other node; null for the runner-up of all plugins together.
    pub outvoted_plugin: Option<String>,
    /// The other node: of those that the plugin likes best, the one with the highest total.
    pub node: String,
    /// By how much the chosen node's total is higher.
    pub margin: i64,
    /// Where the two differ, what speaks for the chosen node first.
    pub differences: Vec<Difference>,
    /// All this in a sentence.
    pub sentence: String,
}

/// A pod that would have to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Victim {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Priority.
    pub priority: i32,
}

/// What one criterion makes of a candidate: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CriterionValue {
    /// A word for the criterion.
    pub criterion: &'static str,
    /// Its value.
    pub value: i64,
}

/// A node where the pod would fit if some pods went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreemptionCandidate {
    /// Name.
    pub node: String,
    /// Pods that would go, the most important first.
    pub victims: Vec<Victim>,
    /// How many of them a PodDisruptionBudget protects.
    pub pdb_violations: usize,
    /// By each criterion in order.
    pub criteria: Vec<CriterionValue>,
    /// Whether it was chosen.
    pub is_chosen: bool,
    /// The criterion by which it lost (`random` for the draw among equals); null for the chosen one.
    pub lost_by: Option<&'static str>,
}

/// Why preemption made room where it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreemptionAnswer {
    /// Every candidate, the chosen one first.
    pub candidates: Vec<PreemptionCandidate>,
    /// What decided in the end: a criterion, `random`, or `only-candidate`.
    pub decided_by: &'static str,
    /// All this in a sentence.
    pub sentence: String,
}

/// The attempt that is explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedAttempt {
    /// Start of the scheduling cycle in seconds.
    pub at_seconds: f64,
    /// The same as text that `--at` takes.
    pub at: String,
    /// The how many-th attempt of the pod it is.
    pub number: u32,
    /// The attempt before this one, as text that `--at` takes.
    pub previous_at: Option<String>,
    /// The node on which an earlier attempt made room by preemption, which is tried before all others.
    pub nominated_node: Option<String>,
    /// The profile.
    pub scheduler_name: String,
    /// The release whose rules apply.
    pub kubernetes_version: &'static str,
    /// The pod's priority.
    pub priority: i32,
    /// What the pod asks for.
    pub requests: Requests,
    /// How it ended.
    pub result: AttemptResult,
    /// The node that was chosen, or that preemption makes room on.
    pub node: Option<String>,
    /// The message of the event `FailedScheduling`.
    pub message: Option<String>,
    /// Whether the decision came out the same when it was taken again for this explanation.
    pub reproduced: bool,
    /// Nodes that there are.
    pub nodes: usize,
    /// Nodes that were not looked at, because enough feasible ones had been found.
    pub nodes_not_visited: usize,
    /// Plugins that gave scores, in running order.
    pub plugins: Vec<ScoringPlugin>,
    /// Nodes that passed every filter: the chosen one, then by total.
    pub feasible: Vec<FeasibleNode>,
    /// The chosen node beside others: the runner-up, then what each outvoted plugin would have chosen.
    pub comparisons: Vec<Comparison>,
    /// Rejected nodes.
    pub rejected: Vec<RejectedNode>,
    /// Rejected nodes by plugin and reason, the most first. A node counts for each of its reasons.
    pub rejections: Vec<Rejections>,
    /// Why preemption made room where it did, if it did.
    pub preemption: Option<PreemptionAnswer>,
}

/// Why a pod is where it is, or nowhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// [`EXPLAIN_FORMAT_VERSION`].
    pub format_version: u32,
    /// The answer in a line.
    pub answer: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the random streams.
    pub seed: u64,
    /// The pod.
    pub pod: ExplainedPod,
    /// Its last attempt; null if it was never tried.
    pub attempt: Option<ExplainedAttempt>,
    /// What else there is to know.
    pub notes: Vec<String>,
}
