//! VolumeBinding: claims that are bound must be usable on the node, others must find a volume or be provisioned there.
//!
//! Among volumes of equal size kube-scheduler's choice is random; here it is the first by name.

mod filter;
mod matching;
#[cfg(test)]
mod tests;
pub mod volumes;

pub use filter::{FilterState, filter, pre_filter};

use super::descriptor::{Descriptor, ExtensionPoint, Indexability, concerns_claim_of};
use super::plugin::Plugin;
use crate::scheduler::framework::{EventKind, NodeChange};

/// What there is to know of the plugin. It scores only behind the gate StorageCapacityScoring: its PreScore always skips.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Label),
        EventKind::ClaimAdd,
        EventKind::ClaimUpdate,
        EventKind::VolumeChange,
        EventKind::ClassAdd,
        EventKind::ClassUpdate,
        EventKind::CsiNodeChange,
        EventKind::CsiDriverChange,
        EventKind::CapacityChange,
    ],
    hint: |_, _, pod, event| concerns_claim_of(pod, event),
    indexability: Indexability::WhenIdle(|pod| pod.spec().volumes.is_empty()),
    ..Descriptor::of(Plugin::VolumeBinding, "VolumeBinding")
};
