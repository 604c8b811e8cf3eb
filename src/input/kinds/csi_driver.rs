//! CSIDrivers.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use crate::api::{Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;

/// Checks a CSIDriver.
pub fn validate(driver: &storage::CSIDriver, errors: &mut FieldErrors) {
    object_meta(&driver.metadata, Naming::Cluster, FieldPath::Root.key("metadata"), errors);
}

/// Converts a CSIDriver: whether it publishes capacities.
pub fn convert(driver: &storage::CSIDriver, start: Timestamp, _: &mut FieldErrors) -> Object {
    let meta = meta::convert_cluster_scoped(&driver.metadata, start);
    Object::CsiDriver(Box::new(WithMeta { meta, object: driver.spec.storage_capacity == Some(true) }))
}
