//! What objects count against ResourceQuotas, which quotas apply to them, and whether a request fits.
//!
//! Mirrors `pkg/quota/v1` (the evaluators of pods, claims, Services and all other kinds) and `CheckRequest` of the admission
//! plugin ResourceQuota (Kubernetes 1.36). Names of resources and words of errors are the API server's.

mod check;
mod claims;
mod names;
mod objects;
mod pods;
mod quantities;
mod services;

pub use check::{QuotaError, QuotaState, check_request};
pub use objects::{CountedObject, matches, matches_when_counted, matching_resources, usage};
pub use pods::{CountedPod, PodDeletion, constraints};
pub use quantities::Quantities;
