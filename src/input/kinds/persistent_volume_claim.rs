//! PersistentVolumeClaims.

use super::common::claim::{claim_template, validate_claim_spec};
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use crate::api::{Object, WithMeta};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// Checks a claim.
pub fn validate(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&claim.metadata, Naming::Namespaced, root.key("metadata"), errors);
    validate_claim_spec(claim.spec.as_ref(), root.key("spec"), errors);
}

/// Converts a claim.
pub fn convert(claim: &core::PersistentVolumeClaim, start: Timestamp, errors: &mut FieldErrors) -> Object {
    let meta = meta::convert(&claim.metadata, start);
    Object::PersistentVolumeClaim(Box::new(WithMeta { meta, object: claim_template(claim, errors) }))
}
