//! Preemption: which pods of lower priority make room for a pod that fits nowhere, and on which node.

mod budgets;
mod candidate;
mod eligibility;
mod memo;
mod room;
mod search;
mod trial;

pub use candidate::{Candidate, Criterion};
pub use eligibility::{Prospect, prospect};
pub use memo::PreemptionMemo;
pub use search::{Preemption, preempt};
