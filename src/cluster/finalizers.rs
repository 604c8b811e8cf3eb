//! `metadata.finalizers`: an object that has some is not removed when it is deleted, but when the last one is taken from it.

use super::ids::for_object_id;
use super::resource::Resource as _;
use super::{Change, Cluster, ObjectId};
use crate::api::{Name, Object};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// The objects that have finalizers: few, so that the others need no room for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Finalizers(BTreeMap<ObjectId, Held>);

/// An object with finalizers.
#[derive(Clone, Debug)]
struct Held {
    finalizers: Vec<Name>,
    /// `metadata.deletionTimestamp` of an object that is not a pod.
    deletion: Option<SimTime>,
}

impl Cluster {
    /// `metadata.finalizers` of an object.
    pub fn finalizers_of(&self, object: ObjectId) -> &[Name] {
        self.finalizers.0.get(&object).map_or(&[], |held| &held.finalizers)
    }

    /// When the deletion of an object was requested that its finalizers hold.
    pub fn held_since(&self, object: ObjectId) -> Option<SimTime> {
        self.finalizers.0.get(&object)?.deletion
    }

    /// Requests the deletion of an object. Whether finalizers hold it.
    pub(super) fn hold(&mut self, object: ObjectId, now: SimTime) -> bool {
        let Some(held) = self.finalizers.0.get_mut(&object) else { return false };
        if held.deletion.is_none() {
            held.deletion = Some(now);
            self.note_new_version(object);
        }
        true
    }

    /// Notes the finalizers of an object as it was applied. One that is being deleted goes with the last of them.
    pub(super) fn apply_finalizers(&mut self, applied: &Object, now: SimTime) {
        let (kind, meta) = (applied.kind(), applied.meta());
        if meta.finalizers.is_empty() && self.finalizers.0.is_empty() {
            return;
        }
        let Some(object) = self.find_object(kind, &meta.namespace, &meta.name) else { return };
        if self.finalizers_of(object) == meta.finalizers.as_slice() {
            return;
        }
        let deletion = self.held_since(object);
        if meta.finalizers.is_empty() {
            self.finalizers.0.remove(&object);
        } else {
            let finalizers = meta.finalizers.clone();
            self.finalizers.0.insert(object, Held { finalizers, deletion });
        }
        self.note_new_version(object);
        if meta.finalizers.is_empty() {
            self.release(object, deletion, now);
        }
    }

    /// Finishes the deletion of an object that nothing holds any more.
    fn release(&mut self, object: ObjectId, deletion: Option<SimTime>, now: SimTime) {
        match object {
            ObjectId::Pod(pod) => {
                let state = self.pod(pod);
                if state.deletion.is_some() && (state.phase.is_terminal() || state.node.is_none()) {
                    self.remove_pod(pod, now);
                }
            }
            _ if deletion.is_some() => for_object_id!(object, id => id.delete(self, now)),
            _ => {}
        }
    }

    /// The metadata of an object changed.
    fn note_new_version(&mut self, object: ObjectId) {
        let version = self.versions.next();
        for_object_id!(object, id => id.head_mut(self).resource_version = version);
        self.changes.push(Change::ObjectUpdated(object));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ConfigKind, ConfigObject, Kind, ObjectMeta};
    use std::collections::BTreeSet;

    #[test]
    fn an_object_goes_with_its_last_finalizer() {
        let mut cluster = Cluster::default();
        let now = SimTime::from_secs(1);
        let apply = |cluster: &mut Cluster, finalizers: &[&str]| {
            let meta = ObjectMeta {
                name: "held".into(),
                namespace: "shop".into(),
                finalizers: finalizers.iter().map(|name| Name::from(*name)).collect(),
                ..ObjectMeta::default()
            };
            let object = Object::Config(ConfigObject { kind: ConfigKind::ConfigMap, meta, keys: BTreeSet::new() });
            cluster.apply_object(&object, now).unwrap();
            cluster.find_object(Kind::ConfigMap, "shop", "held")
        };
        let object = apply(&mut cluster, &["a/hold", "b/hold"]).unwrap();
        cluster.delete(object, now);
        assert_eq!(cluster.held_since(object), Some(now));
        let before = cluster.head_of(object).resource_version;
        assert_eq!(apply(&mut cluster, &["b/hold"]), Some(object), "one holds it still");
        assert_eq!(cluster.finalizers_of(object), ["b/hold"]);
        assert!(cluster.head_of(object).resource_version > before);
        assert_eq!(apply(&mut cluster, &[]), None);
        assert_ne!(apply(&mut cluster, &[]), Some(object), "of the same name, but another one");
    }
}
