//! HorizontalPodAutoscalers.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, HpaId, NamespaceId, ObjectHead};
use crate::api::{self, CrossVersionObjectReference, HpaStatus, Kind, Name};
use crate::units::SimTime;

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct Hpa {
    /// Spec.
    pub object: api::HorizontalPodAutoscaler,
    /// Namespace.
    pub namespace: NamespaceId,
    /// `status`, as its controller last wrote it.
    pub status: HpaStatus,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A HorizontalPodAutoscaler.
    pub fn hpa(&self, id: HpaId) -> &Hpa {
        &self.hpas[id.index()]
    }

    /// Every HorizontalPodAutoscaler that ever was.
    pub fn hpas(&self) -> impl ExactSizeIterator<Item = (HpaId, &Hpa)> {
        self.hpas.iter().enumerate().map(|(index, object)| (HpaId::from_index(index), object))
    }

    /// The HorizontalPodAutoscalers of a namespace that scale this object, in order of creation.
    pub fn hpas_of_target(&self, namespace: NamespaceId, target: &CrossVersionObjectReference) -> &[HpaId] {
        self.hpas_by_target.get(&(namespace, target.clone())).map_or(&[], Vec::as_slice)
    }

    /// Creates a HorizontalPodAutoscaler, or replaces the spec of the one with its name.
    pub fn apply_hpa(&mut self, object: api::HorizontalPodAutoscaler, now: SimTime) -> HpaId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let target = (namespace, object.scale_target.clone());
        let id = if let Some(id) = self.find::<HpaId>(Kind::HorizontalPodAutoscaler, namespace, &object.meta.name) {
            self.forget_target(id);
            let hpa = &mut self.hpas[id.index()];
            if hpa.object != object {
                hpa.object = object;
                hpa.head.change(&mut self.versions);
            }
            id
        } else {
            let id = HpaId::from_index(self.hpas.len());
            self.index.add(Kind::HorizontalPodAutoscaler, id, Some(namespace), &object.meta.name);
            self.hpas.push(Hpa {
                object,
                namespace,
                status: HpaStatus::default(),
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
            id
        };
        let of_target = self.hpas_by_target.entry(target).or_default();
        of_target.insert(of_target.partition_point(|existing| *existing < id), id);
        self.changes.push(Change::HpaSpec(id));
        id
    }

    /// Writes a HorizontalPodAutoscaler's status.
    pub fn set_hpa_status(&mut self, id: HpaId, status: HpaStatus) {
        let hpa = &mut self.hpas[id.index()];
        if hpa.status != status && !hpa.removed {
            hpa.status = status;
            hpa.head.change(&mut self.versions);
            self.changes.push(Change::HpaStatus(id));
        }
    }

    /// Removes a HorizontalPodAutoscaler.
    pub fn remove_hpa(&mut self, id: HpaId) {
        if self.hpas[id.index()].removed {
            return;
        }
        self.forget_target(id);
        let hpa = &mut self.hpas[id.index()];
        hpa.removed = true;
        hpa.head.change(&mut self.versions);
        self.index.remove(Kind::HorizontalPodAutoscaler, id, Some(hpa.namespace), &hpa.object.meta.name);
        self.changes.push(Change::HpaRemoved(id));
    }

    /// Takes a HorizontalPodAutoscaler from those of its target.
    fn forget_target(&mut self, id: HpaId) {
        let hpa = &self.hpas[id.index()];
        if let Some(hpas) = self.hpas_by_target.get_mut(&(hpa.namespace, hpa.object.scale_target.clone())) {
            hpas.retain(|existing| *existing != id);
        }
    }
}

impl Apply for api::HorizontalPodAutoscaler {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Autoscaler
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_hpa(self.clone(), now);
        None
    }
}

impl Resource for HpaId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::HorizontalPodAutoscaler
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.hpa(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.hpa(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.hpa(self).head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_hpa(self);
    }
}
