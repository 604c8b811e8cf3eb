//! Volumes of pods, persistent volumes and claims, storage classes, CSI objects.

use super::meta;
use super::resources;
use super::selector::{convert_node_selector, convert_optional_label_selector};
use super::value::{name, names, optional_word};
use crate::api::{
    AccessMode, ClaimReference, CsiStorageCapacity, Name, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeSource, Quantity, StorageClass, Volume, VolumeBindingMode, VolumeMode, VolumeSource,
};
use crate::input::{FieldErrors, FieldPath};
use crate::units::Bytes;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// Words of `volumeMode`.
const VOLUME_MODES: [(&str, VolumeMode); 2] = [("Filesystem", VolumeMode::Filesystem), ("Block", VolumeMode::Block)];
/// Words of `volumeBindingMode`.
const BINDING_MODES: [(&str, VolumeBindingMode); 2] =
    [("Immediate", VolumeBindingMode::Immediate), ("WaitForFirstConsumer", VolumeBindingMode::WaitForFirstConsumer)];
/// The annotation that named a claim's or volume's class before the field did.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

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

/// The class that the old annotation or the field names.
fn class_of(meta: &ObjectMeta, field: Option<&String>) -> Name {
    let annotated = meta.annotations.as_ref().and_then(|annotations| annotations.get(CLASS_ANNOTATION));
    name(annotated.or(field))
}

/// `storage` of a resource list, in bytes.
fn storage_of(
    list: Option<&BTreeMap<String, QuantityText>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<Bytes> {
    resources::convert(list, path, errors).scalar("storage").map(Bytes::new)
}

fn bytes(quantity: Option<&QuantityText>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Bytes> {
    match quantity?.0.parse::<Quantity>() {
        Ok(quantity) => Some(Bytes::new(quantity.value())),
        Err(error) => {
            errors.push(path, error);
            None
        }
    }
}

fn access_modes(modes: Option<&Vec<String>>) -> Vec<AccessMode> {
    let mode = |word: &String| match word.as_str() {
        "ReadWriteOnce" => Some(AccessMode::ReadWriteOnce),
        "ReadOnlyMany" => Some(AccessMode::ReadOnlyMany),
        "ReadWriteMany" => Some(AccessMode::ReadWriteMany),
        "ReadWriteOncePod" => Some(AccessMode::ReadWriteOncePod),
        _ => None,
    };
    modes.into_iter().flatten().filter_map(mode).collect()
}

/// Converts a persistent volume.
pub fn convert_persistent_volume(volume: &core::PersistentVolume, errors: &mut FieldErrors) -> PersistentVolume {
    let empty = core::PersistentVolumeSpec::default();
    let spec = volume.spec.as_ref().unwrap_or(&empty);
    let path = FieldPath::Root.key("spec");
    let source = if let Some(csi) = &spec.csi {
        PersistentVolumeSource::Csi {
            driver: Name::from(csi.driver.as_str()),
            handle: Name::from(csi.volume_handle.as_str()),
        }
    } else if let Some(disk) = &spec.aws_elastic_block_store {
        PersistentVolumeSource::AwsElasticBlockStore(Name::from(disk.volume_id.as_str()))
    } else if let Some(disk) = &spec.gce_persistent_disk {
        PersistentVolumeSource::GcePersistentDisk(Name::from(disk.pd_name.as_str()))
    } else if let Some(disk) = &spec.azure_disk {
        PersistentVolumeSource::AzureDisk(Name::from(disk.disk_uri.as_str()))
    } else if let Some(disk) = &spec.cinder {
        PersistentVolumeSource::Cinder(Name::from(disk.volume_id.as_str()))
    } else {
        PersistentVolumeSource::Other
    };
    let affinity = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
    let affinity_path = path.key("nodeAffinity");
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    PersistentVolume {
        name: name(volume.metadata.name.as_ref()),
        labels: meta::labels(volume.metadata.labels.as_ref()),
        capacity: storage_of(spec.capacity.as_ref(), path.key("capacity"), errors).unwrap_or_default(),
        access_modes: access_modes(spec.access_modes.as_ref()),
        storage_class: class_of(&volume.metadata, spec.storage_class_name.as_ref()),
        volume_mode: optional_word(
            spec.volume_mode.as_ref(),
            &VOLUME_MODES,
            VolumeMode::default(),
            path.key("volumeMode"),
            errors,
        ),
        claim: spec.claim_ref.as_ref().map(|claim| ClaimReference {
            namespace: name(claim.namespace.as_ref()),
            name: name(claim.name.as_ref()),
            uid: name(claim.uid.as_ref()),
        }),
        node_affinity: affinity.map(|selector| convert_node_selector(selector, affinity_path.key("required"), errors)),
        source,
        is_available: phase == Some("Available"),
        terminating: volume.metadata.deletion_timestamp.is_some(),
    }
}

/// Converts a claim.
pub fn convert_claim(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) -> PersistentVolumeClaim {
    let empty = core::PersistentVolumeClaimSpec::default();
    let spec = claim.spec.as_ref().unwrap_or(&empty);
    let path = FieldPath::Root.key("spec");
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let annotation = |key: &str| claim.metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
    let mut owners = claim.metadata.owner_references.iter().flatten();
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    let requests_path = path.key("resources");
    PersistentVolumeClaim {
        namespace: Name::from(claim.metadata.namespace.as_deref().unwrap_or(meta::DEFAULT_NAMESPACE)),
        name: name(claim.metadata.name.as_ref()),
        uid: name(claim.metadata.uid.as_ref()),
        owner_uid: owners.find(|owner| owner.controller == Some(true)).map(|owner| Name::from(owner.uid.as_str())),
        access_modes: access_modes(spec.access_modes.as_ref()),
        request: storage_of(requests, requests_path.key("requests"), errors),
        storage_class: class_of(&claim.metadata, spec.storage_class_name.as_ref()),
        volume_mode: optional_word(
            spec.volume_mode.as_ref(),
            &VOLUME_MODES,
            VolumeMode::default(),
            path.key("volumeMode"),
            errors,
        ),
        volume_name: name(spec.volume_name.as_ref()),
        selector: convert_optional_label_selector(spec.selector.as_ref(), path.key("selector"), errors),
        bind_completed: annotation("pv.kubernetes.io/bind-completed").is_some(),
        selected_node: annotation("volume.kubernetes.io/selected-node").map(|node| Name::from(node.as_str())),
        is_lost: phase == Some("Lost"),
        terminating: claim.metadata.deletion_timestamp.is_some(),
    }
}

/// Converts a storage class.
pub fn convert_storage_class(class: &storage::StorageClass, errors: &mut FieldErrors) -> StorageClass {
    let terms = class.allowed_topologies.iter().flatten();
    StorageClass {
        name: name(class.metadata.name.as_ref()),
        provisioner: Name::from(class.provisioner.as_str()),
        binding_mode: optional_word(
            class.volume_binding_mode.as_ref(),
            &BINDING_MODES,
            VolumeBindingMode::default(),
            FieldPath::Root.key("volumeBindingMode"),
            errors,
        ),
        allowed_topologies: terms
            .map(|term| {
                let expressions = term.match_label_expressions.iter().flatten();
                expressions.map(|own| (Name::from(own.key.as_str()), names(Some(&own.values)))).collect()
            })
            .collect(),
    }
}

/// Converts a storage capacity.
pub fn convert_storage_capacity(
    capacity: &storage::CSIStorageCapacity,
    errors: &mut FieldErrors,
) -> CsiStorageCapacity {
    let root = FieldPath::Root;
    CsiStorageCapacity {
        storage_class: Name::from(capacity.storage_class_name.as_str()),
        node_topology: convert_optional_label_selector(
            capacity.node_topology.as_ref(),
            root.key("nodeTopology"),
            errors,
        ),
        capacity: bytes(capacity.capacity.as_ref(), root.key("capacity"), errors),
        maximum_volume_size: bytes(capacity.maximum_volume_size.as_ref(), root.key("maximumVolumeSize"), errors),
    }
}
