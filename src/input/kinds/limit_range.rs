//! LimitRanges.

use super::common::meta;
use super::common::resources;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, LimitRangeItem, LimitType, Name, Object, Quantity};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// `LimitRange` of `v1`.
pub struct LimitRange;

impl Kind for LimitRange {
    type Plain = core::LimitRange;
    type Converted = Object;
    const KIND: &'static str = "LimitRange";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks what the API server checks (`ValidateLimitRange`, Kubernetes 1.36): bounds and defaults are in order.
    fn validate(range: &core::LimitRange, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&range.metadata, Self::NAMING, root.key("metadata"), errors);
        let path = root.key("spec");
        let Some(spec) = &range.spec else {
            errors.push(path, "missing (expected a LimitRange spec)");
            return;
        };
        let limits_path = path.key("limits");
        for (index, item) in spec.limits.iter().enumerate() {
            let item_path = limits_path.index(index);
            if item.type_.is_empty() {
                errors.push(item_path.key("type"), "missing (expected Container, Pod or PersistentVolumeClaim)");
            }
            if item.type_ == "Pod" {
                for (given, field) in [(&item.default, "default"), (&item.default_request, "defaultRequest")] {
                    if given.as_ref().is_some_and(|list| !list.is_empty()) {
                        errors.push(item_path.key(field), "is given for type Pod (expected none)");
                    }
                }
            }
            // In rising order; each may be missing. Values that are no quantity are reported by the conversion.
            let bounds = [
                ("min", &item.min),
                ("defaultRequest", &item.default_request),
                ("default", &item.default),
                ("max", &item.max),
            ];
            for (position, (field, list)) in bounds.iter().enumerate() {
                for (resource, text) in list.iter().flatten() {
                    let Ok(value) = text.0.parse::<Quantity>() else { continue };
                    for (higher, list_above) in &bounds[position + 1..] {
                        let Some(limit) = list_above.as_ref().and_then(|list| list.get(resource)) else { continue };
                        if limit.0.parse::<Quantity>().is_ok_and(|limit| limit < value) {
                            let list_path = item_path.key(field);
                            errors.push(
                                list_path.key(resource),
                                format_args!("`{}` is above {higher} `{}` (expected at most that)", text.0, limit.0),
                            );
                        }
                    }
                }
            }
        }
    }

    /// Converts a LimitRange, with the defaults that the API server fills in. Times are relative to `start`.
    fn convert(range: &core::LimitRange, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let limits_path = path.key("limits");
        let mut limits = Vec::new();
        for (index, item) in range.spec.iter().flat_map(|spec| &spec.limits).enumerate() {
            let item_path = limits_path.index(index);
            let ratio_path = item_path.key("maxLimitRequestRatio");
            let mut ratios = Vec::new();
            for (resource, text) in item.max_limit_request_ratio.iter().flatten() {
                match text.0.parse::<Quantity>() {
                    Ok(ratio) => ratios.push((Name::from(resource.as_str()), ratio.milli_value())),
                    Err(error) => errors.push(ratio_path.key(resource), error),
                }
            }
            let mut converted = LimitRangeItem {
                limit_type: match item.type_.as_str() {
                    "Container" => LimitType::Container,
                    "Pod" => LimitType::Pod,
                    _ => LimitType::Other,
                },
                max: resources::convert(item.max.as_ref(), item_path.key("max"), errors),
                min: resources::convert(item.min.as_ref(), item_path.key("min"), errors),
                default: resources::convert(item.default.as_ref(), item_path.key("default"), errors),
                default_request: resources::convert(
                    item.default_request.as_ref(),
                    item_path.key("defaultRequest"),
                    errors,
                ),
                max_limit_request_ratio: ratios,
            };
            converted.set_defaults();
            limits.push(converted);
        }
        Object::LimitRange(api::LimitRange { meta: meta::convert(&range.metadata, start), limits })
    }
}
