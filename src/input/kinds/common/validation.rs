//! The API server's rules for names, labels, annotations, numbers and quantities (apimachinery `validation`, 1.36).

use crate::api::Quantity;
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use std::collections::BTreeMap;

/// Longest DNS-1123 label, label value and name part of a label key.
const LABEL_LENGTH: usize = 63;
/// Longest DNS-1123 subdomain.
const SUBDOMAIN_LENGTH: usize = 253;
/// All annotations of an object together.
const ANNOTATIONS_SIZE: usize = 256 * 1024;

/// Whether a text is a DNS-1123 label.
pub fn is_dns_label(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LABEL_LENGTH).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a text is a DNS-1123 subdomain: labels with dots between them.
pub fn is_dns_subdomain(text: &str) -> bool {
    let part = |part: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !part.is_empty() && part.chars().all(allowed) && !part.starts_with('-') && !part.ends_with('-')
    };
    (1..=SUBDOMAIN_LENGTH).contains(&text.len()) && text.split('.').all(part)
}

/// Whether a text is the name part of a qualified name, or (if not empty) a label value.
fn is_qualified_part(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LABEL_LENGTH).contains(&text.len())
        && text.chars().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether a text is a qualified name: `name` or `example.com/name`.
pub fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_qualified_part(name),
        None => is_qualified_part(text),
    }
}

/// Whether a text is a label value.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified_part(text)
}

/// Whether a text is a key of a ConfigMap or Secret (`IsConfigMapKey`).
pub fn is_config_map_key(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=SUBDOMAIN_LENGTH).contains(&text.len()) && text.chars().all(allowed) && text != "." && !text.starts_with("..")
}

/// Checks a DNS-1123 label such as a container's name.
pub fn dns_label(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(path, "missing (expected a name)");
    } else if !is_dns_label(text) {
        errors.push(
            path,
            format_args!(
                "`{text}` is not a DNS-1123 label (expected at most 63 of a-z, 0-9 and `-`, with no `-` at an end)"
            ),
        );
    }
}

/// Checks a DNS-1123 subdomain such as an object's name.
pub fn dns_subdomain(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(path, "missing (expected a name)");
    } else if !is_dns_subdomain(text) {
        errors.push(
            path,
            format_args!(
                "`{text}` is not a DNS-1123 subdomain (expected at most 253 of a-z, 0-9, `-` and `.`, with a letter or digit at each end of each part)"
            ),
        );
    }
}

/// Checks a qualified name such as a label key or topology key.
pub fn qualified_name(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(path, "missing (expected a key such as `example.com/name`)");
    } else if !is_qualified_name(text) {
        errors
            .push(path, format_args!("`{text}` is not a qualified name (expected a form such as `example.com/name`)"));
    }
}

/// Checks labels, also those of `matchLabels` and `nodeSelector`.
pub fn labels(map: Option<&BTreeMap<String, String>>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    for (key, value) in map.into_iter().flatten() {
        if !is_qualified_name(key) {
            errors.push(
                path.key(key),
                format_args!("`{key}` is not a label key (expected a form such as `example.com/name`)"),
            );
        }
        label_value(value, path.key(key), errors);
    }
}

/// Checks a label's value.
pub fn label_value(value: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if !is_label_value(value) {
        errors.push(
            path,
            format_args!(
                "`{value}` is not a label value (expected at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at each end)"
            ),
        );
    }
}

/// The scope of a kind, and the form of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// In a namespace; the name is a DNS-1123 subdomain.
    Namespaced,
    /// In a namespace; the name is a DNS-1123 label.
    NamespacedLabel,
    /// Without namespace; the name is a DNS-1123 subdomain.
    Cluster,
    /// Without namespace; the name is a DNS-1123 label.
    ClusterLabel,
}

impl Naming {
    /// Whether objects stand in a namespace.
    pub const fn is_namespaced(self) -> bool {
        matches!(self, Self::Namespaced | Self::NamespacedLabel)
    }
}

/// Checks `metadata`.
pub fn object_meta(meta: &ObjectMeta, naming: Naming, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let name = meta.name.as_deref().unwrap_or_default();
    match naming {
        Naming::Namespaced | Naming::Cluster => dns_subdomain(name, path.key("name"), errors),
        Naming::NamespacedLabel | Naming::ClusterLabel => dns_label(name, path.key("name"), errors),
    }
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    // The API server clears the namespace of a cluster-scoped object (`EnsureObjectNamespaceMatchesRequestNamespace`).
    if !namespace.is_empty() && matches!(naming, Naming::Namespaced | Naming::NamespacedLabel) {
        dns_label(namespace, path.key("namespace"), errors);
    }
    template_meta(meta, path, errors);
    let controllers = meta.owner_references.iter().flatten().filter(|owner| owner.controller == Some(true));
    if controllers.count() > 1 {
        errors.push(path.key("ownerReferences"), "more than one owner is the controller (expected at most one)");
    }
}

/// Checks labels and annotations, which is all that a template's `metadata` holds.
pub fn template_meta(meta: &ObjectMeta, path: FieldPath<'_>, errors: &mut FieldErrors) {
    labels(meta.labels.as_ref(), path.key("labels"), errors);
    let annotations_path = path.key("annotations");
    let mut size = 0;
    for (key, value) in meta.annotations.iter().flatten() {
        size += key.len() + value.len();
        if !is_qualified_name(&key.to_lowercase()) {
            errors.push(
                annotations_path.key(key),
                format_args!("`{key}` is not an annotation key (expected a form such as `example.com/name`)"),
            );
        }
    }
    if size > ANNOTATIONS_SIZE {
        errors.push(annotations_path, format_args!("{size} bytes are too long (expected at most {ANNOTATIONS_SIZE})"));
    }
}

/// Checks a label selector.
pub fn label_selector(selector: &LabelSelector, path: FieldPath<'_>, errors: &mut FieldErrors) {
    labels(selector.match_labels.as_ref(), path.key("matchLabels"), errors);
    let list_path = path.key("matchExpressions");
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let item_path = list_path.index(index);
        qualified_name(&expression.key, item_path.key("key"), errors);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                errors.push(item_path.key("values"), format_args!("missing for operator {}", expression.operator));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.push(
                    item_path.key("values"),
                    format_args!("given for operator {} (expected none)", expression.operator),
                );
            }
            _ => {}
        }
        for (index, value) in values.iter().enumerate() {
            label_value(value, item_path.key("values").index(index), errors);
        }
    }
}

/// Checks a number that cannot be negative.
pub fn not_negative(number: Option<impl Into<i64>>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    at_least(number, 0, path, errors);
}

/// Checks a number that has a least value.
pub fn at_least(number: Option<impl Into<i64>>, least: i64, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let Some(number) = number.map(Into::into).filter(|number: &i64| *number < least) else { return };
    if least == 0 {
        errors.push(path, format_args!("{number} is negative (expected 0 or more)"));
    } else {
        errors.push(path, format_args!("{number} is too small (expected {least} or more)"));
    }
}

/// A quantity that parses; one that does not is reported when it is converted.
fn parsed(text: &QuantityText) -> Option<Quantity> {
    text.0.parse().ok()
}

/// Checks that no quantity of a list is negative.
pub fn quantities(list: Option<&BTreeMap<String, QuantityText>>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    for (resource, text) in list.into_iter().flatten() {
        if parsed(text).is_some_and(Quantity::is_negative) {
            errors.push(path.key(resource), format_args!("{} is negative (expected 0 or more)", text.0));
        }
    }
}

/// Whether a resource is one that only whole units of can be had and that is never overcommitted.
fn is_extended(resource: &str) -> bool {
    resource.contains('/') && !resource.contains("kubernetes.io/")
}

/// Checks the resources of a container, or (`pod_level`) of a pod itself: names, signs, and requests against limits.
pub fn resource_requirements(
    resources: &ResourceRequirements,
    pod_level: bool,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let requests_path = path.key("requests");
    let limits_path = path.key("limits");
    let empty = BTreeMap::new();
    let requests = resources.requests.as_ref().unwrap_or(&empty);
    let limits = resources.limits.as_ref().unwrap_or(&empty);
    for (list, list_path) in [(limits, limits_path), (requests, requests_path)] {
        quantities(Some(list), list_path, errors);
        for (resource, text) in list {
            let resource_path = list_path.key(resource);
            let standard = matches!(resource.as_str(), "cpu" | "memory") || resource.starts_with("hugepages-");
            if pod_level && !standard {
                errors.push(
                    resource_path,
                    format_args!("`{resource}` cannot be given for a pod (expected cpu, memory or hugepages-*)"),
                );
            } else if !standard && resource != "ephemeral-storage" && !resource.contains('/') {
                errors.push(
                    resource_path,
                    format_args!(
                        "`{resource}` is not a resource of containers (expected cpu, memory, ephemeral-storage, hugepages-* or a name such as `example.com/device`)"
                    ),
                );
            } else if !is_qualified_name(resource) {
                errors.push(
                    resource_path,
                    format_args!("`{resource}` is not a resource name (expected a form such as `example.com/device`)"),
                );
            } else if is_extended(resource)
                && parsed(text).is_some_and(|amount| amount != Quantity::from_units(amount.value()))
            {
                errors.push(
                    resource_path,
                    format_args!("{} is not a whole number (expected whole units of `{resource}`)", text.0),
                );
            }
        }
    }
    for (resource, text) in requests {
        let Some(request) = parsed(text) else { continue };
        let resource_path = requests_path.key(resource);
        let fixed = is_extended(resource) || resource.starts_with("hugepages-");
        match limits.get(resource).map(|limit| (limit, parsed(limit))) {
            Some((limit_text, Some(limit))) if request > limit => {
                errors.push(
                    resource_path,
                    format_args!("{} is above the limit of {} (expected at most the limit)", text.0, limit_text.0),
                );
            }
            Some((limit_text, Some(limit))) if fixed && request != limit => {
                errors.push(
                    resource_path,
                    format_args!("{} differs from the limit of {} (expected the same)", text.0, limit_text.0),
                );
            }
            None if fixed => {
                errors
                    .push(resource_path, format_args!("`{resource}` has no limit (expected one equal to the request)"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rules() {
        type Rule = fn(&str) -> bool;
        let long = "a".repeat(64);
        let cases: [(Rule, &str, bool); 22] = [
            (is_dns_label, "web-1", true),
            (is_dns_label, "Web", false),
            (is_dns_label, "-web", false),
            (is_dns_label, "web-", false),
            (is_dns_label, "a.b", false),
            (is_dns_label, "", false),
            (is_dns_label, &long, false),
            (is_dns_subdomain, "a.b-c.d", true),
            (is_dns_subdomain, "a..b", false),
            (is_dns_subdomain, "a_b", false),
            (is_dns_subdomain, &long, true),
            (is_qualified_name, "app", true),
            (is_qualified_name, "app.kubernetes.io/name", true),
            (is_qualified_name, "a/b/c", false),
            (is_qualified_name, "/b", false),
            (is_qualified_name, "a/", false),
            (is_qualified_name, "_a", false),
            (is_label_value, "", true),
            (is_label_value, "A_b.c-1", true),
            (is_label_value, "a b", false),
            (is_label_value, "-", false),
            (is_label_value, &long, false),
        ];
        for (rule, text, expected) in cases {
            assert_eq!(rule(text), expected, "{text}");
        }
    }
}
