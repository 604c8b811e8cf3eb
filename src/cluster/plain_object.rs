//! Objects that have no status and are found by name alone: classes, limits, drivers, configuration. The file of each such
//! kind keeps what the objects say; here is what is the same for all.

use super::resource::Resource;
use super::{Change, Cluster, ObjectHead, PlainObjectId};
use crate::api::{Kind, Name, ObjectMeta};
use crate::units::SimTime;

/// A plain object.
#[derive(Clone, Debug)]
pub struct PlainObject {
    kind: Kind,
    namespace: Name,
    name: Name,
    head: ObjectHead,
    removed: bool,
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
        self.plain_objects.push(PlainObject { kind, namespace, name, head, removed: false });
        (id, true)
    }
}

impl Cluster {
    /// Removes a plain object. Those that describe nodes and storage stay: nothing that uses them would notice.
    fn remove_plain(&mut self, id: PlainObjectId) {
        let object = &mut self.plain_objects[id.index()];
        if object.removed {
            return;
        }
        let (kind, namespace, name) = (object.kind, object.namespace.clone(), object.name.clone());
        match kind {
            Kind::ConfigMap | Kind::Secret => self.remove_config(kind, &namespace, &name),
            Kind::Ingress | Kind::HttpRoute => self.http_routes.remove(kind, &namespace, &name),
            Kind::LimitRange | Kind::PriorityClass | Kind::RuntimeClass => {
                self.remove_admission(kind, &namespace, &name);
            }
            Kind::PodTemplate => self.capacity_buffers.remove_template(&namespace, &name),
            Kind::Ec2NodeClass | Kind::AksNodeClass | Kind::GceNodeClass | Kind::KwokNodeClass => {
                self.remove_node_class(kind, &name);
            }
            _ => return,
        }
        let object = &mut self.plain_objects[id.index()];
        object.removed = true;
        object.head.change(&mut self.versions);
        let namespace = if kind.is_cluster_scoped() { None } else { self.namespace_id(&namespace) };
        self.index.remove(kind, id, namespace, &name);
        self.changes.push(Change::PlainObjectRemoved(id));
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

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.plain_objects[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_plain(self);
    }
}
