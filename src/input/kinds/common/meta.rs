//! Object identity: `metadata`.

use super::value::{name, names, optional_time};
use crate::api::{self, Labels, Name};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// The annotation in which `kubectl apply` keeps a copy of the whole object. It says nothing that the object does not
/// say itself, and would make equal templates differ.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The namespace of objects that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Converts labels.
#[must_use]
pub fn labels(map: Option<&BTreeMap<String, String>>) -> Labels {
    pairs(map, |_| true)
}

/// Converts annotations, without kubectl's copy of the object.
#[must_use]
pub fn annotations(map: Option<&BTreeMap<String, String>>) -> Labels {
    pairs(map, |key| key != LAST_APPLIED)
}

/// Converts those pairs whose key is wanted.
fn pairs(map: Option<&BTreeMap<String, String>>, wanted: impl Fn(&str) -> bool) -> Labels {
    let pairs = map.into_iter().flatten().filter(|(key, _)| wanted(key));
    pairs.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// Converts `metadata` of a cluster-scoped object. Times are relative to `start`.
#[must_use]
pub fn convert_cluster_scoped(meta: &ObjectMeta, start: Timestamp) -> api::ObjectMeta {
    api::ObjectMeta { namespace: Name::from(""), ..convert(meta, start) }
}

/// Converts `metadata` of a namespaced object: no namespace means `default`. Times are relative to `start`.
#[must_use]
pub fn convert(meta: &ObjectMeta, start: Timestamp) -> api::ObjectMeta {
    let controller = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    let namespace = meta.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    api::ObjectMeta {
        name: name(meta.name.as_ref()),
        namespace: Name::from(namespace.unwrap_or(DEFAULT_NAMESPACE)),
        labels: labels(meta.labels.as_ref()),
        annotations: annotations(meta.annotations.as_ref()),
        owner: controller.map(|owner| api::OwnerReference {
            kind: Name::from(owner.kind.as_str()),
            name: Name::from(owner.name.as_str()),
        }),
        finalizers: names(meta.finalizers.as_ref()),
        creation_time: optional_time(meta.creation_timestamp.as_ref(), start),
        deletion_time: optional_time(meta.deletion_timestamp.as_ref(), start),
        uid: name(meta.uid.as_ref()),
    }
}
