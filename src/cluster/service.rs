//! Services.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, ServiceId};
use crate::api::{self, Kind, Name};
use crate::units::SimTime;

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Spec.
    pub object: api::Service,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A Service.
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.index()]
    }

    /// Every Service that ever was, in order of creation.
    pub fn services(&self) -> impl ExactSizeIterator<Item = (ServiceId, &Service)> {
        self.services.iter().enumerate().map(|(index, service)| (ServiceId::from_index(index), service))
    }

    /// Creates a Service, or replaces the one with its name.
    pub fn apply_service(&mut self, object: api::Service, now: SimTime) -> ServiceId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = if let Some(id) = self.find::<ServiceId>(Kind::Service, namespace, &object.meta.name) {
            let service = &mut self.services[id.index()];
            if service.object != object {
                service.object = object;
                service.head.change(&mut self.versions);
            }
            id
        } else {
            let id = ServiceId::from_index(self.services.len());
            self.index.add(Kind::Service, id, Some(namespace), &object.meta.name);
            let head = ObjectHead::new(&mut self.versions, now);
            self.services.push(Service { object, namespace, head, removed: false });
            id
        };
        self.changes.push(Change::ServiceChanged(id));
        id
    }

    /// Removes a Service.
    pub fn remove_service(&mut self, id: ServiceId) {
        let service = &mut self.services[id.index()];
        if !service.removed {
            service.removed = true;
            service.head.change(&mut self.versions);
            self.index.remove(Kind::Service, id, Some(service.namespace), &service.object.meta.name);
            self.changes.push(Change::ServiceRemoved(id));
        }
    }
}

impl Apply for api::Service {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_service(self.clone(), now);
        None
    }
}

impl Resource for ServiceId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Service
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.service(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.service(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.service(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.services[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_service(self);
    }
}
