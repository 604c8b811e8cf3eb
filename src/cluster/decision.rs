//! What autoscalers of nodes and of pods' sizes decide, for the records.
//!
//! A decision is no object of the API. It is noted here, as Events are, so that whoever decides needs to know nobody who
//! records.

use super::Cluster;
use crate::api::Name;

/// A decision of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoscalerDecision {
    /// Who decides, for example `cluster-autoscaler`, `karpenter`, `keda` or `vertical-pod-autoscaler`.
    pub autoscaler: &'static str,
    /// Namespace of what decides or is decided about; empty if it has none.
    pub namespace: Name,
    /// The object whose rules decide: a node group, a NodePool, a VerticalPodAutoscaler, a ScaledObject.
    pub name: Name,
    /// What it is about, as `Node/web-1` or `Pod/web-0`; empty if nothing else than `name`.
    pub target: Name,
    /// What was decided, for example `ScaleUp`.
    pub decision: &'static str,
    /// What it was decided from, as `key=value` pairs with `;` between them.
    pub inputs: Name,
    /// The rule that limited it, for example `max-node-group-size`; empty if none did.
    pub limited_by: Name,
    /// A size before and after, if one changes.
    pub sizes: Option<(i64, i64)>,
}

impl Cluster {
    /// Notes a decision.
    pub fn note_decision(&mut self, decision: AutoscalerDecision) {
        self.decisions.push(decision);
    }

    /// Takes the decisions since the last call.
    pub fn take_decisions(&mut self) -> Vec<AutoscalerDecision> {
        std::mem::take(&mut self.decisions)
    }
}
