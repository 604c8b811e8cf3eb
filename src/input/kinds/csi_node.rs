//! CSINodes.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, Name, Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;

/// `CSINode` of `storage.k8s.io/v1`.
pub struct CsiNode;

impl Kind for CsiNode {
    type Plain = storage::CSINode;
    type Converted = Object;
    const KIND: &'static str = "CSINode";
    const VERSIONS: &'static [&'static str] = &["storage.k8s.io/v1"];
    const NAMING: Naming = Naming::Cluster;

    fn validate(node: &storage::CSINode, errors: &mut FieldErrors) {
        object_meta(&node.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
    }

    /// Converts a CSINode: its drivers with their limits.
    fn convert(node: &storage::CSINode, start: Timestamp, _: &mut FieldErrors) -> Object {
        let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
        let drivers =
            node.spec.drivers.iter().map(|driver| (Name::from(driver.name.as_str()), limit(driver))).collect();
        let meta = meta::convert_cluster_scoped(&node.metadata, start);
        Object::CsiNode(Box::new(WithMeta { meta, object: api::CsiNode { drivers } }))
    }
}
