//! `CSIStorageCapacity` of `storage.k8s.io/v1`.

use super::{Kind, LabelSelector, Name, OfKind};
use crate::units::Bytes;

/// A `CSIStorageCapacity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsiStorageCapacity {
    /// `storageClassName`.
    pub storage_class: Name,
    /// `nodeTopology`; `None` covers no node.
    pub node_topology: Option<LabelSelector>,
    /// `capacity`.
    pub capacity: Option<Bytes>,
    /// `maximumVolumeSize`.
    pub maximum_volume_size: Option<Bytes>,
}

impl OfKind for CsiStorageCapacity {
    const KIND: Kind = Kind::CsiStorageCapacity;
}
