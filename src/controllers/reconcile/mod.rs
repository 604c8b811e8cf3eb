//! The running controllers: they are woken by changes, read the cluster, ask the decision functions beside this folder
//! what to do, and do it through the cluster's methods.

mod deployment;
mod endpoints;
mod replica_set;
mod work_queue;

pub use deployment::{DeploymentController, safe_text, template_hash};
pub use endpoints::EndpointController;
pub use replica_set::ReplicaSetController;
pub use work_queue::WorkQueue;
