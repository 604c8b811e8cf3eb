//! What a manifest holds that an action applies.

use crate::api::{Kind, Name, Object};
use serde_json::{Map, Value};

/// Kind, namespace and name of an object. The namespace of a cluster-scoped kind is empty.
pub type ObjectKey = (Kind, Name, Name);

/// The key of an object.
pub fn key_of(object: &Object) -> ObjectKey {
    let meta = object.meta();
    (object.kind(), meta.namespace.clone(), meta.name.clone())
}

/// Kind, namespace and name of an object, for messages: `Deployment shop/web`, `Node n-0`.
pub fn full_name(object: &Object) -> String {
    let (kind, namespace, name) = key_of(object);
    if namespace.is_empty() {
        format!("{} {name}", kind.as_str())
    } else {
        format!("{} {namespace}/{name}", kind.as_str())
    }
}

/// An object that an action applies.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedObject {
    /// The object as it is if there is none of its kind, namespace and name yet.
    pub object: Object,
    /// The manifest, which is merged into the object that is there.
    pub manifest: Map<String, Value>,
}
