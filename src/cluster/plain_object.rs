//! Objects that have no status and are found by name alone: classes, limits, drivers, configuration. The file of each such
//! kind keeps what the objects say; here is what is the same for all.

use super::resource::Resource;
use super::{Cluster, ObjectHead, PlainObjectId};
use crate::api::{Kind, Name, ObjectMeta};
use crate::units::SimTime;

/// A plain object.
#[derive(Clone, Debug)]
pub struct PlainObject {
    kind: Kind,
    namespace: Name,
    name: Name,
    head: ObjectHead,
}

impl Cluster {
    /// Notes that an object is applied; `is_changed` says whether that changes what it says. Returns its id, and whether it
    /// has a new version.
    pub(super) fn note_plain(
        &mut self,
        kind: Kind,
        meta: &ObjectMeta,
        is_changed: bool,
        now: SimTime,
    ) -> (PlainObjectId, bool) {
        let namespace = (!kind.is_cluster_scoped()).then(|| self.namespace(&meta.namespace, now));
        if let Some(id) = self.index.get(kind, namespace, &meta.name).and_then(|object| object.try_into().ok()) {
            if is_changed {
                let existing: &mut PlainObject = &mut self.plain_objects[PlainObjectId::index(id)];
                existing.head.change(&mut self.versions);
            }
            return (id, is_changed);
        }
        let id = PlainObjectId::from_index(self.plain_objects.len());
        self.index.add(kind, id, namespace, &meta.name);
        let head = ObjectHead::new(&mut self.versions, now);
        let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
        self.plain_objects.push(PlainObject { kind, namespace, name, head });
        (id, true)
    }
}

impl Resource for PlainObjectId {
    fn kind(self, cluster: &Cluster) -> Kind {
        cluster.plain_objects[self.index()].kind
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.plain_objects[self.index()].namespace.clone()
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.plain_objects[self.index()].name
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.plain_objects[self.index()].head
    }
}
