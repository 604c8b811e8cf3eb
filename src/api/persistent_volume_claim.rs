//! `PersistentVolumeClaim` of `v1`, and what claims are made from.

use super::{AccessMode, ImmutableField, Kind, LabelSelector, Name, OfKind, QuantityFormat, VolumeMode};
use crate::units::Bytes;

/// A claim that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimTemplate {
    /// The claim.
    pub claim: PersistentVolumeClaim,
    /// Whether admission gives it the default storage class.
    pub wants_default_class: bool,
}

impl OfKind for ClaimTemplate {
    const KIND: Kind = Kind::PersistentVolumeClaim;

    /// `ValidatePersistentVolumeClaimUpdate`, Kubernetes 1.36.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let claim = &self.claim;
        let fixed = (&claim.access_modes, &claim.storage_class, claim.volume_mode, &claim.volume_name, &claim.selector);
        let message = "spec is immutable after creation except resources.requests and volumeAttributesClassName for \
                       bound claims";
        vec![ImmutableField::with_message("spec", message, &fixed)]
    }
}

/// A `PersistentVolumeClaim`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PersistentVolumeClaim {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Identifier in a dump.
    pub uid: Name,
    /// Identifier of the controlling owner: the pod, for an ephemeral volume.
    pub owner_uid: Option<Name>,
    /// `spec.accessModes`.
    pub access_modes: Vec<AccessMode>,
    /// `spec.resources.requests.storage`.
    pub request: Option<Bytes>,
    /// How the request was written.
    pub request_format: QuantityFormat,
    /// `status.allocatedResources.storage` if that is more than the request.
    pub allocated: Option<Bytes>,
    /// Names of the VolumeAttributesClasses that it refers to: that of its spec, the current one and the one to come.
    pub attributes_classes: Vec<Name>,
    /// `spec.volumeAttributesClassName`; empty for none.
    pub attributes_class: Name,
    /// `spec.storageClassName`; empty for none.
    pub storage_class: Name,
    /// `spec.volumeMode`.
    pub volume_mode: VolumeMode,
    /// `spec.volumeName`; empty until a volume is chosen.
    pub volume_name: Name,
    /// `spec.selector`.
    pub selector: Option<LabelSelector>,
    /// Annotation `pv.kubernetes.io/bind-completed` is present.
    pub bind_completed: bool,
    /// Annotation `volume.kubernetes.io/selected-node`.
    pub selected_node: Option<Name>,
    /// Annotation `volume.kubernetes.io/storage-provisioner`: who is to make its volume; empty for nobody.
    pub provisioner: Name,
    /// `status.capacity.storage`.
    pub capacity: Option<Bytes>,
    /// `status.phase` is Lost.
    pub is_lost: bool,
    /// Deletion was requested.
    pub terminating: bool,
}
