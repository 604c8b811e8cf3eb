//! ConfigMaps, Secrets and the references of pods to them, as far as containers wait for them to start.

use super::{ApiObject, Kind, Name, ObjectMeta};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// A kind of object that holds configuration for containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// `ConfigMap`.
    ConfigMap,
    /// `Secret`.
    Secret,
}

impl ConfigKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::ConfigMap, Self::Secret];

    /// The kind among all.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::ConfigMap => Kind::ConfigMap,
            Self::Secret => Kind::Secret,
        }
    }

    /// The kind as Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }
}

/// A ConfigMap or Secret. What its keys hold bears on nothing that is simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigObject {
    /// Its kind.
    pub kind: ConfigKind,
    /// Identity.
    pub meta: ObjectMeta,
    /// The keys of its data.
    pub keys: BTreeSet<Name>,
}

impl ApiObject for ConfigObject {
    fn kind(&self) -> Kind {
        self.kind.kind()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

/// How a pod uses what it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConfigUse {
    /// Variables of a container's environment (`env`, `envFrom`).
    Environment,
    /// Files of the volume of this name.
    Volume(Name),
}

/// A reference of a pod to an object, or to one of its keys, that is not optional.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfigReference {
    /// Kind of the object.
    pub kind: ConfigKind,
    /// Name of the object, which is in the pod's namespace.
    pub name: Name,
    /// The key that must be there; `None` where the object as a whole is meant.
    pub key: Option<Name>,
    /// What for.
    pub used_as: ConfigUse,
}

/// The references of a pod. None at all leave no trace in a hash: the names that controllers make from the hash of a
/// template do not depend on what it does not use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigReferences(pub Vec<ConfigReference>);

impl Hash for ConfigReferences {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.0.is_empty() {
            self.0.hash(state);
        }
    }
}
