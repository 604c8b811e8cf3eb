//! What clients of the API server do to an object of any kind: delete it, read and write its scale, restart and undo its
//! rollout.

use super::ids::for_object_id;
use super::resource::{Resource, Scale};
use super::{Cluster, NamespaceId, ObjectHead, ObjectId, PodId, TemplateId, WorkloadId};
use crate::api::{Kind, LabelSelector, Name, PodTemplate};
use crate::units::SimTime;
use std::sync::Arc;

/// The annotation of a template that says when its rollout was restarted.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

impl Cluster {
    /// The kind of an object.
    pub fn kind_of(&self, object: ObjectId) -> Kind {
        for_object_id!(object, id => id.kind(self))
    }

    /// The name of an object.
    pub fn name_of(&self, object: ObjectId) -> &Name {
        for_object_id!(object, id => id.name(self))
    }

    /// The namespace of an object; empty for one without.
    pub fn namespace_of(&self, object: ObjectId) -> Name {
        for_object_id!(object, id => id.namespace(self))
    }

    /// Version and creation of an object.
    pub fn head_of(&self, object: ObjectId) -> ObjectHead {
        for_object_id!(object, id => id.head(self))
    }

    /// The workload that an object is, or belongs to.
    pub fn workload_of(&self, object: ObjectId) -> Option<WorkloadId> {
        for_object_id!(object, id => id.workload(self))
    }

    /// Deletes an object: a pod with the grace period of its template, anything else at once unless finalizers hold it.
    pub fn delete(&mut self, object: ObjectId, now: SimTime) {
        if !matches!(object, ObjectId::Pod(_)) && self.hold(object, now) {
            return;
        }
        for_object_id!(object, id => id.delete(self, now));
    }

    /// The object of this kind, namespace and name that exists and has a scale.
    pub fn find_scaled(&self, kind: &str, namespace: NamespaceId, name: &str) -> Option<ObjectId> {
        let kind = Kind::named(kind).filter(|kind| kind.has_scale())?;
        self.index.get(kind, Some(namespace), name)
    }

    /// The scale of an object; `None` for kinds without the subresource.
    pub fn scale_of(&self, object: ObjectId) -> Option<Scale> {
        for_object_id!(object, id => id.scale(self))
    }

    /// The selector of an object's scale; `None` for kinds without the subresource.
    pub fn scale_selector(&self, object: ObjectId) -> Option<&LabelSelector> {
        for_object_id!(object, id => id.scale_selector(self))
    }

    /// Writes the scale of an object. Kinds without the subresource stay as they are.
    pub fn scale(&mut self, object: ObjectId, replicas: i32) {
        for_object_id!(object, id => id.set_scale(self, replicas));
    }

    /// The template whose changes are rolled out to an object's pods; `None` of kinds without rollouts.
    pub fn rollout_template_of(&self, object: ObjectId) -> Option<TemplateId> {
        for_object_id!(object, id => id.rollout_template(self))
    }

    /// `kubectl rollout restart`: the template gets an annotation with the time, which makes it a new one. Kinds without
    /// rollouts stay as they are.
    pub fn restart_rollout(&mut self, object: ObjectId, at: &str) {
        let template = self.rollout_template_of(object);
        let Some(template) = template.map(|template| &self.template(template).template) else { return };
        let annotations = template.annotations.with(RESTARTED_AT, at);
        let restarted = Arc::new(PodTemplate { annotations, ..PodTemplate::clone(template) });
        let template = self.intern_template(&restarted);
        self.roll_out(object, template);
    }

    /// The revisions that `kubectl rollout history` lists, each with its template; none of kinds that keep no revisions.
    pub fn revisions_of(&self, object: ObjectId) -> Vec<(i64, TemplateId)> {
        for_object_id!(object, id => id.revisions(self))
    }

    /// Whether the rollouts of an object are paused.
    pub fn is_paused(&self, object: ObjectId) -> bool {
        for_object_id!(object, id => id.is_paused(self))
    }

    /// Gives an object another template, which starts a rollout. Kinds without rollouts stay as they are.
    pub fn roll_out(&mut self, object: ObjectId, template: TemplateId) {
        for_object_id!(object, id => id.set_rollout_template(self, template));
    }

    /// How many of a workload's pods are of its current template, and how many are available, as its status last said;
    /// `None` where its status does not say.
    pub fn updated_and_available(&self, object: ObjectId) -> Option<(i64, i64)> {
        for_object_id!(object, id => id.updated_and_available(self))
    }

    /// Where an owner lists its pods.
    pub(super) fn owned_pods_mut(&mut self, owner: ObjectId) -> Option<&mut Vec<PodId>> {
        for_object_id!(owner, id => id.owned_pods_mut(self))
    }

    /// Adds to the numbers of active, and of active ready, pods that an owner keeps.
    pub(super) fn count_owned(&mut self, owner: ObjectId, active: i32, ready: i32) {
        for_object_id!(owner, id => id.count_pods(self, active, ready));
    }
}
