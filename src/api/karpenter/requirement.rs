//! Requirements of NodePools and NodeClaims: node selector requirements with two more operators, and `minValues`.

use crate::api::Name;

/// The operator of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KarpenterOperator {
    /// The value is one of those listed.
    In,
    /// The value is none of those listed.
    NotIn,
    /// There is a value.
    Exists,
    /// There is none.
    DoesNotExist,
    /// A greater integer.
    Gt,
    /// A smaller integer.
    Lt,
    /// An integer as great or greater.
    Gte,
    /// An integer as small or smaller.
    Lte,
}

impl KarpenterOperator {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
            Self::Gte => "Gte",
            Self::Lte => "Lte",
        }
    }
}

/// `NodeSelectorRequirementWithMinValues`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KarpenterRequirement {
    /// Label key.
    pub key: Name,
    /// Relation between the label and `values`.
    pub operator: KarpenterOperator,
    /// Values.
    pub values: Vec<Name>,
    /// How many distinct values of the key the instance types of a NodeClaim must have.
    pub min_values: Option<u32>,
}
