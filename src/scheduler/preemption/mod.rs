//! Preemption: which pods of lower priority make room for a pod that fits nowhere, and on which node.

mod memo;
mod room;
mod search;

pub use memo::PreemptionMemo;
pub use search::{Candidate, Criterion, Preemption, Prospect, preempt, prospect};
