//! Persistent volumes.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, ObjectHead, VolumeId};
use crate::api::{Kind, Name, PersistentVolume, VolumePhase, WithMeta};
use crate::units::{Bytes, SimTime};
use std::sync::Arc;

/// A persistent volume that is or was there.
#[derive(Clone, Debug)]
pub struct Volume {
    /// The volume.
    pub object: Arc<PersistentVolume>,
    /// Version and creation.
    pub head: ObjectHead,
}

impl Cluster {
    /// Adds a persistent volume, unless there is one of the name.
    pub fn add_volume(&mut self, volume: PersistentVolume, now: SimTime) -> VolumeId {
        if let Some(id) = self.storage.volume_id(&volume.name) {
            return id;
        }
        let id = VolumeId::from_index(self.storage.volumes.len());
        self.storage.volumes_by_name.insert(volume.name.clone(), id);
        self.index.add(Kind::PersistentVolume, id, None, &volume.name);
        let head = ObjectHead::new(&mut self.versions, now);
        self.storage.volumes.push(Volume { object: Arc::new(volume), head });
        self.changes.push(Change::Volume(id));
        id
    }

    /// Removes a persistent volume. A claim that has it loses it (`status.phase` Lost).
    pub fn remove_volume(&mut self, id: VolumeId) {
        let volume = &mut self.storage.volumes[id.index()];
        if self.storage.volumes_by_name.get(&volume.object.name) != Some(&id) {
            return;
        }
        self.storage.volumes_by_name.remove(&volume.object.name);
        self.index.remove(Kind::PersistentVolume, id, None, &volume.object.name);
        volume.head.change(&mut self.versions);
        self.changes.push(Change::VolumeRemoved(id));
    }

    /// Changes a persistent volume.
    fn change_volume(&mut self, id: VolumeId, change: impl FnOnce(&mut PersistentVolume)) {
        let volume = &mut self.storage.volumes[id.index()];
        let before = Arc::clone(&volume.object);
        change(Arc::make_mut(&mut volume.object));
        if before != volume.object {
            volume.head.change(&mut self.versions);
            self.changes.push(Change::Volume(id));
        }
    }

    /// Writes `status.phase`.
    pub fn set_volume_phase(&mut self, id: VolumeId, phase: VolumePhase) {
        self.change_volume(id, |volume| volume.phase = phase);
    }

    /// A driver has made a volume larger: `spec.capacity.storage`.
    pub fn set_volume_capacity(&mut self, id: VolumeId, capacity: Bytes) {
        self.change_volume(id, |volume| volume.capacity = capacity);
    }
}

impl Apply for WithMeta<PersistentVolume> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Infrastructure
    }

    /// Creates a volume, or takes over what an administrator may change of one: whose it is, what becomes of it, its labels,
    /// its size.
    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let Some(id) = cluster.storage.volume_id(&self.meta.name) else {
            cluster.add_volume(self.object.clone(), now);
            return None;
        };
        let new = &self.object;
        cluster.change_volume(id, |volume| {
            volume.claim.clone_from(&new.claim);
            volume.reclaim_policy = new.reclaim_policy;
            volume.labels.clone_from(&new.labels);
            volume.capacity = new.capacity;
        });
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

    /// The finalizer `kubernetes.io/pv-protection` holds a volume as long as a claim has it.
    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        if cluster.storage.volume(self).phase == VolumePhase::Bound {
            cluster.change_volume(self, |volume| volume.terminating = true);
        } else {
            cluster.remove_volume(self);
        }
    }
}
