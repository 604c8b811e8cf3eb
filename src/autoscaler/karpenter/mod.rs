//! Karpenter: nodes of the right size for the pods that wait, and fewer or cheaper ones for those that run.
//!
//! The decisions of kubernetes-sigs/karpenter 1.14.0 and 1.13.0, as functions of plain values. What they work on is a
//! picture of the cluster, [`state::ClusterState`], that is kept by small changes.
//!
//! - [`provision`]: which nodes to make for the pods that wait
//! - [`disruption`]: which nodes to remove or replace
//! - [`scheduler`]: the simulation that both rest on: where pods would go
//! - [`base`]: what all simulations on one state have in common
//! - [`topology`]: topology spread and inter-pod affinity
//! - [`requirement`], [`requirements`], [`label`]: what the labels of a node may be
//! - [`instance_type`], [`template`], [`new_node`], [`new_claim`]: from NodePools to NodeClaims
//! - [`daemon_set`], [`host_ports`], [`taints`], [`reservations`], [`volumes`], [`amounts`]: what else takes room
//! - [`go_sort`]: the order in which Go leaves equals

pub mod amounts;
pub mod base;
pub mod controller;
pub mod daemon_set;
pub mod disruption;
pub mod failure;
pub mod go_sort;
pub mod host_ports;
pub mod instance_type;
pub mod label;
pub mod new_claim;
pub mod new_node;
pub mod options;
pub mod pod;
pub mod provision;
pub mod requirement;
pub mod requirements;
pub mod reservations;
pub mod scheduler;
pub mod state;
pub mod state_node;
pub mod taints;
pub mod template;
pub mod topology;
pub mod volumes;
