//! The controllers of kube-controller-manager, one folder each.
//!
//! A folder's root holds the pure decisions on plain values: what the controller would write, given what it sees. Its
//! `controller.rs` is the running half, which reads the simulated cluster, asks those decisions and carries them out.
//! [`manager`] tells the running controllers what changed; [`common`] holds what all of them share.

pub mod attach_detach;
pub mod common;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod eviction;
pub mod job;
pub mod manager;
pub mod namespace;
pub mod node_lifecycle;
pub mod persistent_volume;
pub mod pod_gc;
pub mod replica_set;
pub mod replication_controller;
pub mod resource_quota;
pub mod stateful_set;
pub mod taint_eviction;
#[cfg(test)]
mod test_cluster;
pub mod ttl_after_finished;
