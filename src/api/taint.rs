//! Taints on nodes, tolerations of pods.

use super::Name;
use crate::units::{SimDuration, SimTime};

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaintEffect {
    /// New pods are not placed here.
    NoSchedule,
    /// New pods are placed here only if nothing better is found.
    PreferNoSchedule,
    /// New pods are not placed here, and pods that are here are evicted.
    NoExecute,
}

impl TaintEffect {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// A taint on a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taint {
    /// Key.
    pub key: Name,
    /// Value; may be empty.
    pub value: Name,
    /// Effect.
    pub effect: TaintEffect,
    /// When a `NoExecute` taint was added.
    pub time_added: Option<SimTime>,
}

/// How a toleration compares itself with a taint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TolerationOperator {
    /// The values are equal; the default.
    #[default]
    Equal,
    /// Any value.
    Exists,
}

/// A pod's toleration of taints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// Taint key; empty with `Exists` tolerates every key.
    pub key: Name,
    /// Comparison.
    pub operator: TolerationOperator,
    /// Value for `Equal`.
    pub value: Name,
    /// Effect; `None` tolerates every effect.
    pub effect: Option<TaintEffect>,
    /// How long a `NoExecute` taint is tolerated; `None` is forever, zero or less is not at all.
    pub toleration_seconds: Option<SimDuration>,
}

impl Toleration {
    /// Whether the toleration matches the taint (`v1helper.ToleratesTaint`, Kubernetes 1.36): an empty key matches any
    /// key under either operator, an unset effect any effect; the duration plays no part.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match self.operator {
                TolerationOperator::Equal => self.value == taint.value,
                TolerationOperator::Exists => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerations_match_taints() {
        let taint = Taint { key: "gpu".into(), value: "a".into(), effect: TaintEffect::NoSchedule, time_added: None };
        let toleration = |key: &str, operator, value: &str, effect| Toleration {
            key: key.into(),
            operator,
            value: value.into(),
            effect,
            toleration_seconds: None,
        };
        use TolerationOperator::{Equal, Exists};
        let cases = [
            (toleration("gpu", Equal, "a", None), true, "equal value, any effect"),
            (toleration("gpu", Equal, "b", None), false, "other value"),
            (toleration("gpu", Exists, "", Some(TaintEffect::NoSchedule)), true, "exists"),
            (toleration("gpu", Exists, "", Some(TaintEffect::NoExecute)), false, "other effect"),
            (toleration("", Exists, "", None), true, "everything"),
            (toleration("", Equal, "a", None), true, "an empty key with Equal matches by value"),
        ];
        for (toleration, expected, why) in cases {
            assert_eq!(toleration.tolerates(&taint), expected, "{why}");
        }
    }
}
