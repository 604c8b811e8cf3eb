//! ConfigMaps and the like: which exist, and with which keys.

use super::apply::{Apply, ApplyOrder};
use super::{Change, Cluster, NamespaceId};
use crate::api::{self, ConfigKind, Kind, Name};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// The keys of all objects that hold configuration, by kind, namespace and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Configs(BTreeMap<(ConfigKind, NamespaceId, Name), BTreeSet<Name>>);

impl Cluster {
    /// Creates an object, or replaces the one of its kind and name.
    pub fn apply_config(&mut self, object: &api::ConfigObject, now: SimTime) {
        let key = (object.kind, self.namespace(&object.meta.namespace, now), object.meta.name.clone());
        let before = self.configs.0.insert(key, object.keys.clone());
        let is_changed = before.as_ref() != Some(&object.keys);
        if let (id, true) = self.note_plain(object.kind.kind(), &object.meta, is_changed, now) {
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// Forgets the keys of an object that is removed.
    pub(super) fn remove_config(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        let Some(namespace) = self.namespace_id(namespace) else { return };
        self.configs.0.retain(|key, _| (key.0.kind(), key.1, &key.2) != (kind, namespace, name));
    }

    /// The keys of an object; `None` if it does not exist.
    pub fn config_keys(&self, kind: ConfigKind, namespace: NamespaceId, name: &Name) -> Option<&BTreeSet<Name>> {
        self.configs.0.get(&(kind, namespace, name.clone()))
    }
}

impl Apply for api::ConfigObject {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_config(self, now);
        None
    }
}
