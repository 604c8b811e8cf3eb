//! The controllers of kube-controller-manager, one file each.
//!
//! Each file is a pure decision on plain values: what the controller would write, given what it sees. [`reconcile`] holds
//! the running controllers, which read the simulated cluster, ask these decisions, and carry them out.

pub mod client_rate;
pub mod condition;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoints;
pub mod event;
pub mod node_lifecycle;
pub mod pod_gc;
pub mod reconcile;
pub mod replica_set;
pub mod stateful_set;
pub mod taint_eviction;
