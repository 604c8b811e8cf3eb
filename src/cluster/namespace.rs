//! Namespaces.

use super::apply::{Apply, ApplyOrder};
use super::{Change, Cluster, NamespaceId};
use crate::api::{self, Labels, Name};
use crate::units::SimTime;

/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Name.
    pub name: Name,
    /// Labels; empty as long as no manifest defines it.
    pub labels: Labels,
}

impl Cluster {
    /// The id of a namespace, created if need be (a manifest may use a namespace that it does not define).
    pub fn namespace(&mut self, name: &Name) -> NamespaceId {
        if let Some(id) = self.namespaces_by_name.get(name) {
            return *id;
        }
        let id = NamespaceId::from_index(self.namespaces.len());
        self.namespaces.push(Namespace { name: name.clone(), labels: Labels::default() });
        self.namespaces_by_name.insert(name.clone(), id);
        id
    }

    /// Creates a namespace, or replaces the labels of the one with its name.
    pub fn apply_namespace(&mut self, object: &api::Namespace) {
        let id = self.namespace(&object.meta.name);
        self.namespaces[id.index()].labels = object.meta.labels.clone();
        self.changes.push(Change::NamespaceChanged(id));
    }

    /// The name of a namespace.
    pub fn namespace_name(&self, id: NamespaceId) -> &Name {
        &self.namespaces[id.index()].name
    }

    /// The labels of a namespace.
    pub fn namespace_labels(&self, id: NamespaceId) -> &Labels {
        &self.namespaces[id.index()].labels
    }

    /// The id of a namespace that exists.
    pub fn namespace_id(&self, name: &str) -> Option<NamespaceId> {
        self.namespaces_by_name.get(name).copied()
    }
}

impl Apply for api::Namespace {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Namespace
    }

    fn apply(&self, cluster: &mut Cluster, _now: SimTime) -> Option<String> {
        cluster.apply_namespace(self);
        None
    }
}
