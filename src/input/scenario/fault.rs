//! Faults: the entry of the file, and what a run makes of it.

use super::distribution::Distribution;
use super::leaf::Duration;
use super::target::Target;
use crate::units::{SimDuration, SimTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// A kubelet says of its node that it is not ready, for example because its container runtime does not answer. Its
    /// containers go on running.
    KubeletNotReady,
    /// kube-controller-manager is down: no controller acts, nodes are not watched, autoscalers do not scale. When it is back
    /// it knows nothing of what it was about to do, and looks at everything.
    ControllerManagerOutage,
}

impl FaultKind {
    /// The kind as the file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodeCrash => "nodeCrash",
            Self::ZoneOutage => "zoneOutage",
            Self::PodCrash => "podCrash",
            Self::NetworkPartition => "networkPartition",
            Self::KubeletNotReady => "kubeletNotReady",
            Self::ControllerManagerOutage => "controllerManagerOutage",
        }
    }
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Name, unique among the faults: names the random stream.
    pub name: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// What it happens to.
    pub scope: FaultScope,
    /// When.
    pub timing: FaultTiming,
}

/// What a fault happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultScope {
    /// One node.
    Node(String),
    /// Each node of a pool, independently.
    Pool(String),
    /// All nodes of a zone together.
    Zone(String),
    /// Each pod of a workload, or one pod.
    Workload(Target),
    /// kube-controller-manager.
    ControllerManager,
}

/// When a fault happens.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultTiming {
    /// Once.
    Scheduled {
        /// When.
        at: SimTime,
        /// How long it lasts; `None` is for ever.
        duration: Option<SimDuration>,
    },
    /// Again and again.
    Random {
        /// Time from the start, or from the last repair, to the fault.
        mtbf: Distribution<Duration>,
        /// Time to repair; `None` is for ever.
        mttr: Option<Distribution<Duration>>,
    },
}

/// Something that goes wrong: at a given time (`at`, `duration`) or at random (`mtbf`, `mttr`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultEntry {
    /// Name, unique among the faults; names the random stream and the rows of results. Default: kind and index.
    pub name: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The node that it happens to (`nodeCrash`, `networkPartition`, `kubeletNotReady`).
    pub node: Option<String>,
    /// The pool to each of whose nodes it happens, independently of the others (`nodeCrash`, `networkPartition`,
    /// `kubeletNotReady`).
    pub pool: Option<String>,
    /// The zone to all of whose nodes it happens together (`zoneOutage`, `networkPartition`, `kubeletNotReady`).
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
