//! `StorageClass` of `storage.k8s.io/v1`.

use super::{ImmutableField, Kind, Name, OfKind, ReclaimPolicy};

/// `volumeBindingMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeBindingMode {
    /// As soon as the claim is there.
    #[default]
    Immediate,
    /// When a pod that uses the claim is scheduled.
    WaitForFirstConsumer,
}

/// A `StorageClass`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// Name.
    pub name: Name,
    /// `provisioner`.
    pub provisioner: Name,
    /// `volumeBindingMode`.
    pub binding_mode: VolumeBindingMode,
    /// `allowedTopologies`: the OR of terms, each the AND of labels with their allowed values.
    pub allowed_topologies: Vec<Vec<(Name, Vec<Name>)>>,
    /// `reclaimPolicy` of the volumes that are made.
    pub reclaim_policy: ReclaimPolicy,
    /// `allowVolumeExpansion`.
    pub allow_volume_expansion: bool,
    /// Annotation `storageclass.kubernetes.io/is-default-class`: claims get it that name no class.
    pub is_default: bool,
}

impl OfKind for StorageClass {
    const KIND: Kind = Kind::StorageClass;

    /// `ValidateStorageClassUpdate`, Kubernetes 1.36.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        vec![
            ImmutableField::with_message("provisioner", "updates to provisioner are forbidden.", &self.provisioner),
            ImmutableField::new("volumeBindingMode", &self.binding_mode),
        ]
    }
}
