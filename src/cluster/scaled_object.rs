//! KEDA's ScaledObjects. Their status is the operator's alone: nothing else reads it, and it is not shown.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, ScaledObjectId};
use crate::api::{Kind, Name, keda};
use crate::units::SimTime;
use std::sync::Arc;

/// A ScaledObject.
#[derive(Clone, Debug)]
pub struct ScaledObject {
    /// Spec.
    pub object: Arc<keda::ScaledObject>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A ScaledObject.
    pub fn scaled_object(&self, id: ScaledObjectId) -> &ScaledObject {
        &self.scaled_objects[id.index()]
    }

    /// Creates a ScaledObject, or replaces the one with its name.
    pub fn apply_scaled_object(&mut self, object: keda::ScaledObject, now: SimTime) -> ScaledObjectId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = if let Some(id) = self.find::<ScaledObjectId>(Kind::ScaledObject, namespace, &object.meta.name) {
            let scaled = &mut self.scaled_objects[id.index()];
            if *scaled.object != object {
                scaled.object = Arc::new(object);
                scaled.head.change(&mut self.versions);
            }
            id
        } else {
            let id = ScaledObjectId::from_index(self.scaled_objects.len());
            self.index.add(Kind::ScaledObject, id, Some(namespace), &object.meta.name);
            self.scaled_objects.push(ScaledObject {
                object: Arc::new(object),
                namespace,
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
            id
        };
        self.changes.push(Change::ScaledObjectSpec(id));
        id
    }

    fn remove_scaled_object(&mut self, id: ScaledObjectId) {
        let scaled = &mut self.scaled_objects[id.index()];
        if scaled.removed {
            return;
        }
        scaled.removed = true;
        scaled.head.change(&mut self.versions);
        self.index.remove(Kind::ScaledObject, id, Some(scaled.namespace), &scaled.object.meta.name);
        self.changes.push(Change::ScaledObjectRemoved(id));
    }
}

impl Apply for keda::ScaledObject {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Autoscaler
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_scaled_object(self.clone(), now);
        None
    }
}

impl Resource for ScaledObjectId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::ScaledObject
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.scaled_object(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.scaled_object(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.scaled_object(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.scaled_objects[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_scaled_object(self);
    }
}
