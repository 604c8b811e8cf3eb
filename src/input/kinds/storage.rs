//! Storage objects of a manifest: what the API server checks and fills in. The conversions are in `volume`.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::common::volume;
use crate::api::{ClaimTemplate, Name, Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;

/// The annotations that make a class the default one.
const DEFAULT_CLASS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
/// Words of `accessModes`.
const ACCESS_MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

fn check_access_modes(modes: Option<&Vec<String>>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let modes = modes.map_or(&[][..], Vec::as_slice);
    let modes_path = path.key("accessModes");
    if modes.is_empty() {
        errors.push(modes_path, format_args!("missing (expected some of {})", ACCESS_MODES.join(", ")));
    }
    for (index, mode) in modes.iter().enumerate().filter(|(_, mode)| !ACCESS_MODES.contains(&mode.as_str())) {
        errors.push(modes_path.index(index), format_args!("`{mode}` is not one of {}", ACCESS_MODES.join(", ")));
    }
}

/// Checks a claim's spec, of an object or a template (`ValidatePersistentVolumeClaimSpec`, Kubernetes 1.36).
pub fn validate_claim_spec(
    spec: Option<&core::PersistentVolumeClaimSpec>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let Some(spec) = spec else {
        errors.push(path, "missing (expected a PersistentVolumeClaim spec)");
        return;
    };
    check_access_modes(spec.access_modes.as_ref(), path, errors);
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    if requests.is_none_or(|requests| !requests.contains_key("storage")) {
        let (resources_path, requests_path);
        resources_path = path.key("resources");
        requests_path = resources_path.key("requests");
        errors.push(requests_path.key("storage"), "missing (expected a quantity such as `10Gi`)");
    }
}

/// Checks a claim.
pub fn validate_claim(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&claim.metadata, Naming::Namespaced, root.key("metadata"), errors);
    validate_claim_spec(claim.spec.as_ref(), root.key("spec"), errors);
}

/// A claim, and whether admission gives it the default class: it names none, which differs from naming the empty one.
pub fn claim_template(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) -> ClaimTemplate {
    let named = claim.spec.as_ref().is_some_and(|spec| spec.storage_class_name.is_some());
    let own = volume::convert_claim(claim, errors);
    ClaimTemplate {
        wants_default_class: !named && own.storage_class.is_empty() && own.volume_name.is_empty(),
        claim: own,
    }
}

/// Converts a claim.
pub fn convert_claim(claim: &core::PersistentVolumeClaim, start: Timestamp, errors: &mut FieldErrors) -> Object {
    let meta = meta::convert(&claim.metadata, start);
    Object::PersistentVolumeClaim(Box::new(WithMeta { meta, object: claim_template(claim, errors) }))
}

/// Checks a persistent volume (`ValidatePersistentVolumeSpec`, Kubernetes 1.36).
pub fn validate_volume(volume: &core::PersistentVolume, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&volume.metadata, Naming::Cluster, root.key("metadata"), errors);
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
pub fn convert_volume(volume: &core::PersistentVolume, start: Timestamp, errors: &mut FieldErrors) -> Object {
    let mut own = volume::convert_persistent_volume(volume, errors);
    let has_phase = volume.status.as_ref().is_some_and(|status| status.phase.is_some());
    own.is_available |= !has_phase && own.claim.is_none();
    let meta = meta::convert_cluster_scoped(&volume.metadata, start);
    Object::PersistentVolume(Box::new(WithMeta { meta, object: own }))
}

/// Checks a storage class.
pub fn validate_class(class: &storage::StorageClass, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&class.metadata, Naming::Cluster, root.key("metadata"), errors);
    if class.provisioner.is_empty() {
        errors.push(root.key("provisioner"), "missing (expected a name such as `ebs.csi.aws.com`)");
    }
}

/// Converts a storage class.
pub fn convert_class(class: &storage::StorageClass, start: Timestamp, errors: &mut FieldErrors) -> Object {
    let annotations = class.metadata.annotations.as_ref();
    let is_default =
        DEFAULT_CLASS.iter().any(|key| annotations.and_then(|own| own.get(*key)).is_some_and(|value| value == "true"));
    let meta = meta::convert_cluster_scoped(&class.metadata, start);
    let class = volume::convert_storage_class(class, errors);
    Object::StorageClass(Box::new(WithMeta { meta, object: (class, is_default) }))
}

/// Checks a CSINode.
pub fn validate_csi_node(node: &storage::CSINode, errors: &mut FieldErrors) {
    object_meta(&node.metadata, Naming::Cluster, FieldPath::Root.key("metadata"), errors);
}

/// Converts a CSINode: its drivers with their limits.
pub fn convert_csi_node(node: &storage::CSINode, start: Timestamp, _: &mut FieldErrors) -> Object {
    let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
    let drivers = node.spec.drivers.iter().map(|driver| (Name::from(driver.name.as_str()), limit(driver))).collect();
    let meta = meta::convert_cluster_scoped(&node.metadata, start);
    Object::CsiNode(Box::new(WithMeta { meta, object: drivers }))
}

/// Checks a CSIDriver.
pub fn validate_csi_driver(driver: &storage::CSIDriver, errors: &mut FieldErrors) {
    object_meta(&driver.metadata, Naming::Cluster, FieldPath::Root.key("metadata"), errors);
}

/// Converts a CSIDriver: whether it publishes capacities.
pub fn convert_csi_driver(driver: &storage::CSIDriver, start: Timestamp, _: &mut FieldErrors) -> Object {
    let meta = meta::convert_cluster_scoped(&driver.metadata, start);
    Object::CsiDriver(Box::new(WithMeta { meta, object: driver.spec.storage_capacity == Some(true) }))
}

/// Checks a CSIStorageCapacity.
pub fn validate_capacity(capacity: &storage::CSIStorageCapacity, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&capacity.metadata, Naming::Namespaced, root.key("metadata"), errors);
    if capacity.storage_class_name.is_empty() {
        errors.push(root.key("storageClassName"), "missing (expected the name of a StorageClass)");
    }
}

/// Converts a CSIStorageCapacity.
pub fn convert_capacity(capacity: &storage::CSIStorageCapacity, start: Timestamp, errors: &mut FieldErrors) -> Object {
    let meta = meta::convert(&capacity.metadata, start);
    let object = volume::convert_storage_capacity(capacity, errors);
    Object::CsiStorageCapacity(Box::new(WithMeta { meta, object }))
}
