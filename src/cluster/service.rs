//! Services.

use super::{Change, Cluster, NamespaceId, ServiceId};
use crate::api::{self, Name};

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Spec.
    pub object: api::Service,
    /// Namespace.
    pub namespace: NamespaceId,
}

impl Cluster {
    /// Removes a Service.
    pub fn remove_service(&mut self, namespace: &Name, name: &Name) {
        let found = self
            .services
            .iter()
            .position(|own| own.object.meta.namespace == *namespace && own.object.meta.name == *name);
        if let Some(index) = found {
            // The id stays valid; a Service without a selector selects nothing.
            self.services[index].object.selector = None;
            self.changes.push(Change::ServiceAdded(ServiceId::from_index(index)));
        }
    }

    /// A Service.
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.index()]
    }

    /// Every Service.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Creates a Service, or replaces the one with its name.
    pub fn apply_service(&mut self, object: api::Service) -> ServiceId {
        let namespace = self.namespace(&object.meta.namespace);
        let same = |own: &Service| own.namespace == namespace && own.object.meta.name == object.meta.name;
        let id = match self.services.iter().position(same) {
            Some(index) => {
                self.services[index].object = object;
                ServiceId::from_index(index)
            }
            None => {
                self.services.push(Service { object, namespace });
                ServiceId::from_index(self.services.len() - 1)
            }
        };
        self.changes.push(Change::ServiceAdded(id));
        id
    }
}
