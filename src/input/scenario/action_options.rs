//! What the verbs of operator actions take: the mappings of the file.

use super::leaf::{AnyValue, Duration};
use super::reference::ObjectReference;
use super::scalar::Scalar;
use super::taint_change::TaintChange;
use super::target::Target;
use super::text_or_map::{TextOrMap, deserialize_text_or_map, text_or_map_serde};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// `kubectl scale`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleAction {
    /// A Deployment, ReplicaSet, ReplicationController or StatefulSet.
    pub target: Target,
    /// New `spec.replicas`.
    pub replicas: u32,
}

/// `kubectl patch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchAction {
    /// The object; of a pod also its place among those of a workload.
    pub target: ObjectReference,
    /// The patch: a mapping, or the list of a JSON patch.
    pub patch: AnyValue,
    /// How the patch is merged. Default: `strategic`; `json` for a list.
    #[serde(rename = "type")]
    pub patch_type: Option<PatchType>,
    /// The subresource that is patched. Default: none.
    pub subresource: Option<Subresource>,
}

/// How a patch is merged (kubectl `--type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PatchType {
    /// Strategic merge patch: lists are merged by the keys of their items.
    Strategic,
    /// JSON merge patch (RFC 7386): lists are replaced.
    Merge,
    /// JSON patch (RFC 6902): a list of operations.
    Json,
}

impl PatchType {
    /// The type's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strategic => "strategic",
            Self::Merge => "merge",
            Self::Json => "json",
        }
    }
}

/// A subresource that can be patched (kubectl `--subresource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Subresource {
    /// The number of replicas, of kinds that have a scale.
    Scale,
    /// The status, of nodes: capacity and allocatable. The statuses of other kinds are their controllers'.
    Status,
    /// The cpu and memory of a pod's containers, in place.
    Resize,
}

/// `kubectl taint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaintAction {
    /// The node's name.
    pub node: String,
    /// What is set and what is taken away.
    pub taints: Vec<TaintChange>,
    /// Whether a taint of the same key and effect may be overwritten (kubectl `--overwrite`). Default false.
    #[serde(default)]
    pub overwrite: bool,
}

/// `kubectl delete`: the object, or a mapping with options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Delete {
    /// The object.
    Target(Target),
    /// The object with options.
    Options(DeleteOptions),
}

/// Options of `kubectl delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteOptions {
    /// The object; of a pod also its place among those of a workload.
    pub target: ObjectReference,
    /// Whether a pod goes at once, without waiting for its kubelet (kubectl `--force --grace-period=0`); pods
    /// of a workload count then that are being deleted too. Default false.
    #[serde(default)]
    pub force: bool,
    /// Overrides a pod's termination grace period, in whole seconds (kubectl `--grace-period`). Default: the pod's own.
    pub grace_period: Option<Duration>,
}

impl TextOrMap for Delete {
    type Map = DeleteOptions;
    const EXPECTED: &'static str = "an object such as `pod/shop/web-0`, or a mapping with `target`";

    fn of_text(text: &str) -> Result<Self, String> {
        Target::read(text).map(Self::Target)
    }

    fn of_map(map: DeleteOptions) -> Self {
        Self::Options(map)
    }
}

text_or_map_serde!(Delete);

impl Delete {
    /// The options; those of a bare name are kubectl's defaults.
    #[must_use]
    pub fn options(&self) -> DeleteOptions {
        match self {
            Self::Target(target) => {
                DeleteOptions { target: ObjectReference::Named(target.clone()), force: false, grace_period: None }
            }
            Self::Options(options) => options.clone(),
        }
    }
}

/// `kubectl rollout undo`: the object, or a mapping with the revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RolloutUndo {
    /// The object.
    Target(Target),
    /// The object with options.
    Options(RolloutUndoOptions),
}

/// Options of `kubectl rollout undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutUndoOptions {
    /// A Deployment.
    pub target: Target,
    /// The revision to go back to (kubectl `--to-revision`). Default 0: the previous one.
    #[serde(default)]
    pub to_revision: u32,
}

impl TextOrMap for RolloutUndo {
    type Map = RolloutUndoOptions;
    const EXPECTED: &'static str = "an object such as `deployment/shop/web`, or a mapping with `target`";

    fn of_text(text: &str) -> Result<Self, String> {
        Target::read(text).map(Self::Target)
    }

    fn of_map(map: RolloutUndoOptions) -> Self {
        Self::Options(map)
    }
}

text_or_map_serde!(RolloutUndo);

impl RolloutUndo {
    /// The options; those of a bare name are kubectl's defaults.
    #[must_use]
    pub fn options(&self) -> RolloutUndoOptions {
        match self {
            Self::Target(target) => RolloutUndoOptions { target: target.clone(), to_revision: 0 },
            Self::Options(options) => options.clone(),
        }
    }
}

/// `kubectl drain`: the node's name, or a mapping with options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Drain {
    /// The node's name.
    Node(String),
    /// The node with options.
    Options(DrainOptions),
}

/// Options of `kubectl drain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrainOptions {
    /// The node's name.
    pub node: String,
    /// How long to try; 0 is without end (kubectl `--timeout`). Default 0.
    #[serde(default)]
    pub timeout: Duration,
    /// Overrides the pods' termination grace period (kubectl `--grace-period`). Default: the pods' own.
    pub grace_period: Option<Duration>,
    /// Whether pods of DaemonSets are passed over; else they are a reason to refuse (kubectl `--ignore-daemonsets`).
    /// Default true.
    #[serde(default = "yes")]
    pub ignore_daemon_sets: bool,
    /// Whether pods without a controller are evicted; else they are a reason to refuse (kubectl `--force`). Default true.
    #[serde(default = "yes")]
    pub force: bool,
    /// Whether pods with an `emptyDir` volume are evicted; else they are a reason to refuse (kubectl
    /// `--delete-emptydir-data`). Default true.
    #[serde(default = "yes")]
    pub delete_empty_dir_data: bool,
}

const fn yes() -> bool {
    true
}

impl TextOrMap for Drain {
    type Map = DrainOptions;
    const EXPECTED: &'static str = "the name of a node, or a mapping with `node`";

    fn of_text(text: &str) -> Result<Self, String> {
        Ok(Self::Node(text.to_owned()))
    }

    fn of_map(map: DrainOptions) -> Self {
        Self::Options(map)
    }
}

text_or_map_serde!(Drain);

impl Drain {
    /// The options; those of a bare name are the defaults.
    #[must_use]
    pub fn options(&self) -> DrainOptions {
        match self {
            Self::Node(node) => DrainOptions {
                node: node.clone(),
                timeout: Duration::ZERO,
                grace_period: None,
                ignore_daemon_sets: true,
                force: true,
                delete_empty_dir_data: true,
            },
            Self::Options(options) => options.clone(),
        }
    }
}

/// New nodes for a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddNodesAction {
    /// The pool.
    pub pool: String,
    /// How many; above zero.
    pub count: u32,
}
