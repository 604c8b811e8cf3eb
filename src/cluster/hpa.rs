//! HorizontalPodAutoscalers.

use super::{Change, Cluster, HpaId, NamespaceId};
use crate::api;
use crate::units::SimTime;

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct Hpa {
    /// Spec.
    pub object: api::HorizontalPodAutoscaler,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Creation.
    pub created: SimTime,
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
        let namespace = self.namespace(&object.meta.namespace);
        let same = |own: &Hpa| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        let id = match self.hpas.iter().position(same) {
            Some(index) => {
                self.hpas[index].object = object;
                HpaId::from_index(index)
            }
            None => {
                self.hpas.push(Hpa { object, namespace, created: now, removed: false });
                HpaId::from_index(self.hpas.len() - 1)
            }
        };
        self.changes.push(Change::HpaSpec(id));
        id
    }

    /// Removes a HorizontalPodAutoscaler.
    pub fn remove_hpa(&mut self, id: HpaId) {
        let hpa = &mut self.hpas[id.index()];
        if !hpa.removed {
            hpa.removed = true;
            self.changes.push(Change::HpaRemoved(id));
        }
    }
}
