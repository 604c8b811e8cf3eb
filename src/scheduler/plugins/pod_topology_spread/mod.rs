//! PodTopologySpread: hard and soft spread constraints, of the pod or by default.

pub mod args;
mod constraint;
mod domain_counts;
mod filter;
mod hint;
mod score;
#[cfg(test)]
mod tests;

pub use constraint::{Constraint, constraints, has_all_keys};
pub use filter::{ERR_REASON_CONSTRAINTS_NOT_MATCH, ERR_REASON_NODE_LABEL_NOT_MATCH, FilterState, filter, pre_filter};
pub use score::{ScoreState, normalize, normalized, pre_score, score};

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::scheduler::framework::{EventKind, NodeChange, PodChange};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 2,
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeDelete,
        EventKind::NodeUpdate(NodeChange::Label),
        EventKind::NodeUpdate(NodeChange::Taint),
        EventKind::AssignedPodAdd,
        EventKind::AssignedPodUpdate(PodChange::Label),
        EventKind::AssignedPodDelete,
        EventKind::PendingPodUpdate(PodChange::Label),
        EventKind::PendingPodUpdate(PodChange::Tolerations),
    ],
    hint: hint::hint,
    filter_looks_at_pods: true,
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::PodTopologySpread, "PodTopologySpread")
};
