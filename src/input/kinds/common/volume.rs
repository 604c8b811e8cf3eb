//! Volumes: those of a pod, and what persistent volumes and claims share.

use super::resources;
use super::value::{name, names};
use crate::api::{AccessMode, LocalVolumes, Name, ReclaimPolicy, Volume, VolumeMode, VolumeSource};
use crate::input::{FieldErrors, FieldPath};
use crate::units::Bytes;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// Words of `volumeMode`.
pub const VOLUME_MODES: [(&str, VolumeMode); 2] =
    [("Filesystem", VolumeMode::Filesystem), ("Block", VolumeMode::Block)];
/// Words of `reclaimPolicy` and `persistentVolumeReclaimPolicy`; a recycled volume is one that stays.
pub const RECLAIM_POLICIES: [(&str, ReclaimPolicy); 3] =
    [("Retain", ReclaimPolicy::Retain), ("Delete", ReclaimPolicy::Delete), ("Recycle", ReclaimPolicy::Retain)];
/// The annotation that named a claim's or volume's class before the field did.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
/// Words of `accessModes`.
const ACCESS_MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// Converts those volumes of a pod that bear on scheduling, image volumes excepted.
#[must_use]
pub fn convert_pod_volumes(volumes: &[core::Volume]) -> Vec<Volume> {
    let convert = |volume: &core::Volume| {
        let source = if let Some(claim) = &volume.persistent_volume_claim {
            VolumeSource::PersistentVolumeClaim(Name::from(claim.claim_name.as_str()))
        } else if volume.ephemeral.is_some() {
            VolumeSource::Ephemeral
        } else if let Some(disk) = &volume.gce_persistent_disk {
            let pd_name = Name::from(disk.pd_name.as_str());
            VolumeSource::GcePersistentDisk { pd_name, read_only: disk.read_only == Some(true) }
        } else if let Some(disk) = &volume.aws_elastic_block_store {
            VolumeSource::AwsElasticBlockStore { volume_id: Name::from(disk.volume_id.as_str()) }
        } else if let Some(disk) = &volume.azure_disk {
            VolumeSource::AzureDisk { disk_uri: Name::from(disk.disk_uri.as_str()) }
        } else if let Some(disk) = &volume.cinder {
            VolumeSource::Cinder { volume_id: Name::from(disk.volume_id.as_str()) }
        } else if let Some(disk) = &volume.iscsi {
            VolumeSource::Iscsi { iqn: Name::from(disk.iqn.as_str()), read_only: disk.read_only == Some(true) }
        } else if let Some(disk) = &volume.rbd {
            VolumeSource::Rbd {
                monitors: names(Some(&disk.monitors)),
                pool: Name::from(disk.pool.as_deref().unwrap_or("rbd")),
                image: Name::from(disk.image.as_str()),
                read_only: disk.read_only == Some(true),
            }
        } else {
            return None;
        };
        Some(Volume { name: Name::from(volume.name.as_str()), source })
    };
    volumes.iter().filter_map(convert).collect()
}

/// The names of a pod's volumes on its node's disk.
#[must_use]
pub fn local_volumes(volumes: &[core::Volume]) -> LocalVolumes {
    let in_memory = |volume: &core::EmptyDirVolumeSource| volume.medium.as_deref() == Some("Memory");
    let is_local = |volume: &&core::Volume| {
        volume.host_path.is_some() || volume.empty_dir.as_ref().is_some_and(|empty_dir| !in_memory(empty_dir))
    };
    volumes.iter().filter(is_local).map(|volume| Name::from(volume.name.as_str())).collect()
}

/// The class that the old annotation or the field names.
pub fn class_of(meta: &ObjectMeta, field: Option<&String>) -> Name {
    let annotated = meta.annotations.as_ref().and_then(|annotations| annotations.get(CLASS_ANNOTATION));
    name(annotated.or(field))
}

/// `storage` of a resource list, in bytes.
pub fn storage_of(
    list: Option<&BTreeMap<String, QuantityText>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<Bytes> {
    resources::convert(list, path, errors).scalar("storage").map(Bytes::new)
}

/// The access modes that Kubernetes has; others are reported by [`check_access_modes`].
pub fn access_modes(modes: Option<&Vec<String>>) -> Vec<AccessMode> {
    let mode = |word: &String| match word.as_str() {
        "ReadWriteOnce" => Some(AccessMode::ReadWriteOnce),
        "ReadOnlyMany" => Some(AccessMode::ReadOnlyMany),
        "ReadWriteMany" => Some(AccessMode::ReadWriteMany),
        "ReadWriteOncePod" => Some(AccessMode::ReadWriteOncePod),
        _ => None,
    };
    modes.into_iter().flatten().filter_map(mode).collect()
}

/// Checks `accessModes`: at least one, and only such as exist. `path` leads to the spec.
pub fn check_access_modes(modes: Option<&Vec<String>>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let modes = modes.map_or(&[][..], Vec::as_slice);
    let modes_path = path.key("accessModes");
    if modes.is_empty() {
        errors.push(modes_path, format_args!("missing (expected some of {})", ACCESS_MODES.join(", ")));
    }
    for (index, mode) in modes.iter().enumerate().filter(|(_, mode)| !ACCESS_MODES.contains(&mode.as_str())) {
        errors.push(modes_path.index(index), format_args!("`{mode}` is not one of {}", ACCESS_MODES.join(", ")));
    }
}
