//! `PersistentVolume` of `v1`.

use super::{AccessMode, Kind, Labels, Name, NodeSelector, OfKind, VolumeMode};
use crate::units::Bytes;

/// The storage behind a persistent volume, as far as CSI limits see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PersistentVolumeSource {
    /// `csi`.
    Csi {
        /// `driver`.
        driver: Name,
        /// `volumeHandle`.
        handle: Name,
    },
    /// `awsElasticBlockStore` by volume id.
    AwsElasticBlockStore(Name),
    /// `gcePersistentDisk` by disk name.
    GcePersistentDisk(Name),
    /// `azureDisk` by disk URI.
    AzureDisk(Name),
    /// `cinder` by volume id.
    Cinder(Name),
    /// Anything else.
    #[default]
    Other,
}

/// `claimRef` of a persistent volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimReference {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Identifier; empty until the volume is bound.
    pub uid: Name,
}

/// A `PersistentVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersistentVolume {
    /// Name.
    pub name: Name,
    /// Labels.
    pub labels: Labels,
    /// `spec.capacity.storage`.
    pub capacity: Bytes,
    /// `spec.accessModes`.
    pub access_modes: Vec<AccessMode>,
    /// `spec.storageClassName`.
    pub storage_class: Name,
    /// `spec.volumeAttributesClassName`; empty for none.
    pub attributes_class: Name,
    /// `spec.volumeMode`.
    pub volume_mode: VolumeMode,
    /// `spec.claimRef`.
    pub claim: Option<ClaimReference>,
    /// `spec.nodeAffinity.required`.
    pub node_affinity: Option<NodeSelector>,
    /// The storage behind it.
    pub source: PersistentVolumeSource,
    /// `status.phase` is Available.
    pub is_available: bool,
    /// Deletion was requested.
    pub terminating: bool,
}

impl OfKind for PersistentVolume {
    const KIND: Kind = Kind::PersistentVolume;
}
