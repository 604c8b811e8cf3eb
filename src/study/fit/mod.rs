//! Capacity questions to the scheduler, without a run: how many more replicas of a pod fit, how many nodes a number
//! of replicas needs, and which nodes could go.
//!
//! Every pod is placed by the scheduling cycle that a run uses ([`crate::scheduler::schedule`]), one after the other in a
//! view of the cluster, whose forks take back what was only tried. Nothing is preempted, no time passes, and among equal
//! nodes the first one is taken, where kube-scheduler draws one at random.

mod budgets;
pub(crate) mod compress;
mod daemons;
mod drain;
pub(crate) mod fill;
pub(crate) mod nodes_for;
mod placer;
mod pod;
mod pool;
mod prepare;
#[cfg(test)]
mod tests;
mod workloads;

pub(crate) use compress::compress;
pub(crate) use drain::EvictionRules;
pub(crate) use fill::how_many;
pub(crate) use nodes_for::nodes_for;
pub(crate) use prepare::{Sources, prepare};
