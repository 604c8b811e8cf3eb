//! The scale subresource: the replicas that an object should have, those that it has, and its pods.

use super::{Cluster, NamespaceId, ObjectId, PodId};
use crate::api::Kind;

/// `autoscaling/v1` Scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `status.replicas`: those that the object's controller last counted.
    pub status_replicas: i32,
}

impl Cluster {
    /// The object of this kind, namespace and name that exists and has a scale.
    pub fn find_scaled(&self, kind: &str, namespace: NamespaceId, name: &str) -> Option<ObjectId> {
        let kind = Kind::named(kind).filter(|kind| kind.has_scale())?;
        self.index.get(kind, Some(namespace), name)
    }

    /// The scale of an object; `None` for kinds without the subresource.
    pub fn scale_of(&self, object: ObjectId) -> Option<Scale> {
        Some(match object {
            ObjectId::Deployment(id) => {
                let deployment = self.deployment(id);
                let sets = deployment.replica_sets.iter().map(|set| self.replica_set(*set).status.replicas);
                Scale { spec_replicas: deployment.object.replicas, status_replicas: sets.sum() }
            }
            ObjectId::ReplicaSet(id) => {
                let set = self.replica_set(id);
                Scale { spec_replicas: set.spec_replicas, status_replicas: set.status.replicas }
            }
            ObjectId::StatefulSet(id) => {
                let set = self.stateful_set(id);
                let status_replicas = self.workload(set.workload).active;
                Scale { spec_replicas: set.object.replicas, status_replicas }
            }
            _ => return None,
        })
    }

    /// The pods that the selector of an object's scale matches, in order of creation by owner; none for kinds without the
    /// subresource.
    pub fn pods_of_scale(&self, object: ObjectId) -> Vec<PodId> {
        match object {
            ObjectId::Deployment(id) => {
                let sets = self.deployment(id).replica_sets.iter();
                sets.flat_map(|set| self.replica_set(*set).pods.iter().copied()).collect()
            }
            ObjectId::ReplicaSet(id) => self.replica_set(id).pods.clone(),
            ObjectId::StatefulSet(id) => self.stateful_set(id).pods.clone(),
            _ => Vec::new(),
        }
    }

    /// Writes the scale of an object. Kinds without the subresource stay as they are.
    pub fn scale(&mut self, object: ObjectId, replicas: i32) {
        match object {
            ObjectId::Deployment(id) => self.update_deployment(id, |deployment| deployment.object.replicas = replicas),
            ObjectId::ReplicaSet(id) => self.update_replica_set(id, |set| set.spec_replicas = replicas),
            ObjectId::StatefulSet(id) => self.update_stateful_set(id, |set| set.object.replicas = replicas),
            _ => {}
        }
    }
}
