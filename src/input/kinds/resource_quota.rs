//! ResourceQuotas.

use super::common::meta;
use super::common::validation::{Naming, is_qualified_name, object_meta};
use super::common::value::{names, word};
use super::kind::Kind;
use crate::api::quota::Quantities;
use crate::api::{
    self, Name, Object, Quantity, QuotaScope, ScopeRequirement, SelectorOperator, is_extended_resource_name,
};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// Resources that a quota may bound without a prefix (`IsStandardQuotaResourceName`).
const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
/// What a quota on pods with a scope may bound, `pods` aside (`podComputeQuotaResources`).
const POD_COMPUTE: [&str; 6] = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
/// Counts of objects, which are whole numbers (`IsIntegerResourceName`).
const COUNTS: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
/// Scopes of which a pod is always in one (`ValidateResourceQuotaSpec`).
const OPPOSITES: [(QuotaScope, QuotaScope); 2] =
    [(QuotaScope::BestEffort, QuotaScope::NotBestEffort), (QuotaScope::Terminating, QuotaScope::NotTerminating)];
/// Words of a selector's `operator`.
const OPERATORS: [(&str, SelectorOperator); 4] = [
    ("In", SelectorOperator::In),
    ("NotIn", SelectorOperator::NotIn),
    ("Exists", SelectorOperator::Exists),
    ("DoesNotExist", SelectorOperator::DoesNotExist),
];

/// `ResourceQuota` of `v1`.
pub struct ResourceQuota;

impl Kind for ResourceQuota {
    type Plain = core::ResourceQuota;
    type Converted = Object;
    const KIND: &'static str = "ResourceQuota";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;

    /// Checks what the API server checks (`ValidateResourceQuotaSpec`, Kubernetes 1.36).
    fn validate(quota: &core::ResourceQuota, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&quota.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &quota.spec else { return };
        let path = root.key("spec");
        let hard_path = path.key("hard");
        for (resource, text) in spec.hard.iter().flatten() {
            check_amount(resource, &text.0, hard_path.key(resource), errors);
        }
        let bounded: Vec<&str> = spec.hard.iter().flatten().map(|(resource, _)| resource.as_str()).collect();
        let scopes_path = path.key("scopes");
        let mut scopes = Vec::new();
        for (index, scope) in spec.scopes.iter().flatten().enumerate() {
            let scope = known_scope(scope, scopes_path.index(index), errors);
            scopes.extend(scope);
        }
        check_scopes(&scopes, &bounded, scopes_path, errors);
        let (selector_path, list_path);
        selector_path = path.key("scopeSelector");
        list_path = selector_path.key("matchExpressions");
        let mut selected = Vec::new();
        let expressions = spec.scope_selector.iter().filter_map(|selector| selector.match_expressions.as_ref());
        for (index, expression) in expressions.flatten().enumerate() {
            let item_path = list_path.index(index);
            let Some(scope) = known_scope(&expression.scope_name, item_path.key("scopeName"), errors) else { continue };
            selected.push(scope);
            check_values(expression, scope, item_path, errors);
        }
        check_scopes(&selected, &bounded, list_path, errors);
    }

    /// Converts a ResourceQuota. Times are relative to `start`.
    fn convert(quota: &core::ResourceQuota, start: Timestamp, errors: &mut FieldErrors) -> Object {
        Object::ResourceQuota(convert(quota, start, errors))
    }
}

/// Converts a ResourceQuota; complains only about values that cannot be represented.
pub fn convert(quota: &core::ResourceQuota, start: Timestamp, errors: &mut FieldErrors) -> api::ResourceQuota {
    let root = FieldPath::Root;
    let path = root.key("spec");
    let empty = core::ResourceQuotaSpec::default();
    let spec = quota.spec.as_ref().unwrap_or(&empty);
    let (scopes_path, selector_path, list_path);
    scopes_path = path.key("scopes");
    selector_path = path.key("scopeSelector");
    list_path = selector_path.key("matchExpressions");
    let scopes = spec.scopes.iter().flatten().enumerate();
    let expressions = spec.scope_selector.iter().filter_map(|selector| selector.match_expressions.as_ref());
    // Words that do not exist were reported by the validation.
    let mut known = FieldErrors::default();
    api::ResourceQuota {
        meta: meta::convert(&quota.metadata, start),
        hard: quantities(spec.hard.as_ref(), path.key("hard"), errors),
        scopes: scopes
            .filter_map(|(index, scope)| word(scope, &QuotaScope::WORDS, scopes_path.index(index), &mut known))
            .collect(),
        scope_selector: expressions
            .flatten()
            .enumerate()
            .filter_map(|(index, expression)| {
                let item_path = list_path.index(index);
                let scope = word(&expression.scope_name, &QuotaScope::WORDS, item_path.key("scopeName"), &mut known)?;
                let operator = word(&expression.operator, &OPERATORS, item_path.key("operator"), &mut known)?;
                Some(ScopeRequirement { scope, operator, values: names(expression.values.as_ref()) })
            })
            .collect(),
    }
}

/// Converts quantities by resource. A malformed one is an error and counts as absent.
pub fn quantities(
    list: Option<&std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Quantities {
    let mut quantities = Quantities::default();
    for (resource, text) in list.into_iter().flatten() {
        match text.0.parse::<Quantity>() {
            Ok(quantity) => quantities.insert(resource.as_str(), quantity),
            Err(error) => errors.push(path.key(resource), error),
        }
    }
    quantities
}

/// Checks a resource and how much of it a quota allows (`ValidateResourceQuotaResourceName`,
/// `ValidateResourceQuantityValue`). What is no quantity is reported by the conversion.
fn check_amount(resource: &str, text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let is_standard = STANDARD.contains(&resource)
        || resource.strip_prefix("requests.").unwrap_or(resource).starts_with("hugepages-");
    if !is_qualified_name(resource) {
        errors.push(path, format_args!("`{resource}` is not a resource (expected a qualified name such as `pods`)"));
    } else if !resource.contains('/') && !is_standard {
        errors.push(
            path,
            format_args!("`{resource}` is not a standard resource for quota (expected one such as `pods`)"),
        );
    }
    let Ok(quantity) = text.parse::<Quantity>() else { return };
    let is_count = COUNTS.contains(&resource) || is_extended_resource_name(resource);
    if quantity.is_negative() {
        errors.push(path, format_args!("`{text}` is negative (expected at least 0)"));
    } else if is_count && quantity != Quantity::from_units(quantity.value()) {
        errors.push(path, format_args!("`{text}` is not a whole number (expected an integer)"));
    }
}

fn known_scope(scope: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<QuotaScope> {
    word(scope, &QuotaScope::WORDS, path, errors)
}

/// Checks that scopes do not contradict each other, and that they can be used with what is bounded.
fn check_scopes(scopes: &[QuotaScope], bounded: &[&str], path: FieldPath<'_>, errors: &mut FieldErrors) {
    for scope in scopes {
        let allows = |resource: &str| match scope {
            QuotaScope::BestEffort => resource == "pods",
            QuotaScope::VolumeAttributesClass => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
            _ => resource == "pods" || POD_COMPUTE.contains(&resource),
        };
        for resource in bounded.iter().filter(|resource| STANDARD.contains(resource) && !allows(resource)) {
            errors.push(path, format_args!("{scope:?} is an unsupported scope applied to resource `{resource}`"));
        }
    }
    for (one, opposite) in OPPOSITES {
        if scopes.contains(&one) && scopes.contains(&opposite) {
            errors.push(path, format_args!("{one:?} and {opposite:?} are conflicting scopes (expected one of them)"));
        }
    }
}

/// Checks operator and values of a requirement.
fn check_values(
    expression: &core::ScopedResourceSelectorRequirement,
    scope: QuotaScope,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let Some(operator) = word(&expression.operator, &OPERATORS, path.key("operator"), errors) else { return };
    let takes_any = matches!(scope, QuotaScope::PriorityClass | QuotaScope::VolumeAttributesClass);
    if !takes_any && operator != SelectorOperator::Exists {
        errors.push(
            path.key("operator"),
            format_args!("`{}` with scope {scope:?} (expected Exists)", expression.operator),
        );
    }
    let values: Vec<Name> = names(expression.values.as_ref());
    let needs_values = matches!(operator, SelectorOperator::In | SelectorOperator::NotIn);
    if needs_values && values.is_empty() {
        errors.push(path.key("values"), format_args!("missing (expected at least one for {})", expression.operator));
    } else if !needs_values && !values.is_empty() {
        errors.push(path.key("values"), format_args!("are given (expected none for {})", expression.operator));
    }
}
