//! Ingresses and HTTPRoutes: what those say whose controllers route HTTP requests.

use super::apply::{Apply, ApplyOrder};
use super::{Change, Cluster};
use crate::api::{HttpRoute, Ingress, Kind, Name};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// An object with the time of its creation: of two that want the same requests, the older one gets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
    /// The object.
    pub object: T,
}

/// The routes of HTTP requests, by namespace and name.
#[derive(Clone, Debug, Default)]
pub(super) struct HttpRoutes {
    ingresses: BTreeMap<(Name, Name), Dated<Ingress>>,
    routes: BTreeMap<(Name, Name), Dated<HttpRoute>>,
}

impl HttpRoutes {
    /// Forgets an object that is removed.
    pub(super) fn remove(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        let key = (namespace.clone(), name.clone());
        match kind {
            Kind::Ingress => _ = self.ingresses.remove(&key),
            _ => _ = self.routes.remove(&key),
        }
    }
}

/// Adds an object, or replaces the one of its name, which keeps its age. Whether that changes anything.
fn put<T: Clone + PartialEq>(
    objects: &mut BTreeMap<(Name, Name), Dated<T>>,
    key: (Name, Name),
    object: &T,
    created: SimTime,
) -> bool {
    match objects.get_mut(&key) {
        Some(known) if known.object == *object => false,
        Some(known) => {
            known.object = object.clone();
            true
        }
        None => {
            objects.insert(key, Dated { created, object: object.clone() });
            true
        }
    }
}

impl Cluster {
    /// The Ingresses, in order of their namespaces and names.
    pub fn ingresses(&self) -> impl Iterator<Item = &Dated<Ingress>> {
        self.http_routes.ingresses.values()
    }

    /// An Ingress.
    pub fn ingress(&self, namespace: &str, name: &str) -> Option<&Ingress> {
        let key = (Name::from(namespace), Name::from(name));
        self.http_routes.ingresses.get(&key).map(|known| &known.object)
    }

    /// The HTTPRoutes, in order of their namespaces and names.
    pub fn http_routes(&self) -> impl Iterator<Item = &Dated<HttpRoute>> {
        self.http_routes.routes.values()
    }

    /// An HTTPRoute.
    pub fn http_route(&self, namespace: &str, name: &str) -> Option<&HttpRoute> {
        let key = (Name::from(namespace), Name::from(name));
        self.http_routes.routes.get(&key).map(|known| &known.object)
    }
}

impl Apply for Ingress {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let key = (self.meta.namespace.clone(), self.meta.name.clone());
        let created = self.meta.creation_time.unwrap_or(now);
        let is_changed = put(&mut cluster.http_routes.ingresses, key, self, created);
        if let (id, true) = cluster.note_plain(Kind::Ingress, &self.meta, is_changed, now) {
            cluster.changes.push(Change::HttpRouteChanged(id));
        }
        None
    }
}

impl Apply for HttpRoute {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let key = (self.meta.namespace.clone(), self.meta.name.clone());
        let created = self.meta.creation_time.unwrap_or(now);
        let is_changed = put(&mut cluster.http_routes.routes, key, self, created);
        if let (id, true) = cluster.note_plain(Kind::HttpRoute, &self.meta, is_changed, now) {
            cluster.changes.push(Change::HttpRouteChanged(id));
        }
        None
    }
}
