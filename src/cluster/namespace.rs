//! Namespaces.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead};
use crate::api::{self, Kind, Labels, Name};
use crate::units::SimTime;

/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Name.
    pub name: Name,
    /// Labels; empty as long as no manifest defines it.
    pub labels: Labels,
    /// Version and creation.
    pub head: ObjectHead,
}

impl Cluster {
    /// The id of a namespace, created if need be (a manifest may use a namespace that it does not define).
    pub fn namespace(&mut self, name: &Name, now: SimTime) -> NamespaceId {
        if let Some(id) = self.namespaces_by_name.get(name) {
            return *id;
        }
        let id = NamespaceId::from_index(self.namespaces.len());
        let head = ObjectHead::new(&mut self.versions, now);
        self.namespaces.push(Namespace { name: name.clone(), labels: Labels::default(), head });
        self.changes.push(Change::ObjectUpdated(id.into()));
        self.namespaces_by_name.insert(name.clone(), id);
        id
    }

    /// Creates a namespace, or replaces the labels of the one with its name.
    pub fn apply_namespace(&mut self, object: &api::Namespace, now: SimTime) {
        let id = self.namespace(&object.meta.name, now);
        let namespace = &mut self.namespaces[id.index()];
        if namespace.labels != object.meta.labels {
            namespace.labels = object.meta.labels.clone();
            namespace.head.change(&mut self.versions);
        }
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

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_namespace(self, now);
        None
    }
}

impl Resource for NamespaceId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Namespace
    }

    fn namespace(self, _: &Cluster) -> Name {
        Name::default()
    }

    fn name(self, cluster: &Cluster) -> &Name {
        cluster.namespace_name(self)
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.namespaces[self.index()].head
    }
}
