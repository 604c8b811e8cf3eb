//! The controllers of volumes. Which volume a claim gets is asked of [`crate::scheduler::volumes`], which the scheduler asks
//! too.

mod claims;
pub mod controller;
mod rules;

pub use claims::collect;
