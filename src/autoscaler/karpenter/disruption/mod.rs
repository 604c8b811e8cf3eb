//! Which nodes Karpenter disrupts by choice, and what it puts in their place (`pkg/controllers/disruption`).
//!
//! - [`method`], [`command`]: how nodes are disrupted, and what is found
//! - [`candidate`]: nodes that may be disrupted, and what that costs
//! - [`budgets`]: how many at a time
//! - [`pass`]: what simulations on one state have in common
//! - [`consolidation`]: whether some nodes can be done without, or replaced by a cheaper one
//! - [`methods`]: emptiness, drift, multi-node and single-node consolidation
//! - [`balanced`]: whether a saving is worth the disruption
//! - [`validation`]: whether a decision still holds after a while

pub mod balanced;
pub mod budgets;
pub mod candidate;
pub mod command;
pub mod consolidation;
pub mod method;
pub mod methods;
pub mod pass;
pub mod validation;
