//! Label selectors and node selectors.

use super::value::{names, word};
use crate::api::{self, Name, NodeSelectorOperator, SelectorOperator, SelectorRequirement};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Words of a label selector's `operator`.
const LABEL_OPERATORS: [(&str, SelectorOperator); 4] = [
    ("In", SelectorOperator::In),
    ("NotIn", SelectorOperator::NotIn),
    ("Exists", SelectorOperator::Exists),
    ("DoesNotExist", SelectorOperator::DoesNotExist),
];

/// Words of a node selector's `operator`.
const NODE_OPERATORS: [(&str, NodeSelectorOperator); 6] = [
    ("In", NodeSelectorOperator::In),
    ("NotIn", NodeSelectorOperator::NotIn),
    ("Exists", NodeSelectorOperator::Exists),
    ("DoesNotExist", NodeSelectorOperator::DoesNotExist),
    ("Gt", NodeSelectorOperator::Gt),
    ("Lt", NodeSelectorOperator::Lt),
];

/// Converts a label selector: `matchLabels` entries first, then `matchExpressions`. An expression with an unknown
/// operator is an error and is left out.
pub fn convert_label_selector(
    selector: &LabelSelector,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> api::LabelSelector {
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| SelectorRequirement {
        key: Name::from(key.as_str()),
        operator: SelectorOperator::In,
        values: vec![Name::from(value.as_str())],
    });
    let mut requirements: Vec<_> = labels.collect();
    let expressions_path = path.key("matchExpressions");
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let expression_path = expressions_path.index(index);
        let Some(operator) = word(&expression.operator, &LABEL_OPERATORS, expression_path.key("operator"), errors)
        else {
            continue;
        };
        requirements.push(SelectorRequirement {
            key: Name::from(expression.key.as_str()),
            operator,
            values: names(expression.values.as_ref()),
        });
    }
    api::LabelSelector { requirements }
}

/// Converts a selector where an absent one differs from an empty one.
pub fn convert_optional_label_selector(
    selector: Option<&LabelSelector>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<api::LabelSelector> {
    selector.map(|selector| convert_label_selector(selector, path, errors))
}

/// Converts a node selector.
pub fn convert_node_selector(
    selector: &NodeSelector,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> api::NodeSelector {
    let terms_path = path.key("nodeSelectorTerms");
    let terms = selector.node_selector_terms.iter().enumerate();
    api::NodeSelector {
        terms: terms.map(|(index, term)| convert_node_selector_term(term, terms_path.index(index), errors)).collect(),
    }
}

/// Converts one term of a node selector. A requirement with an unknown operator is an error and is left out.
pub fn convert_node_selector_term(
    term: &NodeSelectorTerm,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> api::NodeSelectorTerm {
    let mut convert = |requirements: &Option<Vec<NodeSelectorRequirement>>, field: &str| {
        let list_path = path.key(field);
        let mut converted = Vec::new();
        for (index, requirement) in requirements.iter().flatten().enumerate() {
            let item_path = list_path.index(index);
            let Some(operator) = word(&requirement.operator, &NODE_OPERATORS, item_path.key("operator"), errors) else {
                continue;
            };
            converted.push(api::NodeSelectorRequirement {
                key: Name::from(requirement.key.as_str()),
                operator,
                values: names(requirement.values.as_ref()),
            });
        }
        converted
    };
    api::NodeSelectorTerm {
        match_expressions: convert(&term.match_expressions, "matchExpressions"),
        match_fields: convert(&term.match_fields, "matchFields"),
    }
}
