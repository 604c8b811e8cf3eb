//! The volumes of a pod, as far as they bear on scheduling.

use super::Name;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

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

/// Names of those volumes of a pod that are on the disk of its node: `hostPath`, and `emptyDir` unless it is in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalVolumes(Vec<Name>);

impl FromIterator<Name> for LocalVolumes {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl Deref for LocalVolumes {
    type Target = [Name];

    fn deref(&self) -> &[Name] {
        &self.0
    }
}

/// ReplicaSets are named after the hash of their template: it is that of the other fields where there are none.
impl Hash for LocalVolumes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.0.is_empty() {
            self.0.hash(state);
        }
    }
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
