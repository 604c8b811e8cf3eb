//! InterPodAffinity: required and preferred (anti-)affinity between pods, of the pod itself and of those that are there.

mod filter;
mod hint;
mod score;
mod terms;

pub use filter::{
    ERR_REASON_AFFINITY_RULES_NOT_MATCH, ERR_REASON_ANTI_AFFINITY_RULES_NOT_MATCH,
    ERR_REASON_EXISTING_ANTI_AFFINITY_RULES_NOT_MATCH, FilterState, filter, pre_filter,
};
pub use score::{normalize, pre_score, score};
pub use terms::{Term, all_match, existing_term_matches, for_each_existing_score, preferred_terms, required_terms};

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::scheduler::framework::{EventKind, NodeChange, PodChange};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 2,
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Label),
        EventKind::AssignedPodAdd,
        EventKind::AssignedPodUpdate(PodChange::Label),
        EventKind::AssignedPodDelete,
        EventKind::PendingPodUpdate(PodChange::Label),
    ],
    hint: hint::hint,
    filter_looks_at_pods: true,
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::InterPodAffinity, "InterPodAffinity")
};
