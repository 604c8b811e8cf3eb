//! What claims count: their number and their storage, also by storage class
//! (`pkg/quota/v1/evaluator/core/persistent_volume_claims.go`).

use super::Quantities;
use super::names::count_name;
use crate::api::{Kind, Name, PersistentVolumeClaim, Quantity};
use crate::units::Bytes;

/// Number of claims.
const CLAIMS: &str = "persistentvolumeclaims";
/// Storage that claims request.
const STORAGE: &str = "requests.storage";
/// Between the name of a class and a resource that counts for claims of that class alone.
const CLASS_SUFFIX: &str = ".storageclass.storage.k8s.io/";

/// Those of the names that claims count, in their order.
pub(super) fn matching_resources<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let count = count_name(Kind::PersistentVolumeClaim);
    let of_class =
        |name: &Name, resource: &str| name.strip_suffix(resource).is_some_and(|rest| rest.ends_with(CLASS_SUFFIX));
    let is_of_claims = |name: &Name| {
        *name == count || [CLAIMS, STORAGE].iter().any(|resource| name == resource || of_class(name, resource))
    };
    names.filter(|name| is_of_claims(name)).cloned().collect()
}

/// What a claim counts.
pub(super) fn usage(claim: &PersistentVolumeClaim) -> Quantities {
    let one = Quantity::from_units(1);
    let of_class = |resource: &str| Name::from(format!("{}{CLASS_SUFFIX}{resource}", claim.storage_class));
    let has_class = !claim.storage_class.is_empty();
    let mut usage = Quantities::default();
    usage.insert(CLAIMS, one);
    usage.insert(count_name(Kind::PersistentVolumeClaim), one);
    if has_class {
        usage.insert(of_class(CLAIMS), one);
    }
    if let Some(bytes) = claim.allocated.or(claim.request).map(Bytes::get) {
        let storage = Quantity::from_units(bytes).in_format(claim.request_format);
        usage.insert(STORAGE, storage);
        if has_class {
            usage.insert(of_class(STORAGE), storage);
        }
    }
    usage
}
