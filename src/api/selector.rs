//! Label selectors and node selectors.

use super::{Labels, Name};
use std::fmt;

/// The operator of a label selector requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SelectorOperator {
    /// The value is one of those listed.
    In,
    /// The key is absent, or its value is none of those listed.
    NotIn,
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
}

/// One requirement of a label selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SelectorRequirement {
    /// Label key.
    pub key: Name,
    /// Relation between the label and `values`.
    pub operator: SelectorOperator,
    /// Values; empty for `Exists` and `DoesNotExist`.
    pub values: Vec<Name>,
}

impl SelectorRequirement {
    /// Whether `labels` meet the requirement.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            SelectorOperator::In => value.is_some_and(|value| self.values.contains(value)),
            SelectorOperator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            SelectorOperator::Exists => value.is_some(),
            SelectorOperator::DoesNotExist => value.is_none(),
        }
    }
}

/// A label selector (`metav1.LabelSelector`): the AND of its requirements. Without requirements it matches everything.
/// Where the API distinguishes an absent selector (matches nothing), the field is an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelSelector {
    /// Requirements; `matchLabels` entries come as `In` with one value.
    pub requirements: Vec<SelectorRequirement>,
}

impl LabelSelector {
    /// A selector for exactly these labels.
    #[must_use]
    pub fn from_match_labels(labels: &Labels) -> Self {
        let requirement = |(key, value): (&Name, &Name)| SelectorRequirement {
            key: key.clone(),
            operator: SelectorOperator::In,
            values: vec![value.clone()],
        };
        Self { requirements: labels.iter().map(requirement).collect() }
    }

    /// The same selector, which asks for this label besides.
    #[must_use]
    pub fn with_label(&self, key: &str, value: &str) -> Self {
        let mut requirements = self.requirements.clone();
        requirements.push(SelectorRequirement {
            key: key.into(),
            operator: SelectorOperator::In,
            values: vec![value.into()],
        });
        Self { requirements }
    }

    /// Whether `labels` meet every requirement.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// The first label of which one value is asked for: what lacks it need not be compared with the rest.
    #[must_use]
    pub fn first_label(&self) -> Option<(&Name, &Name)> {
        self.requirements.iter().find_map(|requirement| match requirement.values.as_slice() {
            [value] if requirement.operator == SelectorOperator::In => Some((&requirement.key, value)),
            _ => None,
        })
    }

    /// Whether there are no requirements (so that everything matches).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

/// As the API writes a selector into one line (apimachinery `labels.Selector.String`): `app=web,tier in (a,b),!canary`.
impl fmt::Display for LabelSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut requirements: Vec<&SelectorRequirement> = self.requirements.iter().collect();
        requirements.sort_by(|left, right| left.key.cmp(&right.key));
        for (index, SelectorRequirement { key, operator, values }) in requirements.into_iter().enumerate() {
            let mut values = values.clone();
            values.sort_unstable();
            let separator = if index == 0 { "" } else { "," };
            formatter.write_str(separator)?;
            match (operator, values.as_slice()) {
                (SelectorOperator::In, [value]) => write!(formatter, "{key}={value}")?,
                (SelectorOperator::In, values) => write!(formatter, "{key} in ({})", values.join(","))?,
                (SelectorOperator::NotIn, values) => write!(formatter, "{key} notin ({})", values.join(","))?,
                (SelectorOperator::Exists, _) => formatter.write_str(key)?,
                (SelectorOperator::DoesNotExist, _) => write!(formatter, "!{key}")?,
            }
        }
        Ok(())
    }
}

/// The operator of a node selector requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeSelectorOperator {
    /// The value is one of those listed.
    In,
    /// The key is absent, or its value is none of those listed.
    NotIn,
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
    /// Both sides are integers and the label's is greater.
    Gt,
    /// Both sides are integers and the label's is less.
    Lt,
}

/// One requirement of a node selector term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeSelectorRequirement {
    /// Label key, or `metadata.name` in `matchFields`.
    pub key: Name,
    /// Relation between the label and `values`.
    pub operator: NodeSelectorOperator,
    /// Values.
    pub values: Vec<Name>,
}

impl NodeSelectorRequirement {
    /// Whether a key's `value` (absent: `None`) meets the requirement. `Gt` and `Lt` are false unless both sides parse
    /// as 64-bit integers (apimachinery `labels.Requirement.Matches`).
    #[must_use]
    pub fn matches_value(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|listed| **listed == *value);
        let compare = |accept: fn(&i64, &i64) -> bool| {
            let (Some(value), Some(bound)) = (value, self.values.first()) else { return false };
            let (Ok(value), Ok(bound)) = (value.parse::<i64>(), bound.parse::<i64>()) else { return false };
            accept(&value, &bound)
        };
        match self.operator {
            NodeSelectorOperator::In => value.is_some_and(listed),
            NodeSelectorOperator::NotIn => !value.is_some_and(listed),
            NodeSelectorOperator::Exists => value.is_some(),
            NodeSelectorOperator::DoesNotExist => value.is_none(),
            NodeSelectorOperator::Gt => compare(i64::gt),
            NodeSelectorOperator::Lt => compare(i64::lt),
        }
    }
}

/// One term: the AND of its requirements; an empty term matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeSelectorTerm {
    /// Requirements on labels.
    pub match_expressions: Vec<NodeSelectorRequirement>,
    /// Requirements on fields; the API allows `metadata.name` only.
    pub match_fields: Vec<NodeSelectorRequirement>,
}

impl NodeSelectorTerm {
    /// Whether the node with this name and these labels meets the term.
    #[must_use]
    pub fn matches(&self, node_name: &str, labels: &Labels) -> bool {
        let field = |key: &str| (key == "metadata.name").then_some(node_name);
        !(self.match_expressions.is_empty() && self.match_fields.is_empty())
            && self
                .match_expressions
                .iter()
                .all(|requirement| requirement.matches_value(labels.get(&requirement.key).map(|value| &**value)))
            && self.match_fields.iter().all(|requirement| requirement.matches_value(field(&requirement.key)))
    }
}

/// A node selector: the OR of its terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeSelector {
    /// Terms, of which one must match.
    pub terms: Vec<NodeSelectorTerm>,
}

impl NodeSelector {
    /// Whether the node with this name and these labels meets a term.
    #[must_use]
    pub fn matches(&self, node_name: &str, labels: &Labels) -> bool {
        self.terms.iter().any(|term| term.matches(node_name, labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(operator: NodeSelectorOperator, values: &[&str]) -> NodeSelectorRequirement {
        NodeSelectorRequirement { key: "k".into(), operator, values: values.iter().map(|v| Name::from(*v)).collect() }
    }

    #[test]
    fn a_label_selector_on_one_line() {
        let label_requirement = |key: &str, operator, values: &[&str]| SelectorRequirement {
            key: key.into(),
            operator,
            values: values.iter().map(|value| Name::from(*value)).collect(),
        };
        let requirements = vec![
            label_requirement("tier", SelectorOperator::In, &["b", "a"]),
            label_requirement("canary", SelectorOperator::DoesNotExist, &[]),
            label_requirement("env", SelectorOperator::NotIn, &["test"]),
            label_requirement("owner", SelectorOperator::Exists, &[]),
        ];
        let selector = LabelSelector { requirements }.with_label("app", "web");
        assert_eq!(selector.to_string(), "app=web,!canary,env notin (test),owner,tier in (a,b)");
        assert_eq!(LabelSelector::default().to_string(), "");
    }

    #[test]
    fn node_selector_operators() {
        use NodeSelectorOperator as Op;
        let cases = [
            (Op::In, &["a", "b"][..], Some("b"), true),
            (Op::In, &["a"], None, false),
            (Op::NotIn, &["a"], None, true),
            (Op::NotIn, &["a"], Some("a"), false),
            (Op::Exists, &[], Some(""), true),
            (Op::DoesNotExist, &[], None, true),
            (Op::Gt, &["5"], Some("6"), true),
            (Op::Gt, &["5"], Some("5"), false),
            (Op::Lt, &["5"], Some("x"), false),
            (Op::Lt, &["x"], Some("5"), false),
        ];
        for (operator, values, value, expected) in cases {
            assert_eq!(
                requirement(operator, values).matches_value(value),
                expected,
                "{operator:?} {values:?} {value:?}"
            );
        }
    }

    #[test]
    fn an_empty_term_matches_nothing() {
        let selector = NodeSelector { terms: vec![NodeSelectorTerm::default()] };
        assert!(!selector.matches("n", &Labels::default()));
    }
}
