//! CSIStorageCapacities.

use super::common::meta;
use super::common::selector::convert_optional_label_selector;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, Name, Object, Quantity, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use crate::units::Bytes;
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;

/// `CSIStorageCapacity` of `storage.k8s.io/v1`.
pub struct CsiStorageCapacity;

impl Kind for CsiStorageCapacity {
    type Plain = storage::CSIStorageCapacity;
    type Converted = Object;
    const KIND: &'static str = "CSIStorageCapacity";
    const VERSIONS: &'static [&'static str] = &["storage.k8s.io/v1"];
    const NAMING: Naming = Naming::Namespaced;

    fn validate(capacity: &storage::CSIStorageCapacity, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&capacity.metadata, Self::NAMING, root.key("metadata"), errors);
        if capacity.storage_class_name.is_empty() {
            errors.push(root.key("storageClassName"), "missing (expected the name of a StorageClass)");
        }
    }

    fn convert(capacity: &storage::CSIStorageCapacity, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let meta = meta::convert(&capacity.metadata, start);
        let object = convert_storage_capacity(capacity, errors);
        Object::CsiStorageCapacity(Box::new(WithMeta { meta, object }))
    }
}

/// Converts a storage capacity as the scheduler sees it.
pub fn convert_storage_capacity(
    capacity: &storage::CSIStorageCapacity,
    errors: &mut FieldErrors,
) -> api::CsiStorageCapacity {
    let root = FieldPath::Root;
    api::CsiStorageCapacity {
        storage_class: Name::from(capacity.storage_class_name.as_str()),
        node_topology: convert_optional_label_selector(
            capacity.node_topology.as_ref(),
            root.key("nodeTopology"),
            errors,
        ),
        capacity: bytes(capacity.capacity.as_ref(), root.key("capacity"), errors),
        maximum_volume_size: bytes(capacity.maximum_volume_size.as_ref(), root.key("maximumVolumeSize"), errors),
    }
}

/// A quantity of bytes; one that is malformed is an error and counts as absent.
fn bytes(quantity: Option<&QuantityText>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Bytes> {
    match quantity?.0.parse::<Quantity>() {
        Ok(quantity) => Some(Bytes::new(quantity.value())),
        Err(error) => {
            errors.push(path, error);
            None
        }
    }
}
