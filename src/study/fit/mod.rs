//! Capacity questions to the scheduler, without a run: how many more replicas of a pod fit, how many nodes a number
//! of replicas needs, and which nodes could go.
//!
//! Every pod is placed by the scheduling cycle that a run uses ([`crate::scheduler::schedule`]), one after the other in a
//! view of the cluster, whose forks take back what was only tried. Nothing is preempted, no time passes, and among equal
//! nodes the first one is taken, where kube-scheduler draws one at random.

mod budgets;
pub mod compress;
mod daemons;
mod drain;
pub mod fill;
pub mod nodes_for;
mod placer;
mod pod;
mod pool;
mod prepare;
#[cfg(test)]
mod tests;
mod workloads;

pub use compress::compress;
pub use drain::EvictionRules;
pub use fill::how_many;
pub use nodes_for::nodes_for;
pub use pod::PodToFit;
pub use prepare::{Sources, Study, prepare};
