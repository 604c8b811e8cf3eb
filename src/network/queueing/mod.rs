//! The formulas of queueing theory: how long requests take at a pod whose load is known as a rate.
//!
//! A pod is a server as `network::station` plays it: requests at work share its cores, each on one core at most, wait for
//! others afterwards, hold a worker all the time, and stand in a queue if no worker is free; a CPU limit is a quota for each
//! 100 ms. Here nothing is played: the number of requests that an arrival finds comes from a birth-death chain ([`chain`]), what
//! a quota costs from a random walk ([`throttle`]), and the distribution of latency from both at a fixed set of
//! quantiles ([`profile`]). Pure functions of plain values; the fluid (`workload::traffic`) asks them.
//!
//! Known deviations: see `docs/model/traffic.md`.

mod chain;
mod demand;
mod lattice;
mod laws;
mod pod;
mod profile;
mod throttle;

pub use demand::Demand;
pub use pod::PodServer;
pub use profile::{BUSIEST, LatencyProfile, QueueState};

#[cfg(test)]
mod tests;
