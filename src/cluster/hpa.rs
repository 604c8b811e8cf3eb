//! HorizontalPodAutoscalers.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, HpaId, NamespaceId, ObjectHead};
use crate::api::{self, HpaStatus, Kind, Name};
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

    /// Creates a HorizontalPodAutoscaler, or replaces the spec of the one with its name.
    pub fn apply_hpa(&mut self, object: api::HorizontalPodAutoscaler, now: SimTime) -> HpaId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = if let Some(id) = self.find::<HpaId>(Kind::HorizontalPodAutoscaler, namespace, &object.meta.name) {
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
        let hpa = &mut self.hpas[id.index()];
        hpa.removed = true;
        hpa.head.change(&mut self.versions);
        self.index.remove(Kind::HorizontalPodAutoscaler, id, Some(hpa.namespace), &hpa.object.meta.name);
        self.changes.push(Change::HpaRemoved(id));
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

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.hpas[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_hpa(self);
    }
}
