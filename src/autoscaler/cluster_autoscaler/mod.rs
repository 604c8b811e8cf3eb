//! The Cluster Autoscaler of release 1.37 (source of July 2026, Kubernetes 1.36 libraries): one loop after the other, each of
//! which scales node groups up for pending pods and deletes nodes that are not needed.
//!
//! [`ClusterAutoscaler::run_once`] is a loop. It asks an [`Environment`](environment::Environment) for the cloud and the API
//! server, and the scheduler's view for what would fit where; a run and the replay of recordings call the same loop. What
//! takes longer than a loop, the deletion of nodes, goes on in [`ClusterAutoscaler::advance`].
//!
//! - `options`, `environment`: the flags; what is outside.
//! - `snapshot`, `hints`, `template`: the cluster as it is simulated.
//! - `cluster_state`: what is believed of the groups; back-off.
//! - `equivalence`, `estimator`, `expander`, `balancing`, `quotas`, `scale_up`: more nodes.
//! - `drain`, `budgets`, `utilization`, `removal`, `unneeded`, `planner`, `actuator`: fewer nodes.
//!
//! Known deviations:
//! - Where the real program goes through a map in no order, the order of creation holds; ties of expanders are drawn.
//! - A loop takes no time, so that limits on how long simulations may take never end one.
//! - Node groups that scale between zero and their maximum only, node autoprovisioning, ProvisioningRequests and
//!   CapacityQuotas are left out.

mod actuator;
mod autoscaler;
pub mod balancing;
pub mod budgets;
pub mod cluster_state;
pub mod controller;
pub mod drain;
pub mod environment;
pub mod equivalence;
pub mod estimator;
pub mod expander;
pub mod flags;
mod hints;
pub mod options;
mod planner;
mod pods;
mod quotas;
mod removal;
pub mod report;
mod scale_up;
pub mod snapshot;
pub mod taints;
pub mod template;
mod unneeded;
pub mod utilization;

pub use autoscaler::ClusterAutoscaler;
pub use scale_up::{RemainingPod, ScaleUpResult, ScaleUpStatus};
