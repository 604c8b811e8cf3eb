//! Why a pod could not be placed, and the text of the `FailedScheduling` event.

use super::framework::PreFilterRejection;
use super::{Code, Failure, KubernetesVersion, PluginSet, PodInfo, Snapshot};
use crate::cluster::NodeId;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why a pod could not be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// The PreFilter plugin that rejected the pod as a whole, if one did; no filter ran then.
    pub pre_filter: Option<PreFilterRejection>,
    /// Why each node was rejected, in the order in which the nodes were visited.
    pub failures: Vec<(NodeId, Failure)>,
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
        counts.add_failures(self.failures.iter().copied(), snapshot, pod, version);
        counts.write_to(&mut text);
        text
    }

    /// Whether some node was rejected for a reason that preemption could remove.
    #[must_use]
    pub fn preemption_may_help(&self) -> bool {
        self.failures.iter().any(|(_, failure)| failure.code() == Code::Unschedulable)
    }
}

/// Counts of nodes by reason, and their text.
#[derive(Debug, Default)]
pub(super) struct ReasonCounts(BTreeMap<String, usize>);

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
            let names_taint = matches!(failure, Failure::UntoleratedTaint(_)) && version.taint_reason_names_taint();
            match distinct.iter_mut().find(|(_, own, _)| *own == failure && !names_taint) {
                Some((_, _, count)) => *count += 1,
                None => distinct.push((node, failure, 1)),
            }
        }
        for (node, failure, count) in distinct {
            if let Some(info) = snapshot.node(node) {
                failure.for_each_reason(pod, info, version, &mut |reason| self.add(reason, count));
            }
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
