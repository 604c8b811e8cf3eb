//! What Karpenter decides, for the records.

use crate::api::Name;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KarpenterReport {
    /// What it is about: a NodePool or a NodeClaim.
    pub target: Name,
    /// What was decided: `provision`, `delete`, `replace`, `expire` and so on.
    pub decision: &'static str,
    /// Numbers that it rests on, as `key=value` with spaces between.
    pub inputs: String,
    /// The rule that limited it; empty if none did.
    pub limited_by: Name,
}
