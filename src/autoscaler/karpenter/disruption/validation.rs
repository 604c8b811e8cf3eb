//! Whether a decision still holds a while after it was made (`pkg/controllers/disruption/validation.go`).

use super::budgets::allowed;
use super::candidate::{Candidate, candidates};
use super::command::Command;
use super::method::Method;
use super::methods::Situation;
use super::pass::Pass;
use crate::autoscaler::karpenter::new_claim::NewClaim;

/// Why a decision does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Pods came or went: nodes are no candidates any more.
    Churn,
    /// Budgets do not allow it any more, or a node was promised to a pod.
    Budget,
    /// The pods would go elsewhere.
    Scheduling,
}

impl Invalid {
    /// The word in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Budget => "budget",
            Self::Scheduling => "scheduling",
        }
    }
}

/// The command, if it still holds; of empty nodes those that still are.
pub fn validate(situation: &Situation<'_>, command: Command) -> Result<Command, Invalid> {
    let method = command.method;
    if method.is_eventual() {
        return Ok(command);
    }
    let (all, _) = candidates(situation.state, situation.options, situation.now, method, situation.queued);
    let asked = command.candidates.len();
    let still: Vec<Candidate<'_>> =
        all.into_iter().filter(|candidate| command.candidates.contains(candidate.key)).collect();
    let mut budgets = allowed(situation.state, situation.clock, situation.now, method.reason());
    let mut allows = |candidate: &Candidate<'_>| match budgets.get_mut(candidate.pool_name()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    if method == Method::Emptiness {
        if still.is_empty() {
            return Err(Invalid::Churn);
        }
        let valid: Vec<_> = still.iter().filter(|candidate| allows(candidate)).collect();
        if valid.is_empty() {
            return Err(Invalid::Budget);
        }
        let kept = |key: &&crate::api::Name| valid.iter().any(|candidate| candidate.key == *key);
        let kept = command.candidates.iter().filter(kept).cloned().collect();
        return Ok(Command { candidates: kept, ..command });
    }
    if still.len() != asked {
        return Err(Invalid::Churn);
    }
    if !still.iter().all(allows) {
        return Err(Invalid::Budget);
    }
    let pass = Pass::new(situation.state, situation.options, situation.now, &still, true).ok_or(Invalid::Scheduling)?;
    let simulated = pass.simulate(&still.iter().collect::<Vec<_>>());
    let is_same = simulated.unplaced.is_empty()
        && match (simulated.new_nodes.as_slice(), command.replacements.as_slice()) {
            ([], []) => true,
            ([node], [replacement]) => {
                let now = NewClaim::new(node.clone(), &pass.base);
                now.pool == replacement.pool && replacement.types.iter().all(|index| now.types.contains(index))
                    || has_names(situation, replacement, &now)
            }
            _ => false,
        };
    if is_same { Ok(command) } else { Err(Invalid::Scheduling) }
}

/// Whether all instance types of a replacement are among those of another, whatever the pools.
fn has_names(situation: &Situation<'_>, replacement: &NewClaim, among: &NewClaim) -> bool {
    let pools = &situation.state.pools;
    let (Some(pool), Some(other)) = (pools.get(&replacement.pool), pools.get(&among.pool)) else { return false };
    replacement.instance_types(pool).all(|name| among.instance_types(other).any(|known| known == name))
}
