//! What the labels of a node may be, by key (`pkg/scheduling/requirements.go`).

use super::label::{WellKnownLabels, normalized};
use super::requirement::Requirement;
use crate::api::karpenter::{KarpenterOperator, KarpenterRequirement};
use crate::api::{Labels, Name, NodeSelectorOperator, NodeSelectorRequirement};
use std::fmt;

/// Requirements by key, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requirements(Vec<(Name, Requirement)>);

/// Why requirements cannot be met together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incompatible {
    /// A label that is neither known nor defined.
    Undefined(Name),
    /// A label of which no value suits both.
    Disjoint(Name, Box<(Requirement, Requirement)>),
}

impl fmt::Display for Incompatible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(key) => write!(formatter, "label \"{key}\" does not have known values"),
            Self::Disjoint(key, both) => {
                write!(formatter, "key {key}, {key} {} not in {key} {}", both.0, both.1)
            }
        }
    }
}

impl Requirements {
    /// Each label has its value.
    pub fn from_labels(labels: &Labels) -> Self {
        let mut requirements = Self::default();
        for (key, value) in labels.iter() {
            requirements.add(normalized(key), &Requirement::value(value));
        }
        requirements
    }

    /// Requirements of a NodePool or NodeClaim.
    pub fn from_karpenter(written: &[KarpenterRequirement]) -> Self {
        let mut requirements = Self::default();
        for KarpenterRequirement { key, operator, values, min_values } in written {
            requirements.add(normalized(key), &Requirement::new(*operator, values, *min_values));
        }
        requirements
    }

    /// Adds the requirements of a node selector term.
    pub fn add_expressions(&mut self, expressions: &[NodeSelectorRequirement]) {
        for NodeSelectorRequirement { key, operator, values } in expressions {
            let operator = match operator {
                NodeSelectorOperator::In => KarpenterOperator::In,
                NodeSelectorOperator::NotIn => KarpenterOperator::NotIn,
                NodeSelectorOperator::Exists => KarpenterOperator::Exists,
                NodeSelectorOperator::DoesNotExist => KarpenterOperator::DoesNotExist,
                NodeSelectorOperator::Gt => KarpenterOperator::Gt,
                NodeSelectorOperator::Lt => KarpenterOperator::Lt,
            };
            self.add(normalized(key), &Requirement::new(operator, values, None));
        }
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(listed, _)| (**listed).cmp(key))
    }

    /// Narrows what a label may be.
    pub fn add(&mut self, key: Name, requirement: &Requirement) {
        match self.position(&key) {
            Ok(position) => {
                let known = &mut self.0[position].1;
                if known != requirement {
                    *known = requirement.intersection(known);
                }
            }
            Err(position) => self.0.insert(position, (key, requirement.clone())),
        }
    }

    /// Narrows by all of the others.
    pub fn add_all(&mut self, requirements: &Self) {
        for (key, requirement) in &requirements.0 {
            self.add(key.clone(), requirement);
        }
    }

    /// Says what a label may be, whatever was known.
    pub fn set(&mut self, key: &str, requirement: Requirement) {
        match self.position(key) {
            Ok(position) => self.0[position].1 = requirement,
            Err(position) => self.0.insert(position, (Name::from(key), requirement)),
        }
    }

    /// Forgets a label.
    pub fn remove(&mut self, key: &str) {
        if let Ok(position) = self.position(key) {
            self.0.remove(position);
        }
    }

    /// What a label may be; `None` if nothing is known.
    pub fn get(&self, key: &str) -> Option<&Requirement> {
        self.position(key).ok().map(|position| &self.0[position].1)
    }

    /// All of them, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Requirement)> {
        self.0.iter().map(|(key, requirement)| (key, requirement))
    }

    /// Sets how many values of a label there must be.
    pub fn set_min_values(&mut self, key: &str, count: u32) {
        if let Ok(position) = self.position(key) {
            self.0[position].1.min_values = Some(count);
        }
    }

    /// Whether each label that both know has a value that suits both. Those that only exclude values always suit each
    /// other.
    pub fn intersects(&self, incoming: &Self) -> Result<(), Incompatible> {
        // Both are in key order.
        let mut known = self.0.iter().peekable();
        for (key, asked) in &incoming.0 {
            while known.next_if(|(listed, _)| listed < key).is_some() {}
            let Some((_, known)) = known.next_if(|(listed, _)| listed == key) else { continue };
            let both_exclude = || asked.excludes() && known.excludes();
            if !known.has_intersection(asked) && !both_exclude() {
                return Err(Incompatible::Disjoint(key.clone(), Box::new((asked.clone(), known.clone()))));
            }
        }
        Ok(())
    }

    /// Whether a node with these requirements may meet the incoming ones: labels that it does not define are refused but
    /// for those of `allowed`, and but for requirements that only exclude values.
    pub fn compatible(&self, incoming: &Self, allowed: Option<&WellKnownLabels>) -> Result<(), Incompatible> {
        let is_undefined = |(key, requirement): &&(Name, Requirement)| {
            self.position(key).is_err()
                && !requirement.excludes()
                && !allowed.is_some_and(|allowed| allowed.contains(key))
        };
        match incoming.0.iter().find(is_undefined) {
            Some((key, _)) => Err(Incompatible::Undefined(key.clone())),
            None => self.intersects(incoming),
        }
    }

    /// As the API has them.
    pub fn written(&self) -> Vec<KarpenterRequirement> {
        self.0.iter().flat_map(|(key, requirement)| requirement.written(key)).collect()
    }
}

/// As in Karpenter's messages.
impl fmt::Display for Requirements {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().filter(|(key, _)| key != crate::api::well_known::HOSTNAME);
        for (index, (key, requirement)) in shown.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{key} {requirement}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KarpenterOperator::{DoesNotExist, Exists, In, NotIn};

    fn of(written: &[(&str, KarpenterOperator, &[&str])]) -> Requirements {
        let written: Vec<KarpenterRequirement> = written
            .iter()
            .map(|(key, operator, values)| KarpenterRequirement {
                key: Name::from(*key),
                operator: *operator,
                values: values.iter().map(|value| Name::from(*value)).collect(),
                min_values: None,
            })
            .collect();
        Requirements::from_karpenter(&written)
    }

    #[test]
    fn labels_that_are_not_defined() {
        let node = of(&[("team", In, &["a"])]);
        let zone = "topology.kubernetes.io/zone";
        let known = WellKnownLabels::new([]);
        let cases = [
            (of(&[("team", In, &["a", "b"])]), true, true),
            (of(&[("team", In, &["b"])]), false, false),
            (of(&[("rack", In, &["1"])]), false, false),
            (of(&[("rack", NotIn, &["1"])]), true, true),
            (of(&[("rack", DoesNotExist, &[])]), true, true),
            (of(&[("rack", Exists, &[])]), false, false),
            (of(&[(zone, In, &["a"])]), false, true),
            (of(&[("failure-domain.beta.kubernetes.io/zone", In, &["a"])]), false, true),
        ];
        for (pod, on_a_node, on_a_new_one) in cases {
            assert_eq!(node.compatible(&pod, None).is_ok(), on_a_node, "{pod}");
            assert_eq!(node.compatible(&pod, Some(&known)).is_ok(), on_a_new_one, "{pod}");
        }
    }

    #[test]
    fn requirements_that_only_exclude_suit_each_other() {
        let left = of(&[("rack", DoesNotExist, &[])]);
        assert!(left.intersects(&of(&[("rack", NotIn, &["1"])])).is_ok());
        assert!(left.intersects(&of(&[("rack", Exists, &[])])).is_err());
    }
}
