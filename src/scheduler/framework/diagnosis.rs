//! Why a pod could not be placed, and the text of the `FailedScheduling` event.

use super::context::PreFilterRejection;
use super::failure::{Code, Failure};
use crate::api::KubernetesVersion;
use crate::cluster::NodeId;
use crate::scheduler::plugins::PluginSet;
use crate::scheduler::view::{PodInfo, Snapshot};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why the nodes were rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failures {
    /// Each node, in the order in which the nodes were visited.
    ByNode(Vec<(NodeId, Failure)>),
    /// How many nodes for each reason.
    Counted {
        /// Some node, for the texts of reasons: none depends on the node.
        any_node: NodeId,
        /// Reasons with numbers of nodes.
        counts: Vec<(Failure, usize)>,
        /// The nodes that the absence of other pods could make feasible, in the order in which they were visited; `None` where
        /// the pod would preempt nobody.
        resolvable: Option<Vec<NodeId>>,
    },
}

impl Failures {
    /// Each node with the reason; empty where only numbers are known.
    #[must_use]
    pub fn by_node(&self) -> &[(NodeId, Failure)] {
        match self {
            Self::ByNode(failures) => failures,
            Self::Counted { .. } => &[],
        }
    }

    /// Whether some node was rejected for a reason of this kind.
    #[must_use]
    pub fn any(&self, mut wanted: impl FnMut(Failure) -> bool) -> bool {
        match self {
            Self::ByNode(failures) => failures.iter().any(|(_, failure)| wanted(*failure)),
            Self::Counted { counts, .. } => counts.iter().any(|(failure, _)| wanted(*failure)),
        }
    }
}

/// Why a pod could not be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// The PreFilter plugin that rejected the pod as a whole, if one did; no filter ran then.
    pub pre_filter: Option<PreFilterRejection>,
    /// Why the nodes were rejected.
    pub failures: Failures,
    /// Plugins that rejected a node or the whole pod: those whose queueing hints are asked.
    pub plugins: PluginSet,
}

impl Diagnosis {
    /// The message of the event `FailedScheduling` up to the part that PostFilter adds (`FitError.Error`).
    #[must_use]
    pub fn message(&self, snapshot: &Snapshot, pod: &PodInfo, version: KubernetesVersion) -> String {
        let mut text = format!("0/{} nodes are available", self.nodes);
        // Writing to a string cannot fail.
        if let Some(rejection) = &self.pre_filter {
            let _ = write!(text, ": {}.", rejection.reason);
            return text;
        }
        let mut counts = ReasonCounts::default();
        match &self.failures {
            Failures::ByNode(failures) => counts.add_failures(failures.iter().copied(), snapshot, pod, version),
            Failures::Counted { any_node, counts: by_reason, .. } => {
                for (failure, nodes) in by_reason {
                    counts.add_reasons(*any_node, *failure, *nodes, snapshot, pod, version);
                }
            }
        }
        counts.write_to(&mut text);
        text
    }

    /// Whether some node was rejected for a reason that preemption could remove.
    #[must_use]
    pub fn preemption_may_help(&self) -> bool {
        self.failures.any(|failure| failure.code() == Code::Unschedulable)
    }
}

/// Counts of nodes by reason, and their text.
#[derive(Debug, Default)]
pub(crate) struct ReasonCounts(BTreeMap<String, usize>);

impl ReasonCounts {
    /// Counts one reason on `nodes` nodes.
    pub fn add(&mut self, reason: &str, nodes: usize) {
        match self.0.get_mut(reason) {
            Some(count) => *count += nodes,
            None => {
                self.0.insert(reason.to_owned(), nodes);
            }
        }
    }

    /// Counts every reason of every failure.
    pub fn add_failures(
        &mut self,
        failures: impl Iterator<Item = (NodeId, Failure)>,
        snapshot: &Snapshot,
        pod: &PodInfo,
        version: KubernetesVersion,
    ) {
        // Thousands of nodes share a handful of failures, whose text depends on the node only where it names a taint.
        let mut distinct: Vec<(NodeId, Failure, usize)> = Vec::new();
        for (node, failure) in failures {
            let is_known = |known: Failure| known == failure && !failure.words_differ_by_node(version);
            match distinct.iter_mut().find(|(_, known, _)| is_known(*known)) {
                Some((_, _, count)) => *count += 1,
                None => distinct.push((node, failure, 1)),
            }
        }
        for (node, failure, count) in distinct {
            self.add_reasons(node, failure, count, snapshot, pod, version);
        }
    }

    /// Counts every reason of a failure on `nodes` nodes, of which `node` is one.
    fn add_reasons(
        &mut self,
        node: NodeId,
        failure: Failure,
        nodes: usize,
        snapshot: &Snapshot,
        pod: &PodInfo,
        version: KubernetesVersion,
    ) {
        if let Some(info) = snapshot.node(node) {
            failure.for_each_reason(pod, info, version, &mut |reason| self.add(reason, nodes));
        }
    }

    /// Writes `: 2 reason, 10 other reason.`, sorted as text.
    pub fn write_to(&self, text: &mut String) {
        let mut parts: Vec<String> = self.0.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        parts.sort_unstable();
        if !parts.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {}.", parts.join(", "));
        }
    }
}
