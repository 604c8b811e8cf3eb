//! Volumes and what goes with them: PersistentVolumes, claims, StorageClasses, what CSI drivers publish.

use super::super::validation::{Naming, object_meta};
use super::super::volume::{convert_claim, convert_persistent_volume, convert_storage_capacity, convert_storage_class};
use super::{LoadedObject, Loader, TypeMeta, Unused};
use crate::api::{CsiStorageCapacity, Name, PersistentVolume, PersistentVolumeClaim, StorageClass};
use crate::input::document::{ManifestSource, Place, read_documents, read_sources};
use crate::input::{Diagnostics, FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields of a pod's volumes that bear on scheduling, where volumes are read.
const SIMULATED: [&str; 8] = [
    "Volume.awsElasticBlockStore",
    "Volume.azureDisk",
    "Volume.cinder",
    "Volume.ephemeral",
    "Volume.gcePersistentDisk",
    "Volume.iscsi",
    "Volume.persistentVolumeClaim",
    "Volume.rbd",
];

/// Each CSI driver of a node with its `allocatable.count`.
pub type CsiDrivers = Vec<(Name, Option<i64>)>;

/// Volumes and what goes with them, in the order of the documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedVolumes {
    /// PersistentVolumes.
    pub persistent_volumes: Vec<PersistentVolume>,
    /// PersistentVolumeClaims.
    pub claims: Vec<PersistentVolumeClaim>,
    /// StorageClasses.
    pub classes: Vec<StorageClass>,
    /// CSIStorageCapacities.
    pub capacities: Vec<CsiStorageCapacity>,
    /// CSINodes by node name.
    pub csi_nodes: Vec<(Name, CsiDrivers)>,
    /// Names of CSIDrivers with `storageCapacity`.
    pub capacity_drivers: Vec<Name>,
}

/// Reads a cluster: every object as [`super::load_objects`] does, and volumes with what goes with them.
pub fn load_cluster(
    sources: &[ManifestSource],
    start: Timestamp,
    diagnostics: &mut Diagnostics,
) -> (Vec<LoadedObject>, LoadedVolumes) {
    let files = read_sources(sources, diagnostics);
    let mut loader = Loader {
        start,
        objects: Vec::new(),
        volumes: Some(LoadedVolumes::default()),
        diagnostics,
        seen: BTreeMap::new(),
        unused: Unused::default(),
    };
    for file in &files {
        for document in read_documents(file, loader.diagnostics) {
            loader.load(&document.value, None, &document.place());
        }
    }
    let Loader { objects, volumes, unused, diagnostics, .. } = loader;
    unused.report(diagnostics);
    (objects, volumes.unwrap_or_default())
}

impl LoadedVolumes {
    /// Adds what another has.
    pub fn extend(&mut self, other: Self) {
        self.persistent_volumes.extend(other.persistent_volumes);
        self.claims.extend(other.claims);
        self.classes.extend(other.classes);
        self.capacities.extend(other.capacities);
        self.csi_nodes.extend(other.csi_nodes);
        self.capacity_drivers.extend(other.capacity_drivers);
    }
}

/// One object of those kinds.
enum Read {
    PersistentVolume(PersistentVolume),
    Claim(PersistentVolumeClaim),
    Class(StorageClass),
    Capacity(CsiStorageCapacity),
    CsiNode(Name, CsiDrivers),
    CapacityDriver(Name),
    Nothing,
}

impl Loader<'_> {
    /// Reads an object of these kinds if volumes are wanted; whether it was one.
    pub(super) fn load_volume(&mut self, meta: TypeMeta<'_>, value: &Value, place: &Place<'_, '_>) -> bool {
        if self.volumes.is_none() {
            return false;
        }
        let name = |meta: &ObjectMeta| Name::from(meta.name.as_deref().unwrap_or_default());
        let cluster = |meta: &ObjectMeta, errors: &mut FieldErrors| {
            object_meta(meta, Naming::Cluster, FieldPath::Root.key("metadata"), errors);
        };
        let namespaced = |meta: &ObjectMeta, errors: &mut FieldErrors| {
            object_meta(meta, Naming::Namespaced, FieldPath::Root.key("metadata"), errors);
        };
        let read = match (meta.api_version, meta.kind) {
            ("v1", "PersistentVolume") => self.read(
                ("PersistentVolume", value, place),
                |_| (),
                |object: &core::PersistentVolume, errors| cluster(&object.metadata, errors),
                |object, _, errors| Read::PersistentVolume(convert_persistent_volume(object, errors)),
            ),
            ("v1", "PersistentVolumeClaim") => self.read(
                ("PersistentVolumeClaim", value, place),
                |_| (),
                |object: &core::PersistentVolumeClaim, errors| namespaced(&object.metadata, errors),
                |object, _, errors| Read::Claim(convert_claim(object, errors)),
            ),
            ("storage.k8s.io/v1", "StorageClass") => self.read(
                ("StorageClass", value, place),
                |_| (),
                |object: &storage::StorageClass, errors| cluster(&object.metadata, errors),
                |object, _, errors| Read::Class(convert_storage_class(object, errors)),
            ),
            ("storage.k8s.io/v1", "CSIStorageCapacity") => self.read(
                ("CSIStorageCapacity", value, place),
                |_| (),
                |object: &storage::CSIStorageCapacity, errors| namespaced(&object.metadata, errors),
                |object, _, errors| Read::Capacity(convert_storage_capacity(object, errors)),
            ),
            ("storage.k8s.io/v1", "CSINode") => self.read(
                ("CSINode", value, place),
                |_| (),
                |object: &storage::CSINode, errors| cluster(&object.metadata, errors),
                |object, _, _| {
                    let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
                    let drivers = object.spec.drivers.iter().map(|own| (own.name.as_str().into(), limit(own)));
                    Read::CsiNode(name(&object.metadata), drivers.collect())
                },
            ),
            ("storage.k8s.io/v1", "CSIDriver") => self.read(
                ("CSIDriver", value, place),
                |_| (),
                |object: &storage::CSIDriver, errors| cluster(&object.metadata, errors),
                |object, _, _| match object.spec.storage_capacity {
                    Some(true) => Read::CapacityDriver(name(&object.metadata)),
                    _ => Read::Nothing,
                },
            ),
            _ => return false,
        };
        if let (Some(read), Some(volumes)) = (read, &mut self.volumes) {
            match read {
                Read::PersistentVolume(own) => volumes.persistent_volumes.push(own),
                Read::Claim(own) => volumes.claims.push(own),
                Read::Class(own) => volumes.classes.push(own),
                Read::Capacity(own) => volumes.capacities.push(own),
                Read::CsiNode(node, drivers) => volumes.csi_nodes.push((node, drivers)),
                Read::CapacityDriver(driver) => volumes.capacity_drivers.push(driver),
                Read::Nothing => {}
            }
        }
        true
    }
}

/// Whether a field without effect has one where volumes are read.
pub fn is_simulated(field: &str) -> bool {
    SIMULATED.contains(&field)
}
