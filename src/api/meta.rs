//! Object identity: name, namespace, labels, owner.

use super::labels::Labels;
use super::name::Name;
use crate::units::SimTime;

/// The controlling owner of an object (`ownerReferences` with `controller: true`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnerReference {
    /// Kind, for example `ReplicaSet`.
    pub kind: Name,
    /// Name in the same namespace.
    pub name: Name,
}

/// The part of `metadata` that the simulation uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Name, unique by kind and namespace.
    pub name: Name,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Name,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// The controlling owner.
    pub owner: Option<OwnerReference>,
    /// `finalizers`: what has to be done before the object may go.
    pub finalizers: Vec<Name>,
    /// When a dump says that the object was created, relative to the scenario's start.
    pub creation_time: Option<SimTime>,
    /// When a dump says that deletion was requested.
    pub deletion_time: Option<SimTime>,
    /// The unique identifier in a dump; empty in a manifest.
    pub uid: Name,
}

impl Default for OwnerReference {
    fn default() -> Self {
        Self { kind: Name::from(""), name: Name::from("") }
    }
}
