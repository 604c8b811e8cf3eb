//! Services.

use super::{Change, Cluster, NamespaceId, ServiceId};
use crate::api;

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Spec.
    pub object: api::Service,
    /// Namespace.
    pub namespace: NamespaceId,
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
    pub fn apply_service(&mut self, object: api::Service) -> ServiceId {
        let namespace = self.namespace(&object.meta.namespace);
        let same =
            |own: &Service| !own.removed && own.namespace == namespace && own.object.meta.name == object.meta.name;
        let id = match self.services.iter().position(same) {
            Some(index) => {
                self.services[index].object = object;
                ServiceId::from_index(index)
            }
            None => {
                self.services.push(Service { object, namespace, removed: false });
                ServiceId::from_index(self.services.len() - 1)
            }
        };
        self.changes.push(Change::ServiceChanged(id));
        id
    }

    /// Removes a Service.
    pub fn remove_service(&mut self, id: ServiceId) {
        let service = &mut self.services[id.index()];
        if !service.removed {
            service.removed = true;
            self.changes.push(Change::ServiceRemoved(id));
        }
    }
}
