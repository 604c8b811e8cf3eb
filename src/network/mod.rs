//! Requests on their way: clients, proxies, pods that serve, and what becomes of each request.
//!
//! A traffic entry with `fidelity: requests` is played here request by request; one that is a fluid is
//! `workload::traffic`.

mod arena;
mod clients;
mod earliest;
mod entry;
mod proxies;
pub mod queueing;
pub mod requests;
mod service;
mod station;

pub use service::{Ledger, Outcome};

#[cfg(test)]
mod tests;
