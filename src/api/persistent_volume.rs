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

/// `persistentVolumeReclaimPolicy`, and `reclaimPolicy` of a class: what becomes of a volume whose claim is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReclaimPolicy {
    /// It stays, released, until somebody frees or deletes it.
    #[default]
    Retain,
    /// Its driver deletes it.
    Delete,
}

/// `status.phase` of a persistent volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VolumePhase {
    /// It is not available yet.
    #[default]
    Pending,
    /// No claim has it.
    Available,
    /// A claim has it.
    Bound,
    /// Its claim is gone.
    Released,
    /// Its deletion failed.
    Failed,
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
    /// `spec.persistentVolumeReclaimPolicy`.
    pub reclaim_policy: ReclaimPolicy,
    /// Annotation `pv.kubernetes.io/provisioned-by`: its driver made it for a claim, and deletes it.
    pub is_provisioned: bool,
    /// `status.phase`.
    pub phase: VolumePhase,
    /// Deletion was requested.
    pub terminating: bool,
}

impl PersistentVolume {
    /// The CSI driver that attaches it, if it is one of those that are attached to nodes. In-tree volumes of clouds are
    /// handled by the drivers that they were migrated to.
    #[must_use]
    pub fn driver(&self) -> Option<&str> {
        match &self.source {
            PersistentVolumeSource::Csi { driver, .. } => Some(driver),
            PersistentVolumeSource::AwsElasticBlockStore(_) => Some("ebs.csi.aws.com"),
            PersistentVolumeSource::GcePersistentDisk(_) => Some("pd.csi.storage.gke.io"),
            PersistentVolumeSource::AzureDisk(_) => Some("disk.csi.azure.com"),
            PersistentVolumeSource::Cinder(_) => Some("cinder.csi.openstack.org"),
            PersistentVolumeSource::Other => None,
        }
    }

    /// The volume's name at its driver.
    #[must_use]
    pub fn handle(&self) -> &Name {
        match &self.source {
            PersistentVolumeSource::Csi { handle, .. }
            | PersistentVolumeSource::AwsElasticBlockStore(handle)
            | PersistentVolumeSource::GcePersistentDisk(handle)
            | PersistentVolumeSource::AzureDisk(handle)
            | PersistentVolumeSource::Cinder(handle) => handle,
            PersistentVolumeSource::Other => &self.name,
        }
    }

    /// Whether it may be attached to several nodes at once (`IsMultiAttachAllowed`).
    #[must_use]
    pub fn is_multi_attachable(&self) -> bool {
        self.access_modes.iter().any(|mode| matches!(mode, AccessMode::ReadWriteMany | AccessMode::ReadOnlyMany))
    }
}

impl OfKind for PersistentVolume {
    const KIND: Kind = Kind::PersistentVolume;
}
