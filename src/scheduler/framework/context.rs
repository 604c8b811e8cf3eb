//! What plugins look at, and what PreFilter plugins answer.

use super::failure::Code;
use crate::cluster::NodeId;
use crate::scheduler::config::Profile;
use crate::scheduler::plugins::Plugin;
use crate::scheduler::view::{Listers, Nominator, Snapshot, View};

/// What plugins may look at. Nothing in it changes during a scheduling cycle.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Nodes and the pods on them.
    pub snapshot: &'a Snapshot,
    /// Other objects.
    pub listers: &'a Listers,
    /// Pods that wait for room on a certain node.
    pub nominator: &'a Nominator,
    /// The profile of the pod.
    pub profile: &'a Profile,
}

impl<'a> Context<'a> {
    /// What the plugins look at for a pod of this profile. The view must be [refreshed](View::refresh).
    #[must_use]
    pub const fn new(view: &'a View, profile: &'a Profile) -> Self {
        Self { snapshot: view.snapshot(), listers: view.listers(), nominator: view.nominator(), profile }
    }
}

/// Why a PreFilter plugin rejected the pod as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreFilterRejection {
    /// The plugin.
    pub plugin: Plugin,
    /// Whether preemption may help.
    pub code: Code,
    /// In Kubernetes' words.
    pub reason: String,
}

/// What a PreFilter plugin decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilterOutcome {
    /// Its Filter is to run.
    Run,
    /// Its Filter has nothing to look at.
    Skip,
    /// Its Filter is to run, on these nodes only.
    Nodes(Vec<NodeId>),
    /// The pod fits nowhere.
    Reject(PreFilterRejection),
}

impl PreFilterOutcome {
    /// [`Run`](Self::Run) if the Filter has something to look at, else [`Skip`](Self::Skip).
    #[must_use]
    pub const fn run_if(has_work: bool) -> Self {
        if has_work { Self::Run } else { Self::Skip }
    }

    /// No change to the pods on the nodes can make the pod fit.
    #[must_use]
    pub const fn unresolvable(plugin: Plugin, reason: String) -> Self {
        Self::Reject(PreFilterRejection { plugin, code: Code::UnschedulableAndUnresolvable, reason })
    }
}
