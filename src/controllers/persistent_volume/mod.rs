//! The controllers of volumes. What they decide is asked of [`crate::scheduler::volumes`], which the scheduler asks too.

pub mod controller;
