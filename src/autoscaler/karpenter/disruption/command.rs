//! What a method of disruption finds to do.

use super::balanced::Score;
use super::method::Method;
use crate::api::Name;
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::state::PodKey;

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Which method found it.
    pub method: Method,
    /// The nodes to be removed, by their name in the state.
    pub candidates: Vec<Name>,
    /// NodeClaims to be made first.
    pub replacements: Vec<NewClaim>,
    /// Nodes that the pods will go to, by their name in the state.
    pub existing: Vec<(Name, Vec<PodKey>)>,
    /// Dollars an hour that are saved, by estimate.
    pub savings: f64,
    /// By pool with the policy Balanced: how the move scored.
    pub scores: Vec<(Name, Score)>,
}
