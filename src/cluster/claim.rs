//! Claims of persistent volumes.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, ClaimId, Cluster, ObjectHead, ObjectId, PodId, VolumeId};
use crate::api::{
    ClaimReference, ClaimTemplate, Kind, Name, PersistentVolumeClaim, VolumePhase, VolumeSource, WithMeta,
};
use crate::units::{Bytes, SimTime};
use std::sync::Arc;

/// A claim that is or was there.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The claim. Its uid is that of the dump that it was read from, which the claimed volume may name, else that of its id.
    pub object: Arc<PersistentVolumeClaim>,
    /// Version and creation.
    pub head: ObjectHead,
    /// The owner that the retention policy of its StatefulSet gave it: with that one the garbage collector deletes it.
    pub owner: Option<ObjectId>,
    /// When that was written.
    pub owner_changed: SimTime,
    /// Whether it was removed.
    pub removed: bool,
}

impl Claim {
    /// Whether it has its volume.
    pub fn is_bound(&self) -> bool {
        !self.object.volume_name.is_empty() && self.object.bind_completed
    }
}

impl Cluster {
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
        self.storage.claims.push(Claim {
            object: Arc::new(claim),
            head,
            owner: None,
            owner_changed: now,
            removed: false,
        });
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

    /// Changes a claim that exists.
    fn change_claim(&mut self, id: ClaimId, change: impl FnOnce(&mut PersistentVolumeClaim)) {
        let claim = &mut self.storage.claims[id.index()];
        if claim.removed {
            return;
        }
        let before = Arc::clone(&claim.object);
        change(Arc::make_mut(&mut claim.object));
        if before != claim.object {
            claim.head.change(&mut self.versions);
            self.changes.push(Change::ClaimUpdated(id));
        }
    }

    /// Notes the node for which a claim's volume is to be made (annotation `volume.kubernetes.io/selected-node`), or takes
    /// the note back.
    pub fn select_node(&mut self, id: ClaimId, node: Option<Name>) {
        self.change_claim(id, |claim| claim.selected_node = node);
    }

    /// Notes who is to make the volume of a claim (annotation `volume.kubernetes.io/storage-provisioner`).
    pub fn set_claim_provisioner(&mut self, id: ClaimId, provisioner: &Name) {
        self.change_claim(id, |claim| claim.provisioner = provisioner.clone());
    }

    /// Writes the size that a claim has: `status.capacity.storage`.
    pub fn set_claim_capacity(&mut self, id: ClaimId, capacity: Bytes) {
        self.change_claim(id, |claim| claim.capacity = Some(capacity));
    }

    /// The volume of a claim is gone: `status.phase` Lost.
    pub fn lose_claim(&mut self, id: ClaimId) {
        self.change_claim(id, |claim| claim.is_lost = true);
    }

    /// Writes the owner reference of a claim by which the garbage collector deletes it.
    pub fn set_claim_owner(&mut self, id: ClaimId, owner: Option<ObjectId>, now: SimTime) {
        let claim = &mut self.storage.claims[id.index()];
        if !claim.removed && claim.owner != owner {
            claim.owner = owner;
            claim.owner_changed = now;
            claim.head.change(&mut self.versions);
            self.changes.push(Change::ClaimUpdated(id));
        }
    }

    /// Binds a claim and a volume to each other. Nothing happens if the volume belongs to another claim.
    pub fn bind_claim(&mut self, id: ClaimId, volume: VolumeId) {
        let (claim, volume_state) = (&mut self.storage.claims[id.index()], &mut self.storage.volumes[volume.index()]);
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
        bound.phase = VolumePhase::Bound;
        let object = Arc::make_mut(&mut claim.object);
        object.volume_name = bound.name.clone();
        object.bind_completed = true;
        object.capacity = Some(bound.capacity);
        self.changes.push(Change::Volume(volume));
        self.changes.push(Change::ClaimUpdated(id));
    }

    /// The names of the claims of a pod, in the order of its volumes.
    pub fn claim_names_of(&self, pod: PodId) -> Vec<Name> {
        let template = &self.template_of(pod).template;
        let state = self.pod(pod);
        let name = |source: &VolumeSource, volume: &Name| match source {
            VolumeSource::PersistentVolumeClaim(claim) => Some(claim.clone()),
            VolumeSource::ClaimTemplate => Some(Name::from(format!("{volume}-{}", state.name))),
            VolumeSource::Ephemeral => Some(Name::from(format!("{}-{volume}", state.name))),
            _ => None,
        };
        template.spec.volumes.iter().filter_map(|volume| name(&volume.source, &volume.name)).collect()
    }

    /// The claims of a pod that exist, in the order of its volumes.
    pub fn claims_of(&self, pod: PodId) -> Vec<ClaimId> {
        let namespace = self.namespace_name(self.pod(pod).namespace);
        self.claim_names_of(pod).iter().filter_map(|name| self.storage.claim_id(namespace, name)).collect()
    }

    /// The claims of a pod that exist and are made from the templates of its StatefulSet.
    pub fn template_claims_of(&self, pod: PodId) -> Vec<ClaimId> {
        let volumes = &self.template_of(pod).template.spec.volumes;
        let made = volumes.iter().filter(|volume| volume.source == VolumeSource::ClaimTemplate);
        let state = self.pod(pod);
        let namespace = self.namespace_name(state.namespace);
        let names = made.map(|volume| Name::from(format!("{}-{}", volume.name, state.name)));
        names.filter_map(|name| self.storage.claim_id(namespace, &name)).collect()
    }

    /// A pod that names claims came or goes.
    pub(super) fn note_claim_user(&mut self, pod: PodId, is_there: bool) {
        if self.template_of(pod).template.spec.volumes.is_empty() {
            return;
        }
        let namespace = self.namespace_name(self.pod(pod).namespace).clone();
        for name in self.claim_names_of(pod) {
            let key = (namespace.clone(), name);
            if is_there {
                self.storage.users.entry(key).or_default().insert(pod);
            } else if let Some(users) = self.storage.users.get_mut(&key) {
                users.remove(&pod);
                if users.is_empty() {
                    self.storage.users.remove(&key);
                }
            }
        }
    }

    /// The volumes of a pod that are attached to its node and bound to its claims.
    pub fn attachable_volumes_of(&self, pod: PodId) -> Vec<VolumeId> {
        let bound =
            self.claims_of(pod).into_iter().map(|claim| self.storage.claim(claim)).filter(|claim| claim.is_bound());
        let volumes = bound.filter_map(|claim| self.storage.volume_id(&claim.object.volume_name));
        volumes.filter(|volume| self.storage.is_attachable(*volume)).collect()
    }

    /// The pods that name a claim, in order of their creation.
    pub fn pods_with_claim(&self, id: ClaimId) -> impl Iterator<Item = PodId> + '_ {
        let claim = &self.storage.claim(id).object;
        let users = self.storage.users.get(&(claim.namespace.clone(), claim.name.clone()));
        users.into_iter().flatten().copied()
    }

    /// Whether a pod on a node uses a claim: the finalizer `kubernetes.io/pvc-protection` holds it then.
    pub fn is_claim_in_use(&self, id: ClaimId) -> bool {
        self.pods_with_claim(id).any(|pod| self.pod(pod).node.is_some())
    }

    /// Asks for another size of a claim that is there. Why it is refused (`PersistentVolumeClaimResize` and
    /// `ValidatePersistentVolumeClaimUpdate`, Kubernetes 1.36).
    fn resize_claim(&mut self, id: ClaimId, request: Option<Bytes>) -> Option<String> {
        let claim = self.storage.claim(id);
        let object = &claim.object;
        if request == object.request {
            return None;
        }
        let class = self.storage.classes().get(&object.storage_class);
        let refusal = if request < object.request {
            "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
        } else if !claim.is_bound() {
            "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for \
             bound claims"
        } else if !class.is_some_and(|class| class.allow_volume_expansion) {
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
        } else {
            self.change_claim(id, |claim| claim.request = request);
            return None;
        };
        Some(format!("persistentvolumeclaim {}/{}: {refusal}", object.namespace, object.name))
    }
}

impl Apply for WithMeta<ClaimTemplate> {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        if let Some(id) = cluster.storage.claim_id(&self.meta.namespace, &self.meta.name) {
            return cluster.resize_claim(id, self.object.claim.request);
        }
        cluster.add_claim(self.object.clone(), now);
        None
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

    /// A claim that a pod on a node uses stays, terminating, until that pod is gone.
    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        if cluster.is_claim_in_use(self) {
            cluster.change_claim(self, |claim| claim.terminating = true);
        } else {
            cluster.remove_claim(self);
        }
    }
}
