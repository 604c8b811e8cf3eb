//! What NodePools and NodeClaims share, as `karpenter.sh/v1` has it (the CRDs of Karpenter 1.14).

use crate::api::karpenter::{KarpenterOperator, KarpenterRequirement, NodeClassReference, keys};
use crate::api::{Name, well_known};
use crate::input::kinds::common::scheduling::convert_taints;
use crate::input::kinds::common::validation::{label_value, qualified_name};
use crate::input::kinds::common::value::{names, word};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, parse_go_duration};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Taint;
use serde::{Deserialize, Serialize};

/// A condition of a status.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: String,
    pub message: String,
    pub last_transition_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    pub observed_generation: Option<i64>,
}

/// `NodeSelectorRequirementWithMinValues`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Requirement {
    key: String,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_values: Option<i64>,
}

/// `nodeClassRef`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClassReference {
    group: String,
    kind: String,
    name: String,
}

/// Words of `operator`.
const OPERATORS: [(&str, KarpenterOperator); 8] = [
    ("In", KarpenterOperator::In),
    ("NotIn", KarpenterOperator::NotIn),
    ("Exists", KarpenterOperator::Exists),
    ("DoesNotExist", KarpenterOperator::DoesNotExist),
    ("Gt", KarpenterOperator::Gt),
    ("Lt", KarpenterOperator::Lt),
    ("Gte", KarpenterOperator::Gte),
    ("Lte", KarpenterOperator::Lte),
];

/// Greatest `minValues`.
const MOST_MIN_VALUES: i64 = 50;

/// Checks a label key of a template: what is Karpenter's own, and the host name, are not for it to set.
pub fn template_key(key: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    if key == keys::NODE_POOL || key == well_known::HOSTNAME {
        errors.push(path, format_args!("label `{key}` is restricted (expected another key)"));
    } else if domain.ends_with("karpenter.sh") && key != keys::CAPACITY_TYPE {
        errors.push(path, "label domain `karpenter.sh` is restricted (expected another domain)");
    }
}

/// Converts and checks requirements. `of_template`: what is Karpenter's own is refused.
pub fn requirements(
    requirements: &[Requirement],
    of_template: bool,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<KarpenterRequirement> {
    let mut converted = Vec::with_capacity(requirements.len());
    if requirements.len() > 100 {
        errors.push(path, format_args!("{} requirements are too many (expected at most 100)", requirements.len()));
    }
    for (index, requirement) in requirements.iter().enumerate() {
        let item_path = path.index(index);
        let (key_path, values_path) = (item_path.key("key"), item_path.key("values"));
        qualified_name(&requirement.key, key_path, errors);
        if of_template {
            template_key(&requirement.key, key_path, errors);
        }
        let Some(operator) = word(&requirement.operator, &OPERATORS, item_path.key("operator"), errors) else {
            continue;
        };
        let values = names(requirement.values.as_ref());
        let number = values.first().and_then(|value| value.parse::<u64>().ok()).filter(|_| values.len() == 1);
        match operator {
            KarpenterOperator::In if values.is_empty() => {
                errors.push(values_path, "missing for operator In (expected at least one value)");
            }
            KarpenterOperator::Gt | KarpenterOperator::Lt | KarpenterOperator::Gte | KarpenterOperator::Lte
                if number.is_none() =>
            {
                let problem =
                    format_args!("is not a single number of 0 or more, as operator {} asks", operator.as_str());
                errors.push(values_path, problem);
            }
            _ => {}
        }
        for (index, value) in values.iter().enumerate() {
            label_value(value, values_path.index(index), errors);
        }
        let min_path = item_path.key("minValues");
        if let Some(least) = requirement.min_values {
            if !(1..=MOST_MIN_VALUES).contains(&least) {
                errors.push(min_path, format_args!("{least} is out of range (expected 1 to {MOST_MIN_VALUES})"));
            } else if operator == KarpenterOperator::In
                && usize::try_from(least).is_ok_and(|least| values.len() < least)
            {
                let found = values.len();
                errors.push(values_path, format_args!("has {found} values (expected at least minValues, {least})"));
            }
        }
        converted.push(KarpenterRequirement {
            key: Name::from(requirement.key.as_str()),
            operator,
            values,
            min_values: requirement.min_values.and_then(|least| u32::try_from(least).ok()),
        });
    }
    converted
}

/// Converts and checks `nodeClassRef`.
pub fn class_reference(
    reference: Option<&ClassReference>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> NodeClassReference {
    let Some(reference) = reference else {
        errors.push(path, "missing (expected group, kind and name of a NodeClass)");
        return NodeClassReference::default();
    };
    for (text, field) in [(&reference.group, "group"), (&reference.kind, "kind"), (&reference.name, "name")] {
        if text.is_empty() {
            errors.push(path.key(field), format_args!("missing (expected the {field} of a NodeClass)"));
        }
    }
    if reference.group.contains('/') {
        let group = &reference.group;
        errors
            .push(path.key("group"), format_args!("`{group}` has a `/` (expected a form such as `karpenter.k8s.aws`)"));
    }
    NodeClassReference {
        group: Name::from(reference.group.as_str()),
        kind: Name::from(reference.kind.as_str()),
        name: Name::from(reference.name.as_str()),
    }
}

/// Converts a duration of whole seconds, minutes and hours, such as `1h30m`.
pub fn duration(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<SimDuration> {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h');
    let parsed = parse_go_duration(text).ok().filter(|_| text.chars().all(allowed) && text != "0");
    if parsed.is_none() {
        errors.push(path, format_args!("`{text}` is not a duration (expected a form such as `30s` or `1h30m`)"));
    }
    parsed
}

/// Converts a duration or `Never`, which is `None`. `default` is what an absent one stands for.
pub fn nillable_duration(
    text: Option<&String>,
    default: SimDuration,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<SimDuration> {
    match text.map(String::as_str) {
        None | Some("") => Some(default),
        Some("Never") => None,
        Some(text) => {
            let span = duration(text, path, errors);
            Some(span.unwrap_or(default))
        }
    }
}

/// Converts taints.
pub fn taints(
    taints: Option<&Vec<Taint>>,
    start: Timestamp,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<crate::api::Taint> {
    let taints = taints.map(Vec::as_slice).unwrap_or_default();
    for (index, taint) in taints.iter().enumerate() {
        let item_path = path.index(index);
        qualified_name(&taint.key, item_path.key("key"), errors);
        label_value(taint.value.as_deref().unwrap_or_default(), item_path.key("value"), errors);
    }
    convert_taints(taints, start, path, errors)
}
