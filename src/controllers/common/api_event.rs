//! How controllers write Kubernetes Events.

use crate::cluster::{ApiEvent, Cluster, EventObject, ObjectId, Severity};

/// Writes an Event of a controller: `source` is the reporting component, for example `replicaset-controller`.
pub fn emit(
    cluster: &mut Cluster,
    source: &'static str,
    object: impl Into<ObjectId>,
    (severity, reason): (Severity, &'static str),
    message: String,
) {
    let object = involved_object(object.into(), cluster);
    cluster.emit(ApiEvent { severity, reason, source, object, message: message.into() });
}

/// The object as the Event names it.
fn involved_object(object: ObjectId, cluster: &Cluster) -> EventObject {
    match object {
        ObjectId::Pod(pod) => EventObject::Pod(pod),
        _ => EventObject::Other {
            kind: cluster.kind_of(object).as_str(),
            namespace: cluster.namespace_of(object),
            name: cluster.name_of(object).clone(),
        },
    }
}
