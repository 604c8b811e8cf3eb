//! The controllers of kube-controller-manager, one file each.
//!
//! Each is a pure decision on plain values: what the controller would write, given what it sees. Nothing here knows
//! the simulated cluster or the event queue.

pub mod client_rate;
pub mod condition;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoints;
pub mod node_lifecycle;
pub mod pod_gc;
pub mod replica_set;
pub mod stateful_set;
pub mod taint_eviction;
