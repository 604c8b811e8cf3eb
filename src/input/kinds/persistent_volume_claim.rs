//! PersistentVolumeClaims.

use super::common::claim::{claim_template, validate_claim_spec};
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{Object, WithMeta};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// `PersistentVolumeClaim` of `v1`.
pub struct PersistentVolumeClaim;

impl Kind for PersistentVolumeClaim {
    type Plain = core::PersistentVolumeClaim;
    type Converted = Object;
    const KIND: &'static str = "PersistentVolumeClaim";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[InertFields {
        not_simulated: &["dataSource", "dataSourceRef"],
        ..InertFields::of("PersistentVolumeClaimSpec")
    }];

    fn validate(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&claim.metadata, Self::NAMING, root.key("metadata"), errors);
        validate_claim_spec(claim.spec.as_ref(), root.key("spec"), errors);
    }

    fn convert(claim: &core::PersistentVolumeClaim, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let meta = meta::convert(&claim.metadata, start);
        Object::PersistentVolumeClaim(Box::new(WithMeta { meta, object: claim_template(claim, errors) }))
    }
}
