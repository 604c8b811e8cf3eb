//! PersistentVolumes.

use super::common::meta;
use super::common::selector::convert_node_selector;
use super::common::validation::{Naming, object_meta};
use super::common::value::{name, optional_word};
use super::common::volume::{RECLAIM_POLICIES, VOLUME_MODES, access_modes, check_access_modes, class_of, storage_of};
use super::kind::Kind;
use crate::api::{
    self, ClaimReference, Name, Object, PersistentVolumeSource, ReclaimPolicy, VolumeMode, VolumePhase, WithMeta,
};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// `PersistentVolume` of `v1`.
pub struct PersistentVolume;

impl Kind for PersistentVolume {
    type Plain = core::PersistentVolume;
    type Converted = Object;
    const KIND: &'static str = "PersistentVolume";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Cluster;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["mountOptions"], ..InertFields::of("PersistentVolumeSpec") }];

    /// Checks a persistent volume (`ValidatePersistentVolumeSpec`, Kubernetes 1.36).
    fn validate(volume: &core::PersistentVolume, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&volume.metadata, Self::NAMING, root.key("metadata"), errors);
        let path = root.key("spec");
        let Some(spec) = &volume.spec else {
            errors.push(path, "missing (expected a PersistentVolume spec)");
            return;
        };
        check_access_modes(spec.access_modes.as_ref(), path, errors);
        if spec.capacity.as_ref().is_none_or(|capacity| !capacity.contains_key("storage")) {
            let capacity_path = path.key("capacity");
            errors.push(capacity_path.key("storage"), "missing (expected a quantity such as `10Gi`)");
        }
    }

    /// Converts a persistent volume; one without a status and a claim is available.
    fn convert(volume: &core::PersistentVolume, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let mut converted = convert_persistent_volume(volume, errors);
        let has_phase = volume.status.as_ref().is_some_and(|status| status.phase.is_some());
        if !has_phase {
            converted.phase = match &converted.claim {
                None => VolumePhase::Available,
                Some(claim) if claim.uid.is_empty() => VolumePhase::Pending,
                Some(_) => VolumePhase::Bound,
            };
        }
        let meta = meta::convert_cluster_scoped(&volume.metadata, start);
        Object::PersistentVolume(Box::new(WithMeta { meta, object: converted }))
    }
}

/// Converts a persistent volume as the API server stores it.
pub fn convert_persistent_volume(volume: &core::PersistentVolume, errors: &mut FieldErrors) -> api::PersistentVolume {
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
    api::PersistentVolume {
        name: name(volume.metadata.name.as_ref()),
        labels: meta::labels(volume.metadata.labels.as_ref()),
        capacity: storage_of(spec.capacity.as_ref(), path.key("capacity"), errors).unwrap_or_default(),
        access_modes: access_modes(spec.access_modes.as_ref()),
        attributes_class: name(spec.volume_attributes_class_name.as_ref()),
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
        reclaim_policy: optional_word(
            spec.persistent_volume_reclaim_policy.as_ref(),
            &RECLAIM_POLICIES,
            ReclaimPolicy::Retain,
            path.key("persistentVolumeReclaimPolicy"),
            errors,
        ),
        is_provisioned: volume
            .metadata
            .annotations
            .as_ref()
            .is_some_and(|annotations| annotations.contains_key("pv.kubernetes.io/provisioned-by")),
        phase: match phase {
            Some("Available") => VolumePhase::Available,
            Some("Bound") => VolumePhase::Bound,
            Some("Released") => VolumePhase::Released,
            Some("Failed") => VolumePhase::Failed,
            _ => VolumePhase::Pending,
        },
        terminating: volume.metadata.deletion_timestamp.is_some(),
    }
}
