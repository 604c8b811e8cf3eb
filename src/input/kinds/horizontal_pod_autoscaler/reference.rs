//! References to other objects.

use crate::api::CrossVersionObjectReference;
use crate::input::FieldErrors;
use k8s_openapi::api::autoscaling::v2;
use std::fmt::Display;

/// Notes a text that is empty or cannot be a segment of a URL path (`IsValidPathSegmentName`).
pub fn check_path_segment(text: &str, field: impl Display, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(field.to_string(), "is required");
    } else if text == "." || text == ".." || text.contains(['/', '%']) {
        errors.push(field.to_string(), format_args!("is `{text}` (expected a name without `/` and `%`)"));
    }
}

/// `kind` and `name` of an object.
pub fn object_reference(
    reference: &v2::CrossVersionObjectReference,
    path: &str,
    errors: &mut FieldErrors,
) -> CrossVersionObjectReference {
    check_path_segment(&reference.kind, format_args!("{path}.kind"), errors);
    check_path_segment(&reference.name, format_args!("{path}.name"), errors);
    CrossVersionObjectReference { kind: reference.kind.as_str().into(), name: reference.name.as_str().into() }
}
