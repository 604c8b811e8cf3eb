//! VerticalPodAutoscalers.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, VpaId};
use crate::api::{self, Kind, Name, RecommendedContainerResources};
use crate::units::SimTime;
use std::sync::Arc;

/// A VerticalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct Vpa {
    /// Spec.
    pub object: Arc<api::VerticalPodAutoscaler>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// `status.recommendation.containerRecommendations`, as the recommender last wrote it; `None` before that.
    pub recommendation: Option<Arc<[RecommendedContainerResources]>>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A VerticalPodAutoscaler.
    pub fn vpa(&self, id: VpaId) -> &Vpa {
        &self.vpas[id.index()]
    }

    /// Every VerticalPodAutoscaler that ever was.
    pub fn vpas(&self) -> impl ExactSizeIterator<Item = (VpaId, &Vpa)> {
        self.vpas.iter().enumerate().map(|(index, object)| (VpaId::from_index(index), object))
    }

    /// Creates a VerticalPodAutoscaler, or replaces the spec of the one with its name.
    pub fn apply_vpa(&mut self, object: api::VerticalPodAutoscaler, now: SimTime) -> VpaId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = if let Some(id) = self.find::<VpaId>(Kind::VerticalPodAutoscaler, namespace, &object.meta.name) {
            let vpa = &mut self.vpas[id.index()];
            if *vpa.object != object {
                vpa.object = Arc::new(object);
                vpa.head.change(&mut self.versions);
            }
            id
        } else {
            let id = VpaId::from_index(self.vpas.len());
            self.index.add(Kind::VerticalPodAutoscaler, id, Some(namespace), &object.meta.name);
            self.vpas.push(Vpa {
                object: Arc::new(object),
                namespace,
                recommendation: None,
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
            id
        };
        self.changes.push(Change::VpaSpec(id));
        id
    }

    /// Writes a VerticalPodAutoscaler's recommendation.
    pub fn set_recommendation(&mut self, id: VpaId, recommendation: Vec<RecommendedContainerResources>) {
        let vpa = &mut self.vpas[id.index()];
        if vpa.recommendation.as_deref() != Some(recommendation.as_slice()) && !vpa.removed {
            vpa.recommendation = Some(recommendation.into());
            vpa.head.change(&mut self.versions);
            self.changes.push(Change::VpaStatus(id));
        }
    }

    fn remove_vpa(&mut self, id: VpaId) {
        let vpa = &mut self.vpas[id.index()];
        if vpa.removed {
            return;
        }
        vpa.removed = true;
        vpa.head.change(&mut self.versions);
        self.index.remove(Kind::VerticalPodAutoscaler, id, Some(vpa.namespace), &vpa.object.meta.name);
        self.changes.push(Change::VpaRemoved(id));
    }
}

impl Apply for api::VerticalPodAutoscaler {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Autoscaler
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_vpa(self.clone(), now);
        None
    }
}

impl Resource for VpaId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::VerticalPodAutoscaler
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.vpa(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.vpa(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.vpa(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.vpas[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_vpa(self);
    }
}
