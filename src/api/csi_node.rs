//! `CSINode` of `storage.k8s.io/v1`.

use super::{Kind, Name, OfKind};

/// The drivers of a CSINode, each with its `allocatable.count`.
pub type DriverLimits = Vec<(Name, Option<i64>)>;

/// A `CSINode`; it has the name of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiNode {
    /// `spec.drivers`.
    pub drivers: DriverLimits,
}

impl OfKind for CsiNode {
    const KIND: Kind = Kind::CsiNode;
}
