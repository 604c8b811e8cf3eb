//! CSINodes.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use crate::api::{Name, Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;

/// Checks a CSINode.
pub fn validate(node: &storage::CSINode, errors: &mut FieldErrors) {
    object_meta(&node.metadata, Naming::Cluster, FieldPath::Root.key("metadata"), errors);
}

/// Converts a CSINode: its drivers with their limits.
pub fn convert(node: &storage::CSINode, start: Timestamp, _: &mut FieldErrors) -> Object {
    let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
    let drivers = node.spec.drivers.iter().map(|driver| (Name::from(driver.name.as_str()), limit(driver))).collect();
    let meta = meta::convert_cluster_scoped(&node.metadata, start);
    Object::CsiNode(Box::new(WithMeta { meta, object: drivers }))
}
