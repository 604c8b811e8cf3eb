//! What there is of storage: where volumes, claims and attachments are found; storage classes, and what CSI drivers publish.

use super::apply::{Apply, ApplyOrder};
use super::claim::Claim;
use super::volume::Volume;
use super::volume_attachment::Attachments;
use super::{Change, ClaimId, Cluster, PodId, VolumeId};
use crate::api::{ApiObject, CsiDriver, CsiNode, CsiStorageCapacity, Name, PersistentVolume, StorageClass, WithMeta};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All storage objects.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    pub(super) volumes: Vec<Volume>,
    pub(super) volumes_by_name: BTreeMap<Name, VolumeId>,
    pub(super) claims: Vec<Claim>,
    pub(super) claims_by_name: BTreeMap<(Name, Name), ClaimId>,
    /// The pods that name a claim, by namespace and name of the claim, whether it is there or not.
    pub(super) users: BTreeMap<(Name, Name), BTreeSet<PodId>>,
    pub(super) attachments: Attachments,
    classes: BTreeMap<Name, StorageClass>,
    /// The default classes, in order of their arrival.
    pub(super) default_classes: Vec<Name>,
    csi_nodes: BTreeMap<Name, Vec<(Name, Option<i64>)>>,
    capacity_drivers: BTreeSet<Name>,
    /// Names of CSIDrivers whose volumes are not attached to nodes.
    detached_drivers: BTreeSet<Name>,
    capacities: BTreeMap<(Name, Name), CsiStorageCapacity>,
}

impl Storage {
    /// Storage classes by name.
    pub const fn classes(&self) -> &BTreeMap<Name, StorageClass> {
        &self.classes
    }

    /// CSINodes by node name: each driver with its `allocatable.count`.
    pub const fn csi_nodes(&self) -> &BTreeMap<Name, Vec<(Name, Option<i64>)>> {
        &self.csi_nodes
    }

    /// Names of CSIDrivers with `storageCapacity`.
    pub const fn capacity_drivers(&self) -> &BTreeSet<Name> {
        &self.capacity_drivers
    }

    /// CSIStorageCapacities by namespace and name.
    pub fn capacities(&self) -> impl Iterator<Item = (&(Name, Name), &CsiStorageCapacity)> {
        self.capacities.iter()
    }

    /// Persistent volumes, in order of their names.
    pub fn volumes(&self) -> impl Iterator<Item = &Arc<PersistentVolume>> {
        self.volumes_by_name.values().map(|id| &self.volumes[id.index()].object)
    }

    /// How many persistent volumes there ever were.
    pub fn volume_count(&self) -> usize {
        self.volumes.len()
    }

    /// How many claims there ever were.
    pub fn claim_count(&self) -> usize {
        self.claims.len()
    }

    /// A persistent volume.
    pub fn volume(&self, id: VolumeId) -> &Arc<PersistentVolume> {
        &self.volumes[id.index()].object
    }

    /// The persistent volume of this name.
    pub fn volume_id(&self, name: &str) -> Option<VolumeId> {
        self.volumes_by_name.get(name).copied()
    }

    /// Every persistent volume that exists.
    pub fn volume_ids(&self) -> impl Iterator<Item = VolumeId> + '_ {
        self.volumes_by_name.values().copied()
    }

    /// Every claim that exists.
    pub fn claim_ids(&self) -> impl Iterator<Item = ClaimId> + '_ {
        self.claims_by_name.values().copied()
    }

    /// Whether a volume is attached to the nodes that use it.
    pub fn is_attachable(&self, volume: VolumeId) -> bool {
        self.volume(volume).driver().is_some_and(|driver| !self.detached_drivers.contains(driver))
    }

    /// VolumeAttachments, and what kubelets say of volumes.
    pub const fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// A claim.
    pub fn claim(&self, id: ClaimId) -> &Claim {
        &self.claims[id.index()]
    }

    /// The claim of this name that exists.
    pub fn claim_id(&self, namespace: &Name, name: &Name) -> Option<ClaimId> {
        self.claims_by_name.get(&(namespace.clone(), name.clone())).copied()
    }
}

impl Cluster {
    /// Storage objects.
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Adds or replaces a storage class.
    fn apply_storage_class(&mut self, applied: &WithMeta<StorageClass>, now: SimTime) {
        let class = &applied.object;
        self.storage.default_classes.retain(|name| *name != class.name);
        if class.is_default {
            self.storage.default_classes.push(class.name.clone());
        }
        let before = self.storage.classes.insert(class.name.clone(), class.clone());
        let (id, _) = self.note_plain(applied.kind(), &applied.meta, before.as_ref() != Some(class), now);
        self.changes.push(Change::StorageClass(id));
    }

    /// Sets the drivers of a node with their limits.
    fn apply_csi_node(&mut self, applied: &WithMeta<CsiNode>, now: SimTime) {
        let drivers = &applied.object.drivers;
        let before = self.storage.csi_nodes.insert(applied.meta.name.clone(), drivers.clone());
        let (id, _) = self.note_plain(applied.kind(), &applied.meta, before.as_ref() != Some(drivers), now);
        self.changes.push(Change::CsiObject(id));
    }

    /// Notes whether a driver publishes capacities.
    fn apply_csi_driver(&mut self, applied: &WithMeta<CsiDriver>, now: SimTime) {
        let name = &applied.meta.name;
        let is_changed = if applied.object.storage_capacity {
            self.storage.capacity_drivers.insert(name.clone())
        } else {
            self.storage.capacity_drivers.remove(name)
        };
        if applied.object.attach_required {
            self.storage.detached_drivers.remove(name);
        } else {
            self.storage.detached_drivers.insert(name.clone());
        }
        let (id, _) = self.note_plain(applied.kind(), &applied.meta, is_changed, now);
        self.changes.push(Change::CsiObject(id));
    }

    /// Adds or replaces a published capacity.
    fn apply_storage_capacity(&mut self, applied: &WithMeta<CsiStorageCapacity>, now: SimTime) {
        let key = (applied.meta.namespace.clone(), applied.meta.name.clone());
        let before = self.storage.capacities.insert(key, applied.object.clone());
        let (id, _) = self.note_plain(applied.kind(), &applied.meta, before.as_ref() != Some(&applied.object), now);
        self.changes.push(Change::CsiObject(id));
    }
}

impl Apply for WithMeta<StorageClass> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_storage_class(self, now);
        None
    }
}

impl Apply for WithMeta<CsiNode> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_csi_node(self, now);
        None
    }
}

impl Apply for WithMeta<CsiDriver> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_csi_driver(self, now);
        None
    }
}

impl Apply for WithMeta<CsiStorageCapacity> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_storage_capacity(self, now);
        None
    }
}
