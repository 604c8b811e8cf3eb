//! How controllers write Kubernetes Events.

use crate::api::Name;
use crate::cluster::{
    ApiEvent, ClaimId, Cluster, DaemonSetId, DeploymentId, EventObject, NamespaceId, NodeId, PodId, ReplicaSetId,
    Severity, StatefulSetId,
};

/// An object that an Event can be about.
pub trait InvolvedObject {
    /// The object as the Event names it.
    fn involved_object(self, cluster: &Cluster) -> EventObject;
}

/// Writes an Event of a controller: `source` is the reporting component, for example `replicaset-controller`.
pub fn emit(
    cluster: &mut Cluster,
    source: &'static str,
    object: impl InvolvedObject,
    (severity, reason): (Severity, &'static str),
    message: String,
) {
    let object = object.involved_object(cluster);
    cluster.emit(ApiEvent { severity, reason, source, object, message: message.into() });
}

/// An object that belongs to a namespace.
fn namespaced(kind: &'static str, namespace: NamespaceId, name: &Name, cluster: &Cluster) -> EventObject {
    EventObject::Other { kind, namespace: cluster.namespace_name(namespace).clone(), name: name.clone() }
}

impl InvolvedObject for PodId {
    fn involved_object(self, _: &Cluster) -> EventObject {
        EventObject::Pod(self)
    }
}

impl InvolvedObject for NodeId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let name = cluster.node(self).object.meta.name.clone();
        EventObject::Other { kind: "Node", namespace: Name::from(""), name }
    }
}

impl InvolvedObject for DeploymentId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let deployment = cluster.deployment(self);
        namespaced("Deployment", deployment.namespace, &deployment.object.meta.name, cluster)
    }
}

impl InvolvedObject for ReplicaSetId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let set = cluster.replica_set(self);
        namespaced(set.kind.as_str(), set.namespace, &set.name, cluster)
    }
}

impl InvolvedObject for StatefulSetId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let set = cluster.stateful_set(self);
        namespaced("StatefulSet", set.namespace, &set.object.meta.name, cluster)
    }
}

impl InvolvedObject for DaemonSetId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let set = cluster.daemon_set(self);
        namespaced("DaemonSet", set.namespace, &set.object.meta.name, cluster)
    }
}

impl InvolvedObject for ClaimId {
    fn involved_object(self, cluster: &Cluster) -> EventObject {
        let claim = &cluster.storage().claim(self).object;
        EventObject::Other {
            kind: "PersistentVolumeClaim",
            namespace: claim.namespace.clone(),
            name: claim.name.clone(),
        }
    }
}
