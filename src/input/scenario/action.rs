//! Operator actions: the entry of the file, and what a run makes of it.

use super::leaf::Duration;
use super::target::Target;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Something that an operator does.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// When.
    pub at: SimTime,
    /// Position in the file.
    pub index: usize,
    /// What.
    pub verb: ActionVerb,
}

impl Action {
    /// The field that names what the action is done to.
    #[must_use]
    pub fn field(&self) -> String {
        let index = self.index;
        match &self.verb {
            ActionVerb::Scale { .. } => format!("spec.actions[{index}].scale.target"),
            ActionVerb::Apply(_) => format!("spec.actions[{index}].apply"),
            ActionVerb::Cordon(_) => format!("spec.actions[{index}].cordon"),
            ActionVerb::Uncordon(_) => format!("spec.actions[{index}].uncordon"),
            ActionVerb::Drain(_) => format!("spec.actions[{index}].drain"),
            ActionVerb::Delete(_) => format!("spec.actions[{index}].delete"),
            ActionVerb::RolloutRestart(_) => format!("spec.actions[{index}].rolloutRestart"),
            ActionVerb::RolloutUndo(_) => format!("spec.actions[{index}].rolloutUndo"),
            ActionVerb::AddNodes { .. } => format!("spec.actions[{index}].addNodes"),
        }
    }
}

/// What an operator does.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionVerb {
    /// `kubectl scale`.
    Scale {
        /// A Deployment, ReplicaSet, ReplicationController or StatefulSet.
        target: Target,
        /// New `spec.replicas`.
        replicas: u32,
    },
    /// `kubectl apply -f`: a file, folder or glob, joined to the scenario's folder.
    Apply(PathBuf),
    /// `kubectl cordon`.
    Cordon(String),
    /// `kubectl uncordon`.
    Uncordon(String),
    /// `kubectl drain`.
    Drain(DrainOptions),
    /// `kubectl delete`.
    Delete(Target),
    /// `kubectl rollout restart`.
    RolloutRestart(Target),
    /// `kubectl rollout undo`.
    RolloutUndo(Target),
    /// New nodes join a pool.
    AddNodes {
        /// The pool.
        pool: String,
        /// How many.
        count: u32,
    },
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
    /// A Deployment, ReplicaSet, ReplicationController or StatefulSet.
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
