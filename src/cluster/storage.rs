//! Persistent volumes, their claims, storage classes and what CSI drivers publish.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, ClaimId, Cluster, ObjectHead, ObjectId, VolumeId};
use crate::api::{
    ApiObject, ClaimReference, ClaimTemplate, CsiDriver, CsiNode, CsiStorageCapacity, Kind, Name, PersistentVolume,
    PersistentVolumeClaim, StorageClass, WithMeta,
};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A persistent volume that is or was there.
#[derive(Clone, Debug)]
pub struct Volume {
    /// The volume.
    pub object: Arc<PersistentVolume>,
    /// Version and creation.
    pub head: ObjectHead,
}

/// A claim that is or was there.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The claim. Its uid is that of the dump that it was read from, which the claimed volume may name, else that of its id.
    pub object: Arc<PersistentVolumeClaim>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether it was removed.
    pub removed: bool,
}

impl Claim {
    /// Whether it has its volume.
    pub fn is_bound(&self) -> bool {
        !self.object.volume_name.is_empty() && self.object.bind_completed
    }
}

/// All storage objects.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    volumes: Vec<Volume>,
    volumes_by_name: BTreeMap<Name, VolumeId>,
    claims: Vec<Claim>,
    claims_by_name: BTreeMap<(Name, Name), ClaimId>,
    classes: BTreeMap<Name, StorageClass>,
    /// The default classes, in order of their arrival.
    default_classes: Vec<Name>,
    csi_nodes: BTreeMap<Name, Vec<(Name, Option<i64>)>>,
    capacity_drivers: BTreeSet<Name>,
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

    /// Adds a persistent volume, unless there is one of the name.
    pub fn add_volume(&mut self, volume: PersistentVolume, now: SimTime) -> VolumeId {
        if let Some(id) = self.storage.volume_id(&volume.name) {
            return id;
        }
        let id = VolumeId::from_index(self.storage.volumes.len());
        self.storage.volumes_by_name.insert(volume.name.clone(), id);
        let head = ObjectHead::new(&mut self.versions, now);
        self.storage.volumes.push(Volume { object: Arc::new(volume), head });
        self.changes.push(Change::Volume(id));
        id
    }

    /// Removes a persistent volume, as its reclaim policy says once its claim is gone.
    pub fn remove_volume(&mut self, name: &Name) {
        if let Some(id) = self.storage.volumes_by_name.remove(name) {
            self.storage.volumes[id.index()].head.change(&mut self.versions);
            self.changes.push(Change::VolumeRemoved(id));
        }
    }

    /// A claim as admission leaves it: of the default class where it names none; of several default classes the newest
    /// counts (admission plugin DefaultStorageClass, Kubernetes 1.36).
    pub(super) fn with_default_class(&self, mut new: ClaimTemplate) -> ClaimTemplate {
        if new.wants_default_class
            && let Some(class) = self.storage.default_classes.last()
        {
            new.claim.storage_class = class.clone();
        }
        new
    }

    /// Adds a claim that was admitted, unless there is one of the name.
    pub fn add_claim(&mut self, new: ClaimTemplate, now: SimTime) -> ClaimId {
        let ClaimTemplate { mut claim, .. } = self.with_default_class(new);
        if let Some(id) = self.storage.claim_id(&claim.namespace, &claim.name) {
            return id;
        }
        let id = ClaimId::from_index(self.storage.claims.len());
        self.storage.claims_by_name.insert((claim.namespace.clone(), claim.name.clone()), id);
        if claim.uid.is_empty() {
            claim.uid = ObjectId::from(id).uid().into();
        }
        let namespace = self.namespace(&claim.namespace, now);
        self.index.add(Kind::PersistentVolumeClaim, id, Some(namespace), &claim.name);
        let head = ObjectHead::new(&mut self.versions, now);
        self.storage.claims.push(Claim { object: Arc::new(claim), head, removed: false });
        self.changes.push(Change::ClaimAdded(id));
        id
    }

    /// Removes a claim.
    pub fn remove_claim(&mut self, id: ClaimId) {
        let claim = &mut self.storage.claims[id.index()];
        if !claim.removed {
            claim.removed = true;
            claim.head.change(&mut self.versions);
            let key = (claim.object.namespace.clone(), claim.object.name.clone());
            self.storage.claims_by_name.remove(&key);
            if let Some(namespace) = self.namespace_id(&key.0) {
                self.index.remove(Kind::PersistentVolumeClaim, id, Some(namespace), &key.1);
            }
            self.changes.push(Change::ClaimRemoved(id));
        }
    }

    /// Notes the node for which a claim's volume is to be made (annotation `volume.kubernetes.io/selected-node`), or takes
    /// the note back.
    pub fn select_node(&mut self, id: ClaimId, node: Option<Name>) {
        let claim = &mut self.storage.claims[id.index()];
        if !claim.removed && claim.object.selected_node != node {
            Arc::make_mut(&mut claim.object).selected_node = node;
            claim.head.change(&mut self.versions);
            self.changes.push(Change::ClaimUpdated(id));
        }
    }

    /// Binds a claim and a volume to each other. Nothing happens if the volume belongs to another claim.
    pub fn bind_claim(&mut self, id: ClaimId, volume: VolumeId) {
        let Storage { claims, volumes, .. } = &mut self.storage;
        let (claim, volume_state) = (&mut claims[id.index()], &mut volumes[volume.index()]);
        let (namespace, name) = (&claim.object.namespace, &claim.object.name);
        let is_this_claim = |reference: &ClaimReference| reference.namespace == *namespace && reference.name == *name;
        if claim.removed || claim.is_bound() || !volume_state.object.claim.as_ref().is_none_or(is_this_claim) {
            return;
        }
        let reference =
            ClaimReference { namespace: namespace.clone(), name: name.clone(), uid: claim.object.uid.clone() };
        volume_state.head.change(&mut self.versions);
        claim.head.change(&mut self.versions);
        let bound = Arc::make_mut(&mut volume_state.object);
        bound.claim = Some(reference);
        bound.is_available = false;
        let object = Arc::make_mut(&mut claim.object);
        object.volume_name = bound.name.clone();
        object.bind_completed = true;
        self.changes.push(Change::Volume(volume));
        self.changes.push(Change::ClaimUpdated(id));
    }
}

impl Apply for WithMeta<PersistentVolume> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        if cluster.storage.volume_id(&self.meta.name).is_some() {
            return Some(format!("persistentvolume {} is there already: it stays as it is", self.meta.name));
        }
        cluster.add_volume(self.object.clone(), now);
        None
    }
}

impl Apply for WithMeta<ClaimTemplate> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let (namespace, name) = (&self.meta.namespace, &self.meta.name);
        if cluster.storage.claim_id(namespace, name).is_some() {
            return Some(format!("persistentvolumeclaim {namespace}/{name} is there already: it stays as it is"));
        }
        cluster.add_claim(self.object.clone(), now);
        None
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

impl Resource for VolumeId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::PersistentVolume
    }

    fn namespace(self, _: &Cluster) -> Name {
        Name::default()
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.storage.volumes[self.index()].object.name
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.storage.volumes[self.index()].head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.storage.volumes[self.index()].head
    }
}

impl Resource for ClaimId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::PersistentVolumeClaim
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.storage.claim(self).object.namespace.clone()
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.storage.claim(self).object.name
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.storage.claim(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.storage.claims[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_claim(self);
    }
}
