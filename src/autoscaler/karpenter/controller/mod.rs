//! The running Karpenter: it observes changes, plans events, asks the decisions beside it, and writes through the cluster.
//!
//! - [`running`]: takes changes and events, and hands them to the parts
//! - [`provisioner`]: pods that wait are gathered for a while, then NodeClaims are made for them
//! - [`lifecycle`], [`conditions`]: from a NodeClaim to a node that is ready for pods; expiry, drift, interruption, garbage
//!   collection
//! - [`disruptor`]: the disruption loop and the queue in which its commands are carried out
//! - [`terminator`]: a node is drained, its instance given back
//! - [`static_pools`]: pools that keep a number of nodes
//! - [`mirror`], [`shared`]: what all of them know of the cluster
//! - [`catalogue`], [`launch`]: which instance types a pool has, and as what a NodeClaim is launched
//! - [`api_events`]: what people are told
//!
//! Mirrors `pkg/controllers` of kubernetes-sigs/karpenter 1.14.0. Known deviations are listed in `docs/model/karpenter.md`.

pub mod api_events;
pub mod catalogue;
mod claims;
pub mod conditions;
mod decisions;
pub mod disruptor;
pub mod drain;
pub mod drift;
pub mod event;
pub mod launch;
pub mod lifecycle;
pub mod mirror;
pub mod provisioner;
pub mod running;
pub mod settings;
pub mod shared;
pub mod static_pools;
pub mod terminator;
