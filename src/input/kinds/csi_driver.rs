//! CSIDrivers.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;

/// `CSIDriver` of `storage.k8s.io/v1`.
pub struct CsiDriver;

impl Kind for CsiDriver {
    type Plain = storage::CSIDriver;
    type Converted = Object;
    const KIND: &'static str = "CSIDriver";
    const VERSIONS: &'static [&'static str] = &["storage.k8s.io/v1"];
    const NAMING: Naming = Naming::Cluster;

    fn validate(driver: &storage::CSIDriver, errors: &mut FieldErrors) {
        object_meta(&driver.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
    }

    /// Converts a CSIDriver: whether it publishes capacities, and whether its volumes are attached.
    fn convert(driver: &storage::CSIDriver, start: Timestamp, _: &mut FieldErrors) -> Object {
        let meta = meta::convert_cluster_scoped(&driver.metadata, start);
        let object = api::CsiDriver {
            storage_capacity: driver.spec.storage_capacity == Some(true),
            attach_required: driver.spec.attach_required != Some(false),
        };
        Object::CsiDriver(Box::new(WithMeta { meta, object }))
    }
}
