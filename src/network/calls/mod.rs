//! Requests that call other services while they are worked on, and requests that are tried again.
//!
//! A [`Graph`] plays all traffic entries in one order of time. Whatever is sent more than once or by a pod is a call: it
//! has attempts, each of which is a request at the service that is called.
//!
//! Mirrors what callers use in practice: retries of Envoy and Istio (fully jittered exponential back-off), the retry budget
//! of Linkerd, outlier detection and the limit of requests in flight of Envoy.

mod budget;
mod call;
mod graph;
mod outliers;
mod progress;
mod site;

pub use graph::Graph;
pub use site::{CallCounts, Rule, Site};

#[cfg(test)]
mod tests;
