//! Volumes: what a pod mounts, persistent volumes and claims, storage classes, CSI limits and capacities.

use super::{LabelSelector, Labels, Name, NodeSelector, ObjectMeta};
use crate::units::Bytes;

/// Where a volume of a pod comes from, as far as it bears on scheduling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    /// A claim by name.
    PersistentVolumeClaim(Name),
    /// The claim of one of the StatefulSet's `volumeClaimTemplates`, named after the template (which is the volume's name)
    /// and the pod. As in the API the claim outlives the pod; unlike there the name is not written into each pod, so that
    /// the pods of a StatefulSet have one template.
    ClaimTemplate,
    /// A claim that is made for the pod, named after pod and volume.
    Ephemeral,
    /// `gcePersistentDisk`.
    GcePersistentDisk {
        /// `pdName`.
        pd_name: Name,
        /// `readOnly`.
        read_only: bool,
    },
    /// `awsElasticBlockStore`.
    AwsElasticBlockStore {
        /// `volumeID`.
        volume_id: Name,
    },
    /// `azureDisk`.
    AzureDisk {
        /// `diskURI`.
        disk_uri: Name,
    },
    /// `cinder`.
    Cinder {
        /// `volumeID`.
        volume_id: Name,
    },
    /// `iscsi`.
    Iscsi {
        /// `iqn`.
        iqn: Name,
        /// `readOnly`.
        read_only: bool,
    },
    /// `rbd`.
    Rbd {
        /// `monitors`.
        monitors: Vec<Name>,
        /// `pool`.
        pool: Name,
        /// `image`.
        image: Name,
        /// `readOnly`.
        read_only: bool,
    },
}

/// A volume of a pod that bears on scheduling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Volume {
    /// Name in the pod.
    pub name: Name,
    /// Where it comes from.
    pub source: VolumeSource,
}

/// `accessModes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessMode {
    /// One node reads and writes.
    ReadWriteOnce,
    /// Many nodes read.
    ReadOnlyMany,
    /// Many nodes read and write.
    ReadWriteMany,
    /// One pod reads and writes.
    ReadWriteOncePod,
}

/// `volumeMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeMode {
    /// A file system.
    #[default]
    Filesystem,
    /// A raw block device.
    Block,
}

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

/// The drivers of a CSINode, each with its `allocatable.count`.
pub type DriverLimits = Vec<(Name, Option<i64>)>;

/// An object whose type holds no `metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithMeta<T> {
    /// Identity.
    pub meta: ObjectMeta,
    /// The rest.
    pub object: T,
}

/// A claim that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimTemplate {
    /// The claim.
    pub claim: PersistentVolumeClaim,
    /// Whether admission gives it the default storage class.
    pub wants_default_class: bool,
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
    /// `status.phase` is Lost.
    pub is_lost: bool,
    /// Deletion was requested.
    pub terminating: bool,
}

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
}

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
