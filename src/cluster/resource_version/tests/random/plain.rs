//! Objects that are found by their names alone.

use super::{NAMESPACE, meta};
use crate::api::{ConfigKind, HttpRoute, Ingress, Kind, Name, Object};
use crate::cluster::Cluster;

/// An Ingress and an HTTPRoute, in one of two forms.
pub(super) fn route_objects(is_second: bool) -> [Object; 2] {
    let name = Name::from(if is_second { "b" } else { "a" });
    let (ingress, route) = (meta(Kind::Ingress, "i"), meta(Kind::HttpRoute, "r"));
    [
        Object::Ingress(Ingress { meta: ingress, class: name.clone(), ..Ingress::default() }),
        Object::HttpRoute(HttpRoute { meta: route, hostnames: vec![name], ..HttpRoute::default() }),
    ]
}

/// What the API shows of a plain object; there is one of each kind.
pub(super) fn plain_content(cluster: &Cluster, kind: Kind, name: &Name) -> String {
    let keys = |kind| cluster.config_keys(kind, cluster.namespace_id(NAMESPACE)?, name);
    let storage = cluster.storage();
    let admission = format!("{:?}", cluster.admission);
    let (classes, ranges) = admission.split_once("limit_ranges").expect("both are among its fields");
    let (classes, runtime_classes) = classes.split_once("runtime_classes").expect("both are among its fields");
    match kind {
        Kind::Ec2NodeClass => format!("{:?}", cluster.node_class(kind.as_str(), name)),
        Kind::ConfigMap => format!("{:?}", keys(ConfigKind::ConfigMap)),
        Kind::Secret => format!("{:?}", keys(ConfigKind::Secret)),
        Kind::StorageClass => format!("{:?}", storage.classes().get(name)),
        Kind::CsiNode => format!("{:?}", storage.csi_nodes().get(name)),
        Kind::CsiDriver => format!("{:?}", storage.capacity_drivers().contains(name)),
        Kind::CsiStorageCapacity => format!("{:?}", storage.capacities().collect::<Vec<_>>()),
        Kind::PriorityClass => classes.to_owned(),
        Kind::RuntimeClass => runtime_classes.to_owned(),
        Kind::LimitRange => ranges.to_owned(),
        Kind::Ingress => format!("{:?}", cluster.ingress(NAMESPACE, name)),
        Kind::HttpRoute => format!("{:?}", cluster.http_route(NAMESPACE, name)),
        Kind::PodTemplate => format!("{:?}", cluster.standing_template(&NAMESPACE.into(), name)),
        _ => unreachable!("{kind:?} is no plain kind"),
    }
}
