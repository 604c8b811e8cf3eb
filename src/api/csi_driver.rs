//! `CSIDriver` of `storage.k8s.io/v1`.

use super::{Kind, OfKind};

/// A `CSIDriver`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiDriver {
    /// `spec.storageCapacity`: it publishes capacities.
    pub storage_capacity: bool,
    /// `spec.attachRequired`: its volumes are attached to nodes.
    pub attach_required: bool,
}

impl OfKind for CsiDriver {
    const KIND: Kind = Kind::CsiDriver;
}
