//! The status of a condition, as many kinds have it.

/// `status` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the API's word")]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}
