//! Namespaces.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, NamespaceId, ObjectHead, ObjectId};
use crate::api::{self, Kind, Labels, Name};
use crate::units::SimTime;

/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Name.
    pub name: Name,
    /// Labels; empty as long as no manifest defines it.
    pub labels: Labels,
    /// When its deletion was requested: it is Terminating from then on.
    pub deletion: Option<SimTime>,
    /// `status.conditions`, which say how far its deletion is.
    pub conditions: Vec<NamespaceCondition>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

/// `type` of a condition of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceConditionType {
    /// `NamespaceDeletionDiscoveryFailure`.
    DeletionDiscoveryFailure,
    /// `NamespaceDeletionGroupVersionParsingFailure`.
    DeletionGroupVersionParsingFailure,
    /// `NamespaceDeletionContentFailure`.
    DeletionContentFailure,
    /// `NamespaceContentRemaining`.
    ContentRemaining,
    /// `NamespaceFinalizersRemaining`.
    FinalizersRemaining,
}

impl NamespaceConditionType {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeletionDiscoveryFailure => "NamespaceDeletionDiscoveryFailure",
            Self::DeletionGroupVersionParsingFailure => "NamespaceDeletionGroupVersionParsingFailure",
            Self::DeletionContentFailure => "NamespaceDeletionContentFailure",
            Self::ContentRemaining => "NamespaceContentRemaining",
            Self::FinalizersRemaining => "NamespaceFinalizersRemaining",
        }
    }
}

/// A condition of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceCondition {
    /// Type.
    pub condition_type: NamespaceConditionType,
    /// Status: `True` or `False`.
    pub status: bool,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: Name,
}

/// Namespaces that nobody may delete (`ImmortalNamespaces` of the admission plugin NamespaceLifecycle).
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Cluster {
    /// The id of a namespace, created if need be (a manifest may use a namespace that it does not define).
    pub fn namespace(&mut self, name: &Name, now: SimTime) -> NamespaceId {
        if let Some(id) = self.namespaces_by_name.get(name) {
            return *id;
        }
        let id = NamespaceId::from_index(self.namespaces.len());
        let head = ObjectHead::new(&mut self.versions, now);
        self.namespaces.push(Namespace {
            name: name.clone(),
            labels: Labels::default(),
            deletion: None,
            conditions: Vec::new(),
            head,
            removed: false,
        });
        self.index.add(Kind::Namespace, id, None, name);
        self.changes.push(Change::ObjectUpdated(id.into()));
        self.namespaces_by_name.insert(name.clone(), id);
        id
    }

    /// Creates a namespace, or replaces the labels of the one with its name.
    pub fn apply_namespace(&mut self, object: &api::Namespace, now: SimTime) {
        self.removed_namespaces.remove(&object.meta.name);
        let id = self.namespace(&object.meta.name, now);
        let namespace = &mut self.namespaces[id.index()];
        if namespace.labels != object.meta.labels {
            namespace.labels = object.meta.labels.clone();
            namespace.head.change(&mut self.versions);
        }
        self.changes.push(Change::NamespaceChanged(id));
    }

    /// A namespace.
    pub fn namespace_state(&self, id: NamespaceId) -> &Namespace {
        &self.namespaces[id.index()]
    }

    /// Why the API server does not let a namespace of this name be deleted, in its words.
    pub fn refuses_deletion(name: &str) -> Option<String> {
        let refusal = || format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
        IMMORTAL.contains(&name).then(refusal)
    }

    /// Requests the deletion of a namespace: it is Terminating from now on, until the namespace controller has emptied it.
    fn terminate_namespace(&mut self, id: NamespaceId, now: SimTime) {
        let namespace = &mut self.namespaces[id.index()];
        if namespace.removed || namespace.deletion.is_some() || IMMORTAL.contains(&namespace.name.as_str()) {
            return;
        }
        namespace.deletion = Some(now);
        namespace.head.change(&mut self.versions);
        self.any_terminating = true;
        self.changes.push(Change::NamespaceChanged(id));
    }

    /// Writes the conditions of a namespace.
    pub fn set_namespace_conditions(&mut self, id: NamespaceId, conditions: &[NamespaceCondition]) {
        let namespace = &mut self.namespaces[id.index()];
        if !namespace.removed && namespace.conditions != conditions {
            namespace.conditions = conditions.to_vec();
            namespace.head.change(&mut self.versions);
            self.changes.push(Change::NamespaceChanged(id));
        }
    }

    /// Removes a namespace that is empty.
    pub fn remove_namespace(&mut self, id: NamespaceId) {
        let namespace = &mut self.namespaces[id.index()];
        if namespace.removed {
            return;
        }
        namespace.removed = true;
        namespace.head.change(&mut self.versions);
        let name = namespace.name.clone();
        self.namespaces_by_name.remove(&name);
        self.index.remove(Kind::Namespace, id, None, &name);
        self.removed_namespaces.insert(name);
        self.changes.push(Change::NamespaceRemoved(id));
    }

    /// The objects of a kind in a namespace that exist.
    pub fn objects_in(&self, kind: Kind, namespace: NamespaceId) -> Vec<ObjectId> {
        match kind {
            Kind::Pod => {
                let pods = self.pods().filter(|(_, pod)| pod.namespace == namespace && pod.exists());
                pods.map(|(id, _)| id.into()).collect()
            }
            _ => self.index.ids_of_kind(kind, namespace).collect(),
        }
    }

    /// Whether a namespace of this name was deleted and did not come back: nothing can be created in it.
    pub fn is_namespace_gone(&self, name: &Name) -> bool {
        self.removed_namespaces.contains(name)
    }

    /// The name of a namespace.
    pub fn namespace_name(&self, id: NamespaceId) -> &Name {
        &self.namespaces[id.index()].name
    }

    /// Whether a namespace is being deleted: it takes no new objects.
    pub fn is_terminating(&self, id: NamespaceId) -> bool {
        self.namespaces[id.index()].deletion.is_some()
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

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.namespaces[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, now: SimTime) {
        cluster.terminate_namespace(self, now);
    }
}
