//! Operator actions: the entry of the file, and what a run makes of it.

use super::action_options::{
    AddNodesAction, Delete, DeleteOptions, Drain, DrainOptions, PatchAction, RolloutUndo, RolloutUndoOptions,
    ScaleAction, TaintAction,
};
use super::leaf::Duration;
use super::reference::ObjectReference;
use super::target::Target;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
        let field = match &self.verb {
            ActionVerb::Scale(_) => "scale.target",
            ActionVerb::Apply(_) => "apply",
            ActionVerb::Patch(_) => "patch.target",
            ActionVerb::Cordon(_) => "cordon",
            ActionVerb::Uncordon(_) => "uncordon",
            ActionVerb::Taint(_) => "taint.node",
            ActionVerb::Drain(_) => "drain",
            ActionVerb::Evict(_) => "evict",
            ActionVerb::Delete(_) => "delete",
            ActionVerb::RolloutRestart(_) => "rolloutRestart",
            ActionVerb::RolloutUndo(_) => "rolloutUndo",
            ActionVerb::RolloutPause(_) => "rolloutPause",
            ActionVerb::RolloutResume(_) => "rolloutResume",
            ActionVerb::AddNodes(_) => "addNodes",
        };
        format!("spec.actions[{index}].{field}")
    }
}

/// What an operator does.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionVerb {
    /// `kubectl scale`.
    Scale(ScaleAction),
    /// `kubectl apply -f`: a file, folder or glob, joined to the scenario's folder.
    Apply(PathBuf),
    /// `kubectl patch`.
    Patch(PatchAction),
    /// `kubectl cordon`.
    Cordon(String),
    /// `kubectl uncordon`.
    Uncordon(String),
    /// `kubectl taint`.
    Taint(TaintAction),
    /// `kubectl drain`.
    Drain(DrainOptions),
    /// The eviction API.
    Evict(ObjectReference),
    /// `kubectl delete`.
    Delete(DeleteOptions),
    /// `kubectl rollout restart`.
    RolloutRestart(Target),
    /// `kubectl rollout undo`.
    RolloutUndo(RolloutUndoOptions),
    /// `kubectl rollout pause`.
    RolloutPause(Target),
    /// `kubectl rollout resume`.
    RolloutResume(Target),
    /// New nodes join a pool.
    AddNodes(AddNodesAction),
}

impl ActionVerb {
    /// The object whose document the action changes; `None` of actions that need no document.
    #[must_use]
    pub const fn patched(&self) -> Option<&Target> {
        match self {
            Self::Patch(patch) => patch.target.named(),
            Self::RolloutPause(target) | Self::RolloutResume(target) => Some(target),
            _ => None,
        }
    }
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
    /// `kubectl patch`: changes fields of an object.
    pub patch: Option<PatchAction>,
    /// `kubectl cordon`: the node takes no new pods.
    pub cordon: Option<String>,
    /// `kubectl uncordon`.
    pub uncordon: Option<String>,
    /// `kubectl taint`: sets taints of a node and takes them away.
    pub taint: Option<TaintAction>,
    /// `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`: cordons the node and evicts its pods as their
    /// disruption budgets allow.
    pub drain: Option<Drain>,
    /// The eviction API: one pod is evicted if its disruption budget allows it.
    pub evict: Option<ObjectReference>,
    /// `kubectl delete`: an object, for example `pod/shop/web-0` or `node/general-0`.
    pub delete: Option<Delete>,
    /// `kubectl rollout restart`: a Deployment, StatefulSet or DaemonSet.
    pub rollout_restart: Option<Target>,
    /// `kubectl rollout undo`: a Deployment goes back to its previous revision, or to the one that is given.
    pub rollout_undo: Option<RolloutUndo>,
    /// `kubectl rollout pause`: a Deployment starts no rollout.
    pub rollout_pause: Option<Target>,
    /// `kubectl rollout resume`.
    pub rollout_resume: Option<Target>,
    /// New nodes join a pool.
    pub add_nodes: Option<AddNodesAction>,
}
