//! What happens to the cluster, as a scenario writes it: faults and operator actions.

use super::distribution::Distribution;
use super::leaf::{Duration, Target};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that goes wrong: at a given time (`at`, `duration`) or at random (`mtbf`, `mttr`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultEntry {
    /// Name, unique among the faults; names the random stream and the rows of results. Default: kind and index.
    pub name: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The node that it happens to (`nodeCrash`, `networkPartition`).
    pub node: Option<String>,
    /// The pool to each of whose nodes it happens, independently of the others (`nodeCrash`, `networkPartition`).
    pub pool: Option<String>,
    /// The zone to all of whose nodes it happens together (`zoneOutage`, `networkPartition`).
    pub zone: Option<String>,
    /// The workload or pod to each of whose pods it happens (`podCrash`).
    pub target: Option<Target>,
    /// When it happens, since the start of the run. Exclusive with `mtbf`.
    pub at: Option<Duration>,
    /// How long it lasts; only with `at`. Default: for ever. Not for `podCrash`.
    pub duration: Option<Duration>,
    /// Time from the start, or from the last repair, to the fault. Exclusive with `at`.
    pub mtbf: Option<Distribution<Duration>>,
    /// Time to repair; only with `mtbf`. Default: for ever. Not for `podCrash`.
    pub mttr: Option<Distribution<Duration>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// A node stops: its containers end and its kubelet is silent. After the repair the kubelet is back and starts the
    /// containers of pods that are still bound to it again.
    NodeCrash,
    /// All nodes of a zone stop at once.
    ZoneOutage,
    /// A container of each pod exits with code 1.
    PodCrash,
    /// A node or zone is cut off from the control plane: the kubelets are silent, but containers go on running.
    NetworkPartition,
}

/// Something that an operator does: `at` and exactly one verb.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionEntry {
    /// When, since the start of the run.
    pub at: Duration,
    /// `kubectl scale`: sets `spec.replicas`.
    pub scale: Option<ScaleAction>,
    /// `kubectl apply -f`: a file, folder or glob, relative to the scenario file.
    pub apply: Option<String>,
    /// `kubectl cordon`: the node takes no new pods.
    pub cordon: Option<String>,
    /// `kubectl uncordon`.
    pub uncordon: Option<String>,
    /// `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`: cordons the node and evicts its pods as their
    /// disruption budgets allow.
    pub drain: Option<Drain>,
    /// `kubectl delete`: an object, for example `pod/shop/web-0` or `node/general-0`.
    pub delete: Option<Target>,
    /// `kubectl rollout restart`: a Deployment, StatefulSet or DaemonSet.
    pub rollout_restart: Option<Target>,
    /// `kubectl rollout undo`: a Deployment goes back to its previous revision.
    pub rollout_undo: Option<Target>,
    /// New nodes join a pool.
    pub add_nodes: Option<AddNodesAction>,
}

/// `kubectl scale`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleAction {
    /// A Deployment, ReplicaSet or StatefulSet.
    pub target: Target,
    /// New `spec.replicas`.
    pub replicas: u32,
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

impl<'de> Deserialize<'de> for Drain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrOptions;
        impl<'de> Visitor<'de> for NameOrOptions {
            type Value = Drain;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a node, or a mapping with `node`")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Drain, E> {
                Ok(Drain::Node(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Drain, A::Error> {
                DrainOptions::deserialize(MapAccessDeserializer::new(map)).map(Drain::Options)
            }
        }
        deserializer.deserialize_any(NameOrOptions)
    }
}

impl Drain {
    /// The options; those of a bare name are kubectl's defaults.
    #[must_use]
    pub fn options(&self) -> DrainOptions {
        match self {
            Self::Node(node) => DrainOptions { node: node.clone(), timeout: Duration::ZERO, grace_period: None },
            Self::Options(options) => options.clone(),
        }
    }
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
