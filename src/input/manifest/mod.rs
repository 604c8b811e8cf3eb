//! Kubernetes manifests and kubectl dumps to `api` objects, with API-server defaulting and validation.
//!
//! Each kind has a file with up to three functions on the plain `k8s-openapi` types, which need no file:
//! `set_defaults` (what the API server fills in), `validate` (what it would refuse) and `convert` (the typed value).
//! An object "as stored by the API server" needs `convert` alone; it complains only about values that cannot be
//! represented, such as a malformed quantity.

mod container;
mod hints;
pub mod meta;
pub mod node;
pub mod pod;
pub mod resources;
pub mod scheduling;
pub mod selector;
mod value;
pub mod volume;

pub use value::sim_time;
