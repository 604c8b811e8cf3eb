//! Kubernetes manifests and kubectl dumps to `api` objects, with API-server defaulting and validation.
//!
//! Each kind has a file with up to three functions on the plain `k8s-openapi` types, which need no file:
//! `set_defaults` (what the API server fills in), `validate` (what it would refuse) and `convert` (the typed value).
//! An object "as stored by the API server" needs `convert` alone; it complains only about values that cannot be
//! represented, such as a malformed quantity.

mod container;
pub mod daemon_set;
pub mod deployment;
mod hints;
pub mod hpa;
mod inert;
pub mod limit_range;
mod load;
pub mod meta;
pub mod namespace;
pub mod node;
pub mod pod;
pub mod pod_disruption_budget;
mod pod_validation;
pub mod priority_class;
pub mod replica_set;
pub mod resources;
mod scheduling;
pub mod selector;
pub mod service;
pub mod stateful_set;
mod storage;
mod typed;
mod validation;
mod value;
pub mod volume;
mod workload;

pub(in crate::input) use scheduling::{convert_node_affinity, convert_spread_constraints};
pub(in crate::input) use typed::{Notes as TypedNotes, read as read_typed};
pub(in crate::input) use validation::{is_label_value, is_qualified_name};

pub use load::{LoadedObject, LoadedPod, PodSource, load_objects, load_pod};
pub use pod_validation::{validate_bare_template, validate_pod, validate_template};
pub use value::sim_time;
