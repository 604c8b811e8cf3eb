//! What the API server offers on objects of any kind, by id.

use super::{Cluster, ObjectHead, PodId, TemplateId, WorkloadId};
use crate::api::{Kind, LabelSelector, Name};
use crate::units::SimTime;

/// `autoscaling/v1` Scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `status.replicas`: those that the object's controller last counted.
    pub status_replicas: i32,
}

/// An object that the cluster keeps. Each kind implements it beside its state, for the type of its ids.
pub(super) trait Resource: Copy {
    /// The kind.
    fn kind(self, cluster: &Cluster) -> Kind;

    /// The name.
    fn name(self, cluster: &Cluster) -> &Name;

    /// The namespace; empty for an object without.
    fn namespace(self, cluster: &Cluster) -> Name;

    /// Version and creation.
    fn head(self, cluster: &Cluster) -> ObjectHead;

    /// The same, to be written.
    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead;

    /// Deletes the object as clients do. One of a kind that no client can name ([`Kind::from_word`]) stays.
    fn delete(self, _cluster: &mut Cluster, _now: SimTime) {}

    /// The workload that the object is, or belongs to.
    fn workload(self, _cluster: &Cluster) -> Option<WorkloadId> {
        None
    }

    /// The scale subresource; `None` without it.
    fn scale(self, _cluster: &Cluster) -> Option<Scale> {
        None
    }

    /// Writes the scale subresource. An object without it stays as it is.
    fn set_scale(self, _cluster: &mut Cluster, _replicas: i32) {}

    /// The selector of the scale subresource; `None` without it.
    fn scale_selector(self, _cluster: &Cluster) -> Option<&LabelSelector> {
        None
    }

    /// The template whose changes are rolled out to the object's pods; `None` of an object without rollouts.
    fn rollout_template(self, _cluster: &Cluster) -> Option<TemplateId> {
        None
    }

    /// The revisions that are kept, each with its template.
    fn revisions(self, _cluster: &Cluster) -> Vec<(i64, TemplateId)> {
        Vec::new()
    }

    /// Whether rollouts are paused.
    fn is_paused(self, _cluster: &Cluster) -> bool {
        false
    }

    /// Starts a rollout. An object without rollouts stays as it is.
    fn set_rollout_template(self, _cluster: &mut Cluster, _template: TemplateId) {}

    /// Where the pods are listed that have the object as their controlling owner.
    fn owned_pods_mut(self, _cluster: &mut Cluster) -> Option<&mut Vec<PodId>> {
        None
    }

    /// Adds to the numbers of active, and of active ready, pods that an owner keeps.
    fn count_pods(self, _cluster: &mut Cluster, _active: i32, _ready: i32) {}

    /// How many of a workload's pods are of its current template, and how many are available, as its status last said;
    /// `None` where its status does not say.
    fn updated_and_available(self, _cluster: &Cluster) -> Option<(i64, i64)> {
        None
    }
}
