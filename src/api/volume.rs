//! The volumes of a pod, as far as they bear on scheduling.

use super::Name;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
