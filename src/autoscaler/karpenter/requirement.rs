//! The values that one label of a node may have: a set, or everything but a set, with bounds for integers
//! (`pkg/scheduling/requirement.go`).

use crate::api::Name;
use crate::api::karpenter::{KarpenterOperator, KarpenterRequirement};
use std::fmt;
use std::sync::Arc;

/// What one label may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The values are those that are excluded.
    complement: bool,
    /// Sorted, each once.
    values: Arc<[Name]>,
    at_least: Option<i64>,
    at_most: Option<i64>,
    /// How many distinct values the instance types of a NodeClaim must have.
    pub min_values: Option<u32>,
}

impl Requirement {
    /// A requirement as written. `Gt` and `Lt` become bounds that include their number.
    pub fn new(operator: KarpenterOperator, values: &[Name], min_values: Option<u32>) -> Self {
        let number = || values.first().and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
        let complement = !matches!(operator, KarpenterOperator::In | KarpenterOperator::DoesNotExist);
        let everything = Self { complement, values: Arc::from([]), at_least: None, at_most: None, min_values };
        match operator {
            KarpenterOperator::In | KarpenterOperator::NotIn => {
                let mut values = values.to_vec();
                values.sort_unstable();
                values.dedup();
                Self { values: values.into(), ..everything }
            }
            KarpenterOperator::Exists | KarpenterOperator::DoesNotExist => everything,
            KarpenterOperator::Gt => match number().checked_add(1) {
                Some(at_least) => Self { at_least: Some(at_least), ..everything },
                None => Self::does_not_exist(),
            },
            KarpenterOperator::Lt => Self { at_most: Some(number().wrapping_sub(1)), ..everything },
            KarpenterOperator::Gte => Self { at_least: Some(number()), ..everything },
            KarpenterOperator::Lte => Self { at_most: Some(number()), ..everything },
        }
    }

    /// One value.
    pub fn value(value: &Name) -> Self {
        Self::new(KarpenterOperator::In, std::slice::from_ref(value), None)
    }

    /// Any value.
    pub fn exists() -> Self {
        Self::new(KarpenterOperator::Exists, &[], None)
    }

    /// No value.
    pub fn does_not_exist() -> Self {
        Self::new(KarpenterOperator::DoesNotExist, &[], None)
    }

    /// The listed values: those allowed, or those excluded.
    pub fn values(&self) -> &[Name] {
        &self.values
    }

    /// The one value that is allowed.
    pub fn single(&self) -> Option<&Name> {
        match (self.complement, &*self.values) {
            (false, [value]) => Some(value),
            _ => None,
        }
    }

    /// Whether no value is allowed.
    pub fn is_empty(&self) -> bool {
        !self.complement && self.values.is_empty()
    }

    /// Whether it says no more than which values are excluded, if any (`NotIn`, `DoesNotExist`).
    pub fn excludes(&self) -> bool {
        matches!(self.operator(), KarpenterOperator::NotIn | KarpenterOperator::DoesNotExist)
    }

    /// The operator that says the same, bounds apart.
    pub fn operator(&self) -> KarpenterOperator {
        match (self.complement, self.values.is_empty()) {
            (true, true) => KarpenterOperator::Exists,
            (true, false) => KarpenterOperator::NotIn,
            (false, true) => KarpenterOperator::DoesNotExist,
            (false, false) => KarpenterOperator::In,
        }
    }

    fn is_listed(&self, value: &str) -> bool {
        self.values.binary_search_by(|listed| (**listed).cmp(value)).is_ok()
    }

    /// Whether a value is allowed.
    pub fn has(&self, value: &str) -> bool {
        self.is_listed(value) != self.complement && within(value, self.at_least, self.at_most)
    }

    /// What both allow.
    pub fn intersection(&self, with: &Self) -> Self {
        let complement = self.complement && with.complement;
        let at_least = self.at_least.max(with.at_least);
        let at_most = least(self.at_most, with.at_most);
        let min_values = self.min_values.max(with.min_values);
        if at_least.zip(at_most).is_some_and(|(low, high)| low > high) {
            return Self { min_values, ..Self::does_not_exist() };
        }
        let kept = |value: &&Name| within(value, at_least, at_most);
        let values: Arc<[Name]> = match (self.complement, with.complement) {
            (true, true) => {
                let mut values: Vec<Name> = self.values.iter().chain(&*with.values).filter(kept).cloned().collect();
                values.sort_unstable();
                values.dedup();
                values.into()
            }
            (true, false) => with.values.iter().filter(|value| !self.is_listed(value)).filter(kept).cloned().collect(),
            (false, true) => self.values.iter().filter(|value| !with.is_listed(value)).filter(kept).cloned().collect(),
            (false, false) => self.values.iter().filter(|value| with.is_listed(value)).filter(kept).cloned().collect(),
        };
        let (at_least, at_most) = if complement { (at_least, at_most) } else { (None, None) };
        Self { complement, values, at_least, at_most, min_values }
    }

    /// Whether there is a value that both allow.
    pub fn has_intersection(&self, with: &Self) -> bool {
        let at_least = self.at_least.max(with.at_least);
        let at_most = least(self.at_most, with.at_most);
        if at_least.zip(at_most).is_some_and(|(low, high)| low > high) {
            return false;
        }
        let (listed, among) = match (self.complement, with.complement) {
            (true, true) => return true,
            (true, false) => (with, self),
            (false, _) => (self, with),
        };
        listed.values.iter().any(|value| among.is_listed(value) != among.complement && within(value, at_least, at_most))
    }

    /// As the API has it; a range is two requirements.
    pub fn written(&self, key: &Name) -> Vec<KarpenterRequirement> {
        let of = |operator, values: Vec<Name>| KarpenterRequirement {
            key: key.clone(),
            operator,
            values,
            min_values: self.min_values,
        };
        let bounds = [(KarpenterOperator::Gte, self.at_least), (KarpenterOperator::Lte, self.at_most)];
        let bounds: Vec<KarpenterRequirement> = bounds
            .into_iter()
            .filter_map(|(operator, bound)| Some(of(operator, vec![Name::from(bound?.to_string())])))
            .collect();
        if bounds.is_empty() { vec![of(self.operator(), self.values.to_vec())] } else { bounds }
    }
}

/// As Karpenter writes it after the key.
impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.operator().as_str())?;
        if !self.values.is_empty() {
            let shown: Vec<&str> = self.values.iter().take(5).map(Name::as_str).collect();
            write!(formatter, " [{}", shown.join(" "))?;
            if self.values.len() > 5 {
                write!(formatter, " and {} others", self.values.len() - 5)?;
            }
            formatter.write_str("]")?;
        }
        if let Some(bound) = self.at_least {
            write!(formatter, " >={bound}")?;
        }
        if let Some(bound) = self.at_most {
            write!(formatter, " <={bound}")?;
        }
        match self.min_values {
            Some(count) => write!(formatter, " minValues {count}"),
            None => Ok(()),
        }
    }
}

/// Whether a value is an integer within bounds; without bounds it may be anything.
fn within(value: &str, at_least: Option<i64>, at_most: Option<i64>) -> bool {
    if at_least.is_none() && at_most.is_none() {
        return true;
    }
    value
        .parse::<i64>()
        .is_ok_and(|number| at_least.is_none_or(|bound| number >= bound) && at_most.is_none_or(|bound| number <= bound))
}

/// The smaller bound; no bound is larger than any.
fn least(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KarpenterOperator::{DoesNotExist, Exists, Gt, In, Lt, NotIn};

    fn of(operator: KarpenterOperator, values: &[&str]) -> Requirement {
        let values: Vec<Name> = values.iter().map(|value| Name::from(*value)).collect();
        Requirement::new(operator, &values, None)
    }

    #[test]
    fn what_both_allow() {
        let cases = [
            (of(In, &["b", "a"]), of(In, &["b", "c"]), "In [b]", true),
            (of(In, &["a"]), of(In, &["b"]), "DoesNotExist", false),
            (of(In, &["a", "b"]), of(NotIn, &["b"]), "In [a]", true),
            (of(NotIn, &["b"]), of(In, &["b"]), "DoesNotExist", false),
            (of(NotIn, &["a"]), of(NotIn, &["b"]), "NotIn [a b]", true),
            (of(Exists, &[]), of(DoesNotExist, &[]), "DoesNotExist", false),
            (of(Gt, &["4"]), of(Lt, &["9"]), "Exists >=5 <=8", true),
            (of(Gt, &["4"]), of(Lt, &["5"]), "DoesNotExist", false),
            (of(Gt, &["4"]), of(In, &["4", "5", "x"]), "In [5]", true),
            (of(NotIn, &["3", "7"]), of(Gt, &["4"]), "NotIn [7] >=5", true),
            (of(Gt, &["9223372036854775807"]), of(Exists, &[]), "DoesNotExist", false),
        ];
        for (left, right, both, some) in cases {
            assert_eq!(left.intersection(&right).to_string(), both, "{left} and {right}");
            assert_eq!(right.intersection(&left).to_string(), both, "{right} and {left}");
            assert_eq!(left.has_intersection(&right), some, "{left} and {right}");
        }
    }

    #[test]
    fn values_are_allowed_or_not() {
        assert!(of(NotIn, &["a"]).has("b"));
        assert!(!of(NotIn, &["a"]).has("a"));
        assert!(!of(DoesNotExist, &[]).has("a"));
        assert!(!of(Gt, &["1"]).has("x"));
        assert!(of(Gt, &["1"]).has("2"));
    }

    #[test]
    fn a_range_is_written_as_two_requirements() {
        let range = of(Gt, &["4"]).intersection(&of(Lt, &["9"]));
        let written = range.written(&Name::from("cpu"));
        let operators: Vec<&str> = written.iter().map(|written| written.operator.as_str()).collect();
        assert_eq!(operators, ["Gte", "Lte"]);
        assert_eq!(written.iter().map(|written| written.values[0].as_str()).collect::<Vec<_>>(), ["5", "8"]);
    }
}
