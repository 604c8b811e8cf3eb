//! The cloud: instances that come and go, what cannot be had, node and zone faults.

pub mod cloud;
pub mod csi;
pub mod faults;
pub mod pricing;
