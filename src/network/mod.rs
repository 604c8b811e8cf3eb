//! Requests on their way: clients, proxies, pods that serve, and what becomes of each request.
//!
//! A traffic entry with `fidelity: requests` is played here request by request; one that is a fluid is
//! `workload::traffic`.

mod arena;
mod backend;
mod calls;
mod clients;
mod cpu_shares;
mod destinations;
mod earliest;
mod entry;
mod front;
mod measured;
mod node_cpus;
mod outcome;
mod outside;
mod place;
mod producer;
mod proxies;
pub mod queueing;
mod request_memory;
pub mod requests;
mod routing;
mod rules;
mod service;
mod slots;
mod split;
mod station;

pub use calls::CallCounts;
pub use destinations::service_of_host;
pub use front::has_port;
pub use outcome::{Ledger, Outcome};
pub use place::{Crossing, Place};

#[cfg(test)]
mod tests;
