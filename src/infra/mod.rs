//! The cloud: node pools and what they cost, node and zone faults.

pub mod csi;
pub mod faults;
