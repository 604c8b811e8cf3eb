//! What the workload kinds share: selectors over templates, and numbers that may be percentages.

use super::meta::labels;
use super::pod_validation::validate_template;
use super::selector::convert_label_selector;
use super::validation::label_selector;
use super::{pod_template, value};
use crate::api::{self, IntOrPercent, PodTemplate};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::sync::Arc;

/// Fills in what the API server fills in for each pod of a template.
pub fn set_template_defaults(template: &mut PodTemplateSpec) {
    if let Some(spec) = &mut template.spec {
        pod_template::set_defaults(spec);
    }
}

/// Checks `spec.selector` and `spec.template`: the selector must be there and match the template's labels.
pub fn validate_selector_and_template(selector: &LabelSelector, template: &PodTemplateSpec, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    let spec_path = root.key("spec");
    let selector_path = spec_path.key("selector");
    let template_path = spec_path.key("template");
    validate_template(template, template_path, errors);
    label_selector(selector, selector_path, errors);
    let requirements = convert_label_selector(selector, selector_path, &mut FieldErrors::default());
    if requirements.is_empty() {
        errors.push(selector_path, "missing (expected matchLabels or matchExpressions)");
        return;
    }
    let labels = labels(template.metadata.as_ref().and_then(|meta| meta.labels.as_ref()));
    if !requirements.matches(&labels) {
        let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let found = if pairs.is_empty() { "none".to_owned() } else { pairs.join(",") };
        errors.push(
            selector_path,
            format_args!("does not match spec.template.metadata.labels, which are {found} (expected to match them)"),
        );
    }
}

/// Converts `spec.selector`.
pub fn convert_selector(selector: &LabelSelector, errors: &mut FieldErrors) -> api::LabelSelector {
    let root = FieldPath::Root;
    let spec_path = root.key("spec");
    convert_label_selector(selector, spec_path.key("selector"), errors)
}

/// Converts `spec.template`.
pub fn convert_template(template: &PodTemplateSpec, errors: &mut FieldErrors) -> Arc<PodTemplate> {
    let root = FieldPath::Root;
    let spec_path = root.key("spec");
    Arc::new(pod_template::convert_template(template, spec_path.key("template"), errors))
}

/// Converts a number of pods that may be a percentage: `2`, `25%`. Anything else, and what is below zero, is an error.
pub fn int_or_percent(
    number: Option<&IntOrString>,
    default: IntOrPercent,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> IntOrPercent {
    match number {
        None => default,
        Some(IntOrString::Int(number)) => {
            super::validation::not_negative(Some(*number), path, errors);
            IntOrPercent::Int(*number)
        }
        Some(IntOrString::String(text)) => {
            let digits = text.strip_suffix('%').filter(|digits| digits.chars().all(|c| c.is_ascii_digit()));
            if let Some(percent) = digits.and_then(|digits| digits.parse().ok()) {
                IntOrPercent::Percent(percent)
            } else {
                errors.push(
                    path,
                    format_args!(
                        "`{text}` is neither a number nor a percentage (expected a form such as `2` or `25%`)"
                    ),
                );
                default
            }
        }
    }
}

/// Whether a number of pods is none, in either form.
pub const fn is_zero(number: IntOrPercent) -> bool {
    matches!(number, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

/// Checks that a percentage of unavailable pods is at most 100.
pub fn at_most_all(number: IntOrPercent, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if let IntOrPercent::Percent(percent) = number
        && percent > 100
    {
        errors.push(path, format_args!("{percent}% is too large (expected at most 100%)"));
    }
}

pub use value::seconds;
