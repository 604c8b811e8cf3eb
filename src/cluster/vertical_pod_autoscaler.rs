//! VerticalPodAutoscalers.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, TemplateId, VpaId, WorkloadId};
use crate::api::{
    self, Kind, Name, NamespaceLimits, PodTemplate, RecommendedContainerResources, SizedContainer, VpaUpdateMode,
    resources_for_pod,
};
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

    /// The VerticalPodAutoscaler that controls the pods of a workload among those whose mode is of a sort: of several the
    /// oldest, then the first by name (`Stronger` of the Vertical Pod Autoscaler's `pkg/utils/vpa/api.go`).
    pub fn controlling_vpa(
        &self,
        workload: Option<WorkloadId>,
        is_of_sort: fn(VpaUpdateMode) -> bool,
    ) -> Option<VpaId> {
        let workload = self.workload(workload?);
        let controls = |(_, vpa): &(VpaId, &Vpa)| {
            let (object, target) = (&vpa.object, &vpa.object.target);
            let is_target = *target.name == *workload.name && *target.kind == *workload.kind.as_str();
            !vpa.removed && vpa.namespace == workload.namespace && is_target && is_of_sort(object.update_mode)
        };
        let key = |(_, vpa): &(VpaId, &Vpa)| (vpa.head.created, vpa.object.meta.name.clone());
        self.vpas().filter(controls).min_by_key(key).map(|(id, _)| id)
    }

    /// What the LimitRanges of a namespace say of the sizes of pods.
    pub fn namespace_limits(&self, namespace: &Name) -> NamespaceLimits {
        self.admission.namespace_limits(namespace)
    }

    /// The template of a new pod with the requests and limits that its VerticalPodAutoscaler recommends: what the admission
    /// controller of the Vertical Pod Autoscaler makes of it.
    pub(super) fn with_recommendation(&mut self, workload: Option<WorkloadId>, asked: TemplateId) -> TemplateId {
        if self.vpas.is_empty() {
            return asked;
        }
        let Some(id) = self.controlling_vpa(workload, VpaUpdateMode::admits) else { return asked };
        let vpa = self.vpa(id);
        let Some(recommendation) = &vpa.recommendation else { return asked };
        let template = &self.template(asked).template;
        let containers: Vec<SizedContainer> = template.spec.containers.iter().map(SizedContainer::of).collect();
        let limits = self.namespace_limits(&vpa.object.meta.namespace);
        let sizes = resources_for_pod(&vpa.object, recommendation, &containers, &limits);
        let mut admitted = PodTemplate::clone(template);
        for (container, (requests, limits)) in admitted.spec.containers.iter_mut().zip(sizes) {
            requests.write_to(&mut container.requests);
            limits.write_to(&mut container.limits);
        }
        if admitted.spec == template.spec {
            return asked;
        }
        let changed = self.intern_template(&Arc::new(admitted));
        let revision = self.revision_template(asked);
        if changed != revision {
            self.note_made_from(changed, revision);
        }
        changed
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
